#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A device that is hot-added to an IOMMU group: it follows the group's driver, above all when
# userspace owns the group, or is kept from any driver.
#
# Machines: q35 virt
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

# A group of several endpoints; one of them is the newcomer.
for new in $(pci_devices 1234:11e8); do
	group=$(iommu_group "$new")
	[ "$group" != none ] || continue
	others=
	for member in "/sys/kernel/iommu_groups/$group/devices"/*; do
		member=${member##*/}
		case $(cat "/sys/bus/pci/devices/$member/class") in
		0x0604*) ;;
		*) [ "$member" = "$new" ] || others="$others $member" ;;
		esac
	done
	[ "$(echo "$others" | wc -w)" -lt 2 ] || break
done
[ "$(echo "${others:-}" | wc -w)" -ge 2 ] || skip_all "no group with three devices"

require_module overdrive_test
require_module vfio-pci
load_overdrive

# come_back: removes the newcomer and finds it again.
come_back() {
	echo 1 >"/sys/bus/pci/devices/$new/remove" || return
	[ ! -e "/sys/bus/pci/devices/$new" ] || return
	echo 1 >/sys/bus/pci/rescan
}

# others_have DRIVER: all others of the group.
others_have() {
	for _other in $others; do
		is_bound "$_other" "$1" || return
	done
}

# rebind_all DRIVER: the whole group.
rebind_all() {
	echo "$1" >"$(of_device "$new" rebind_group)"
}

# rebind_others DRIVER
rebind_others() {
	for _other in $others; do
		rebind "$_other" "$1" || return
	done
}

plan 20

# Any driver.
check "a rule with @group is accepted" rule follow "device=$new" driver=@group
check "a whole group is given to one driver" rebind_all test-a
check "the others of the group have that driver" others_have test-a
check "a newcomer to a group with one driver is found" come_back
check "a newcomer gets the driver that the whole group has" is_as "$new" test-a test-a
check "one of the group is given to another driver" rebind "${others##* }" test-b
check "a newcomer to a group with several drivers is found" come_back
check "a newcomer gets no driver if the group has several" is_as "$new" none none
check "the others of the group lose their drivers" rebind_others none
check "a newcomer to a group without drivers is found" come_back
check "a newcomer gets no driver if the group has none" is_as "$new" none none
rmdir $rules/follow

# A driver of the kernel has a device of the group: userspace can't.
for other in $others; do
	rebind "$other" ""
done
hosts=
for other in $others; do
	[ "$(bound_driver "$other")" = none ] || hosts=$other
done
if [ -n "$hosts" ]; then
	rule guard group_owned=1 bus=pci driver=none
	come_back
	check "a group that the kernel uses is not userspace's" is "$(get_override "$new")" "(null)"
	rmdir $rules/guard
else
	skip "a group that the kernel uses is not userspace's" "the kernel has no driver for it"
fi
for other in $others; do
	rebind "$other" none
done

# Userspace owns the group.
check "a rule for groups that userspace owns is accepted" rule guard group_owned=1 bus=pci driver=@group
rebind_all vfio-pci
come_back
check "a newcomer is left alone if nobody owns the group" is "$(get_override "$new")" "(null)"
rebind "$new" vfio-pci

mkfifo /tmp/owner
overdrive-own-group "$group" </tmp/owner >/tmp/owned &
owner=$!
exec 5>/tmp/owner
check "a process owns the group" wait_until 20 grep -qx owned /tmp/owned
come_back
check "a newcomer to a group that userspace owns gets the group's driver" \
	is_as "$new" vfio-pci vfio-pci
rmdir $rules/guard
check "a rule that keeps newcomers off owned groups is accepted" \
	rule guard group_owned=1 bus=pci driver=none
come_back
check "a newcomer to a group that userspace owns can be kept from any driver" is_as "$new" none none
check "the owner of the group was not disturbed" kill -0 $owner
exec 5>&-
check "the owner of the group ends well" wait $owner
rmdir $rules/guard
for device in $new $others; do
	rebind "$device" ""
done
rmmod overdrive_test
unload_overdrive
finish
