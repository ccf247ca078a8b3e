#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A device is unplugged while a transaction of it stops in a probe or a remove: both end, and nobody else
# waits.
#
# Machines: q35
# Timeout: 600

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./collide.sh

require_host
slot=$(cat /sys/bus/pci/slots/*/address 2>/dev/null | head -n 1)
[ -n "$slot" ] || skip_all "no port for hot-plug"
require_module overdrive_test
other=$(pci_devices 1234:11e8 | head -n 1)
[ -n "$other" ] || skip_all "no edu device"

present="$(ls /sys/bus/pci/devices)"

# plug: an edu device comes to the port; prints its address.
plug() {
	host device_add '{"driver":"edu","id":"un","bus":"rp0"}' >/dev/null || return
	for _ in $(seq 200); do
		for _new in $(pci_devices 1234:11e8); do
			case $present in
			*"$_new"*) ;;
			*)
				echo "$_new"
				return
				;;
			esac
		done
		sleep 0.1
	done
	return 1
}

unplug() {
	host device_del '{"id":"un"}'
}

do_rebind() {
	write_to "$(of_device "$new" rebind)" test-b
}

do_group() {
	write_to "$(of_device "$new" rebind_group)" test-b
}

do_bind() {
	write_to /dev/overdrive "bind driver=test-b pci/$other pci/$new"
}

do_lend() {
	write_to /dev/overdrive "lend driver=test-b pci/$new"
}

do_apply() {
	write_to $rules/move/apply 1
}

# The end of a loan, which gives the device back to test-a.
do_close() {
	exec 9<>/dev/overdrive
	echo "lend driver=none pci/$new" >&9
	echo 10000 >$knobs/probe-a
	exec 9>&-
}

# meet MOVER KNOB: prints what is wrong.
meet() {
	new=$(plug) || echo "no device came"
	wait_until 20 test -e "$(of_device "$new" status)" || echo "the device has no status"
	rebind "$new" test-a
	rebind "$other" test-a
	[ "$1" != apply ] || rule move "device=$new" driver=test-b
	set_override "$new" ""
	[ "$1" = close ] || echo 10000 >"$knobs/$2"
	start mover "do_$1"
	sleep 1
	start unplug unplug
	# The button is pressed for five seconds.
	sleep 8
	# It is another device of the set that stops in the probe.
	[ "$1:$2" != bind:probe-b ] || is_over unplug || echo "the unplug waits for another device"
	timeout 10 cat "$(of_device "$other" status)" >/dev/null || echo "the state of another device can't be read"
	# A rule needs the list of devices.
	timeout 10 mkdir $rules/free && rmdir $rules/free || echo "no rule can be made"
	echo 0 >"$knobs/$2"
	all_end mover unplug || echo "a task does not end"
	wait_until 20 test ! -e "/sys/bus/pci/devices/$new" || echo "the device stays"
	[ ! -d $rules/move ] || rmdir $rules/move
	wait_until 10 is_consistent "$other" >/dev/null || echo "the state of another device lies"
	rebind "$other" "" || echo "another device can't be moved"
}

# Each takes as long as the button is pressed: all of them are for `make stress`.
probing="rebind bind lend"
removing=bind
if [ "$(stress_count 0 1)" = 1 ]; then
	probing="rebind group bind lend apply"
	removing="rebind bind lend"
fi

load_overdrive
# shellcheck disable=SC2086 # lists
plan $(($(echo $probing $removing | wc -w) + 2))
for mover in $probing; do
	check "$mover that stops in a probe, and an unplug of the device, both end" is "$(meet "$mover" probe-b 2>&1 | tr '\n' ';')" ""
done
for mover in $removing; do
	check "$mover that stops in a remove, and an unplug of the device, both end" is "$(meet "$mover" remove-a 2>&1 | tr '\n' ';')" ""
done
check "the end of a loan that stops in a probe, and an unplug of the device, both end" \
	is "$(meet close probe-a 2>&1 | tr '\n' ';')" ""

# A loan of a device that goes is over.
new=$(plug)
wait_until 20 test -e "$(of_device "$new" status)"
exec 8<>/dev/overdrive
echo "lend driver=test-b pci/$new" >&8
unplug
exec 8>&-
check "the module can be unloaded after a lent device was unplugged" wait_until 20 rmmod overdrive
rmmod overdrive_test
finish
