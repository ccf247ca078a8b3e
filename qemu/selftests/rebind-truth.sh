#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What is told is what is: after a failure everything is as before, whatever the override said; what a
# user wrote is the user's; and what can't be done fails.
#
# Machines: q35 microvm virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

require_module overdrive_test
load_overdrive
device=$(any_device)
[ -n "$device" ] || skip_all "no device to play with"
other=$(pci_devices 1234:11e8 2>/dev/null | sed -n 2p)
[ -n "$other" ] || other=$(virtio_mmio_devices 4 | sed -n 2p)

# empty_bridge: a bridge that is alone in its group.
empty_bridge() {
	for dir in /sys/bus/pci/devices/*; do
		case $(cat "$dir/class" 2>/dev/null) in
		0x0604*) ;;
		*) continue ;;
		esac
		set -- "$dir"/iommu_group/devices/*
		if [ $# -eq 1 ] && [ -e "$1" ]; then
			echo "${dir##*/}"
			return
		fi
	done
}

# has_both DEVICE OVERRIDE BY
has_both() {
	is "$(get_override "$1")" "$2" && has_status "$1" by "$3"
}

bridge=$(empty_bridge)
plan $((15 + 3 * $(echo "$bridge" | wc -w)))

# The override is gone since the device was bound, as after dpdk-devbind.
rebind "$device" test-a
set_override "$device" ""
echo -5 >$knobs/probe-b
check "a rebind fails whose device has lost its override" rebind_fails EIO "$device" test-b
check "a device whose rebind failed is with its driver, and without an override" is_as "$device" test-a "(null)"
check "the state of a device that had lost its override says rolled back" has_status "$device" rebind rolled-back:-5
echo 0 >$knobs/probe-b
check "a rebind of a device to where it is touches nothing" rebind "$device" test-a
check "a device that was asked to stay is there" is_as "$device" test-a test-a

# An old driver that can't take the device back yet, and does so later.
set_override "$device" ""
rebind "$device" test-a
set_override "$device" ""
echo -5 >$knobs/probe-b
echo -517 >$knobs/probe-a
rebind_fails EIO "$device" test-b
check "an old driver that defers is told" has_status "$device" rebind deferred:-5
check "the driver core means to try again" is_deferred "$device"
echo 0 >$knobs/probe-a
echo 0 >$knobs/probe-b
# A driver that is bound has all that were deferred tried again.
rebind "$other" test-a
check "a device whose driver deferred has it in the end, and the override from before" \
	wait_until 20 is_as "$device" test-a "(null)"
rebind "$other" ""

# Whose an override is.
rebind "$device" none
set_override "$device" ""
rule mine "device=$device" driver=test-a
echo 1 >$rules/mine/apply
check "an override that a rule sets is the rule's" has_both "$device" test-a rule:mine
set_override "$device" test-a
check "an override that a user writes is the user's, if it says the same" has_both "$device" test-a user
rmdir $rules/mine
check "an override that a user writes outlives the rule" has_both "$device" test-a user
set_override "$device" ""
rule mine "device=$device" driver=test-b
echo 1 >$rules/mine/apply
check "a rule sets an override after the user cleared it" has_both "$device" test-b rule:mine
rmdir $rules/mine
check "a rule that is removed takes its override along" has_both "$device" "(null)" -

# A rule that goes away while a transaction has put its override aside.
rule mine "device=$device" driver=test-b
echo 1 >$rules/mine/apply
echo 10000 >$knobs/probe-a
rebind "$device" test-a 2>/dev/null &
wait_until 20 has_status "$device" rebind busy >/dev/null
rmdir $rules/mine
echo 5 >$knobs/probe-a
wait $!
check "a rule that has gone meanwhile has its override no more" has_both "$device" "(null)" -
echo 0 >$knobs/probe-a

# What can't be.
if [ -n "$bridge" ]; then
	file=$(of_device "$bridge" rebind_group)
	driver=$(bound_driver "$bridge")
	check "a group of a bridge can't go to a driver that is not there" \
		fails_with ENOENT "$file" no-such-driver
	check "a group of a bridge has nothing to move" fails_with ENODEV "$file" none
	check "a bridge stays when its group is refused" is "$(bound_driver "$bridge")" "$driver"
fi
rebind "$device" ""
check "the device goes back to its standard driver" has_status "$device" rebind "done"
rmmod overdrive_test
unload_overdrive
finish
