#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Writers that move random devices, and random sets of them, to random drivers, for good or on loan, while rules
# change and devices come and go.
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
allow_noiommu
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

# random_set DEVICE...: sets $set to some of the devices, in one of their orders.
random_set() {
	random $#
	_skip=$number
	random $#
	_left=$((number + 1))
	set -- "$@" "$@"
	shift "$_skip"
	set=
	while [ $_left -gt 0 ]; do
		set="$set $(bus_of "$1")/$1"
		_left=$((_left - 1))
		shift
	done
}

# bus_of DEVICE
bus_of() {
	if [ -e "/sys/bus/pci/devices/$1" ]; then
		echo pci
	else
		echo platform
	fi
}

# write_randomly SEED DEVICE...: prints a line for each write, "KIND good" or "KIND ERRNO".
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
		random 8
		case $number in
		0)
			kind=rebind_group
			file=$(of_device "$target" $kind)
			line=$driver
			;;
		1 | 2 | 3)
			kind=bind
			# A loan is over as soon as it is there.
			[ $number -ne 3 ] || kind=lend
			file=/dev/overdrive
			random_set "$@"
			line="$kind driver=${driver:-standard}$set"
			;;
		*)
			kind=rebind
			file=$(of_device "$target" $kind)
			line=$driver
			;;
		esac
		error=$(echo "$line" 2>&1 >"$file" | errno_name)
		echo "$kind ${error:-good}"
	done
}

# more COUNT: the writers are not done, or nothing has changed since they began, which a busy machine is given time for.
more() {
	[ ! -e /tmp/stop ] || { [ "$1" -eq 0 ] && [ "$(uptime_s)" -lt "$last" ]; }
}

uptime_s() {
	sed 's/[. ].*//' /proc/uptime
}

# change_rules DEVICE: while there are more to make; prints how often.
change_rules() {
	_changes=0
	while more $_changes; do
		rule r1 "device=$1" driver=test-a
		rule r2 "modalias=*" "parent=no-such" driver=none
		echo 1 >$rules/r1/apply
		rmdir $rules/r1 && rmdir $rules/r2 && _changes=$((_changes + 1))
	done 2>/dev/null
	echo $_changes
}

# plug: while there are more to make; prints how often.
plug() {
	_plugs=0
	while more $_plugs; do
		host device_add '{"driver":"edu","id":"st","bus":"rp0"}'
		host device_del '{"id":"st"}' && _plugs=$((_plugs + 1))
	done >/dev/null 2>&1
	echo $_plugs >&3
}

# Rules and devices change underneath, from before the writers begin until they are done.
rm -f /tmp/stop
last=$(($(uptime_s) + 900))
change_rules "$1" >/tmp/changes &
changer=$!
can_plug=0
[ ! -c "$HOST_PORT" ] || [ -z "$(ls /sys/bus/pci/slots 2>/dev/null)" ] || can_plug=1
if [ $can_plug = 1 ]; then
	plug 3>/tmp/plugs &
	plugger=$!
fi
for writer in $(seq $writers); do
	write_randomly "$writer" "$@" >"/tmp/writer$writer" &
	pids="${pids:-} $!"
done
# shellcheck disable=SC2086 # a list
wait $pids
touch /tmp/stop
# shellcheck disable=SC2086 # there may be none
wait $changer ${plugger:-}
rm /tmp/stop

# good_of WRITER: how many of its writes succeeded.
good_of() {
	grep -c ' good$' "/tmp/writer$1"
}

plan $((6 + writers + can_plug))
check "all random writes came back" is "$(cat /tmp/writer* | wc -l)" $((writers * rebinds))
comment "$(cat /tmp/writer* | sort | uniq -c | tr '\n' ' ')"
for writer in $(seq $writers); do
	check "a quarter of the random writes of writer $writer succeeds" \
		test "$(good_of "$writer")" -ge $((rebinds / 4))
done
# The test drivers fail with EIO and ENOMEM; a group that is none, or depends on another device, is refused.
check "no random write fails with an unexpected error" \
	is "$(cat /tmp/writer* | grep -vE ' (good|EIO|ENOMEM|ENODEV|EBUSY|EINVAL)$' | sort -u)" ""
check "rules were made and removed during the random writes" test "$(cat /tmp/changes)" -gt 0
[ $can_plug = 0 ] ||
	check "devices came and went during the random writes" test "$(cat /tmp/plugs)" -gt 0
for device; do
	override=$(get_override "$device")
	is_as "$device" "$(bound_driver "$device")" "$override" || bad="${bad:-} $device"
	case $(status_of "$device" rebind):$(bound_driver "$device") in
	busy:* | stranded:*:[!n]*) bad="${bad:-} $device:$(status_of "$device" rebind)" ;;
	esac
done
check "no device is in another state than its status says after random writes" is "${bad:-}" ""
echo 0 >$knobs/probe-a
echo 0 >$knobs/probe-b
for device; do
	rebind "$device" "" || stuck="${stuck:-} $device"
done
check "every device goes back to its standard driver after random writes" is "${stuck:-}" ""
check "no rule is left after random writes" is "$(ls $rules)" ""
rmmod overdrive_test
unload_overdrive
finish
