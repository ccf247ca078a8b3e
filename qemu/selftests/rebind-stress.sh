#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Writers that rebind random devices to random drivers, while rules change and devices come and go.
#
# Machines: q35 microvm virt
# Timeout: 3600

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

writers=4
rebinds=$(stress_count 25 2500)

require_module overdrive_test
load_overdrive
devices="$(pci_devices 1234:11e8 2>/dev/null) $(virtio_mmio_devices 4)"
# shellcheck disable=SC2086 # a list
set -- $devices
[ $# -gt 0 ] || skip_all "no device to play with"

# Some probes fail, once each.
echo 5 >$knobs/probe-a

# random BELOW: advances a writer's own sequence.
random() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	number=$((seed / 65536 % $1))
}

# write_randomly SEED DEVICE...
write_randomly() {
	seed=$1
	shift
	for _ in $(seq "$rebinds"); do
		random $#
		eval "target=\${$((number + 1))}"
		random 5
		case $number in
		0) driver=test-a ;;
		1) driver=test-b ;;
		2) driver=none ;;
		3) driver= ;;
		*)
			driver=vfio-platform
			# shellcheck disable=SC2154 # eval above sets it
			[ ! -e "/sys/bus/pci/devices/$target" ] || driver=vfio-meta
			;;
		esac
		random 8
		[ $number -ne 0 ] || echo 12 >$knobs/probe-b
		random 6
		kind=rebind
		[ $number -ne 0 ] || kind=rebind_group
		echo "$driver" >"$(of_device "$target" $kind)" && echo good || echo bad
	done 2>/dev/null
}

for writer in $(seq $writers); do
	write_randomly "$writer" "$@" >"/tmp/writer$writer" &
	pids="${pids:-} $!"
done

# Rules and devices change underneath until the writers are done.
while :; do
	rule r1 "device=$1" driver=test-a
	rule r2 "modalias=*" "parent=no-such" driver=none
	echo 1 >$rules/r1/apply 2>/dev/null
	rmdir $rules/r1 $rules/r2
done 2>/dev/null &
changer=$!
plugger=
if [ -c "$HOST_PORT" ] && [ -d /sys/bus/pci/slots ]; then
	while :; do
		host device_add '{"driver":"edu","id":"st","bus":"rp0"}' >/dev/null
		sleep 0.3
		host device_del '{"id":"st"}' >/dev/null
	done 2>/dev/null &
	plugger=$!
fi

# shellcheck disable=SC2086 # a list
wait $pids
for child in $changer $plugger; do
	kill "$child"
	wait "$child" 2>/dev/null
done
host device_del '{"id":"st"}' >/dev/null 2>&1
# shellcheck disable=SC2046,SC2012 # names of our own
[ -z "$(ls $rules)" ] || rmdir $rules/*

plan 4
check "all writes came back" is "$(cat /tmp/writer* | wc -l)" $((writers * rebinds))
comment "$(cat /tmp/writer* | sort | uniq -c | tr '\n' ' ')"
check "some succeeded" grep -q good /tmp/writer1
for device; do
	override=$(get_override "$device")
	is_as "$device" "$(bound_driver "$device")" "$override" || bad="${bad:-} $device"
	case $(status_of "$device" rebind):$(bound_driver "$device") in
	busy:* | stranded:*:[!n]*) bad="${bad:-} $device:$(status_of "$device" rebind)" ;;
	esac
done
check "no device is in another state than its status says" is "${bad:-}" ""
echo 0 >$knobs/probe-a
echo 0 >$knobs/probe-b
for device; do
	rebind "$device" "" || stuck="${stuck:-} $device"
done
check "every device goes back to its standard driver" is "${stuck:-}" ""
rmmod overdrive_test
unload_overdrive
finish
