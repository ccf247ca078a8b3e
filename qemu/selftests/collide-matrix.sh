#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Whatever moves devices, against whatever else happens to them: one of each kind stops in a driver's
# probe or remove while one of the other kind begins. Both have to end, and what the state says afterwards
# has to be true.
#
# What does not appear here has tests of its own: an unplug, which takes a port for hot-plug (collide-unplug;
# QEMU presses the button of a PCI slot, and collide-usb pulls a stick without asking), suspend, which takes a
# kernel of a distribution (suspend), and shutdown, which ends all (shutdown).
#
# Machines: q35
# Timeout: 1800

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./collide.sh

# Two endpoints of one group, and one of another.
for first in $(pci_devices 1234:11e8); do
	second=
	[ "$(iommu_group "$first")" != none ] || continue
	for dir in "/sys/bus/pci/devices/$first/iommu_group/devices"/*; do
		case ${dir##*/}:$(cat "$dir/vendor") in
		"$first":*) ;;
		*:0x1234) second=${dir##*/} ;;
		esac
	done
	[ -z "$second" ] || break
done
[ -n "${second:-}" ] || skip_all "no group with two of them"
pf=$(pci_devices 1b36:0010 | head -n 1)
numvfs=/sys/bus/pci/devices/$pf/sriov_numvfs
[ -e "$numvfs" ] || skip_all "no physical function"
buses=/sys/kernel/config/overdrive-buses
require_module overdrive_test
load_overdrive

# What moves. Each stops on the first device, in the probe of test-b or in the remove of test-a.
movers="rebind group bind lend apply close"
# What else happens, and what it is done to. What must not wait for a driver that stops is in "free".
others="rebind group bind lend apply unrule override unbind kernel_bind remove remove_other rescan sriov
	bus_add bus_del status kill unload_target unload"
free="unrule override remove_other sriov bus_add bus_del status kill unload"

of_pci() {
	echo "/sys/bus/pci/devices/$1"
}

do_rebind() {
	write_to "$(of_device "$first" rebind)" test-b
}

do_group() {
	write_to "$(of_device "$first" rebind_group)" test-b
}

do_bind() {
	write_to /dev/overdrive "bind driver=test-b pci/$first pci/$second"
}

# A loan that ends as soon as it is there.
do_lend() {
	write_to /dev/overdrive "lend driver=test-b pci/$first"
}

# The end of a loan, which gives the first device back to test-a.
do_close() {
	exec 9<>/dev/overdrive
	echo "lend driver=none pci/$first" >&9
	echo "$stop" >$knobs/probe-a
	exec 9>&-
	while [ -e "$(of_device "$first" status)" ] && [ "$(status_of "$first" lent)" != no ]; do
		sleep 0.1
	done
}

do_apply() {
	write_to $rules/move/apply 1
}

do_unrule() {
	rmdir $rules/spare
}

do_override() {
	set_override "$first" test-a
}

do_unbind() {
	write_to /sys/bus/pci/drivers/test-b/unbind "$first"
}

do_kernel_bind() {
	write_to /sys/bus/pci/drivers/test-b/bind "$second"
}

do_remove() {
	write_to "$(of_pci "$first")/remove" 1
}

do_remove_other() {
	write_to "$(of_pci "$second")/remove" 1
}

do_rescan() {
	write_to /sys/bus/pci/rescan 1
}

do_sriov() {
	write_to "$numvfs" 2 && write_to "$numvfs" 0
}

do_bus_add() {
	mkdir $buses/virtio
}

do_bus_del() {
	rmdir $buses/pnp
}

do_status() {
	cat "$(of_device "$first" status)"
}

# A writer that is killed leaves at once.
do_kill() {
	echo test-b >"$(of_device "$first" rebind)" &
	_writer=$!
	sleep 0.1
	kill -9 $_writer
	wait $_writer
	return 0
}

do_unload_target() {
	rmmod overdrive_test
}

# It is refused while somebody moves a device.
do_unload() {
	! rmmod overdrive
}

# before: the state in which each pair meets: both devices with test-a, a rule that could move the first.
before() {
	for _knob in probe-a probe-b remove-a remove-b; do
		echo 0 >$knobs/$_knob
	done
	[ -d $rules/move ] || rule move "device=$first" driver=test-b
	[ -d $rules/spare ] || rule spare device=no-such driver=test-b
	[ -d $buses/pnp ] || mkdir $buses/pnp
	[ ! -d $buses/virtio ] || rmdir $buses/virtio
	set_override "$first" "" && set_override "$second" "" &&
		rebind "$first" none && rebind "$second" none &&
		write_to /dev/overdrive "bind driver=test-a pci/$first pci/$second" &&
		set_override "$first" ""
}

# after: all is there again.
after() {
	for _knob in probe-a probe-b remove-a remove-b; do
		[ ! -e $knobs/$_knob ] || echo 0 >$knobs/$_knob
	done
	[ -d /sys/module/overdrive_test ] || modprobe overdrive_test
	[ -d /sys/module/overdrive ] || modprobe overdrive
	if [ ! -e "$(of_pci "$first")" ] || [ ! -e "$(of_pci "$second")" ]; then
		do_rescan
	fi
	wait_until 20 test -e "$(of_device "$first" status)" &&
		wait_until 20 test -e "$(of_device "$second" status)"
}

# meet MOVER WHERE OTHER: prints what is wrong.
meet() {
	before 2>/dev/null || echo "can't begin"
	stop=10000
	case $1:$2 in
	close:probe) ;;
	*:probe) echo 10000 >$knobs/probe-b ;;
	*:remove) echo 10000 >$knobs/remove-a ;;
	esac
	start mover "do_$1"
	if [ "$1" = close ]; then
		wait_until 5 has_status "$first" lent returning >/dev/null || echo "did not begin"
	else
		wait_until 5 has_status "$first" rebind busy >/dev/null || echo "did not begin"
	fi
	sleep 0.1
	start other "do_$3"
	for _free in $free; do
		[ "$_free" = "$3" ] || continue
		# The other one is with a driver that stops as well.
		[ "$2:$3" != remove:remove_other ] || continue
		wait_until 10 is_over other || echo "$3 waits"
	done
	sleep 0.1
	for _knob in probe-a probe-b remove-a remove-b; do
		[ ! -e $knobs/$_knob ] || echo 0 >$knobs/$_knob
	done
	all_end mover other || echo "a task does not end"
	after || echo "the devices do not come back"
	for _device in "$first" "$second"; do
		wait_until 10 is_consistent "$_device" >/dev/null || echo "the state lies: $(is_consistent "$_device")"
	done
}

# In the guest's ordinary test, every second one.
count=0
# shellcheck disable=SC2086 # lists
set -- $others
plan $(($(echo "$movers" | wc -w) * $#))
for mover in $movers; do
	for other; do
		count=$((count + 1))
		wheres="probe remove"
		if [ "$mover" = close ]; then
			wheres=probe
		elif [ "$(stress_count 0 1)" = 0 ]; then
			wheres=$([ $((count % 2)) = 0 ] && echo probe || echo remove)
		fi
		wrong=
		for where in $wheres; do
			wrong="$wrong$(meet "$mover" "$where" "$other" | grep -v '^# is ' | tr '\n' ';')"
		done
		check "$mover that stops in $wheres meets $other, and both end" is "$wrong" ""
	done
done

before 2>/dev/null
rmdir $rules/move $rules/spare $buses/pnp
# All of the group, also what is neither of the two.
write_to "$(of_device "$first" rebind_group)" ""
rmmod overdrive_test
unload_overdrive
finish
