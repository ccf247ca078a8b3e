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
	[ -z "$others" ] || break
done
[ -n "${others:-}" ] || skip_all "no group with several devices"

require_module overdrive_test
load_overdrive

# come_back: removes the newcomer and finds it again.
come_back() {
	echo 1 >"/sys/bus/pci/devices/$new/remove"
	echo 1 >/sys/bus/pci/rescan
}

plan 7

# Any driver.
rule follow "device=$new" driver=@group
echo test-a >"$(of_device "$new" rebind_group)"
come_back
check "a newcomer gets the driver that the others have" is_as "$new" test-a test-a
for other in $others; do
	rebind "$other" test-b
	break
done
come_back
if [ "$(echo "$others" | wc -w)" -gt 1 ]; then
	check "none if they have several" is_as "$new" none none
else
	skip "none if they have several" "there is one other device"
fi
for other in $others; do
	rebind "$other" none
done
come_back
check "none if they have none" is_as "$new" none none
rmdir $rules/follow

# Userspace owns the group.
if ! command -v overdrive-own-group >/dev/null || ! modprobe vfio-pci; then
	for name in "a group that nobody owns" "one that userspace owns" "to keep a newcomer off" \
		"the owner stays"; do
		skip "$name" "no vfio-pci, or nobody to own the group"
	done
	finish
fi
rule guard group_owned=1 bus=pci driver=@group
echo vfio-pci >"$(of_device "$new" rebind_group)"
come_back
check "a group that nobody owns is not guarded" is "$(get_override "$new")" "(null)"
rebind "$new" vfio-pci

mkfifo /tmp/owner
overdrive-own-group "$group" </tmp/owner &
owner=$!
exec 5>/tmp/owner
sleep 2
come_back
check "a newcomer to a group that userspace owns gets the group's driver" \
	is_as "$new" vfio-pci vfio-pci
rmdir $rules/guard
rule guard group_owned=1 bus=pci driver=none
come_back
check "or is kept from any" is_as "$new" none none
check "the owner stays" kill -0 $owner
exec 5>&-
wait $owner
rmdir $rules/guard
for device in $new $others; do
	rebind "$device" ""
done
rmmod overdrive_test
unload_overdrive
finish
