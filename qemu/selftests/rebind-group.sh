#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A whole IOMMU group moves, or none of its devices.
#
# Machines: q35 virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

# The group with the most edu devices.
for edu in $(pci_devices 1234:11e8); do
	group=$(iommu_group "$edu")
	[ "$group" != none ] || continue
	members=$(ls "/sys/kernel/iommu_groups/$group/devices")
	[ "$(echo "$members" | wc -l)" -le 2 ] || break
	group=
done
[ -n "${group:-}" ] || skip_all "no group with several devices"

require_module overdrive_test
load_overdrive

endpoints=
bridges=
for member in $members; do
	case $(cat "/sys/bus/pci/devices/$member/class") in
	0x0604*) bridges="$bridges $member" ;;
	*) endpoints="$endpoints $member" ;;
	esac
done
last=${endpoints##* }

# state: of all members, in one word each.
state() {
	for member in $bridges $endpoints; do
		printf '%s=%s,%s ' "$member" "$(bound_driver "$member")" "$(get_override "$member")"
	done
}

# all_bound DRIVER
all_bound() {
	for member in $endpoints; do
		is_as "$member" "$1" "$1" || return
	done
}

plan 14
before=$(state)
bridge_state=$(for member in $bridges; do bound_driver "$member"; done)

check "one write moves all endpoints of a group" sh -c "echo test-a >'$(of_device "$edu" rebind_group)'"
check "all endpoints of a moved group have the driver" all_bound test-a
check "bridges of a moved group keep their drivers" \
	is "$(for member in $bridges; do bound_driver "$member"; done)" "$bridge_state"

# One probe of several fails.
moved=$(state)
echo 5 >$knobs/probe-b
check "a group whose probe fails is not moved" fails_with EIO "$(of_device "$edu" rebind_group)" test-b
check "a group is as it was after a probe that failed" is "$(state)" "$moved"
for member in $endpoints; do
	failed="${failed:-} $(status_of "$member" rebind)"
done
check "the state of each endpoint tells that the group was rolled back" is "$(echo "$failed" | tr ' ' '\n' | sort -u | tr -d '\n')" \
	rolled-back:-5
# The last of several fails, when all others have moved.
others=$(($(echo "$endpoints" | wc -w) - 1))
echo $((others * 1000 + 5)) >$knobs/probe-b
check "a group whose last probe fails is not moved" \
	fails_with EIO "$(of_device "$edu" rebind_group)" test-b
check "endpoints that had moved are back after the last probe failed" is "$(state)" "$moved"
check "endpoints had moved before the last probe failed" is "$(cat $knobs/probe-b)" 0
check "a rebind of a group to an unknown driver is ENOENT" \
	fails_with ENOENT "$(of_device "$edu" rebind_group)" no-such
check "a rebind of a group that is refused changes nothing" is "$(state)" "$moved"

check "an empty line gives a whole group back" sh -c "echo >'$(of_device "$last" rebind_group)'"
check "endpoints of a group that was given back have their standard drivers" is "$(state)" "$before"

alone=
for dir in /sys/bus/platform/devices/*; do
	[ -e "$dir/iommu_group" ] || alone=${dir##*/}
done
check "a rebind of the group of a device without one is refused" \
	fails_with ENODEV "$(of_device "$alone" rebind_group)" none
rmmod overdrive_test
unload_overdrive
finish
