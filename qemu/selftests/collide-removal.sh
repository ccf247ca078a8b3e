#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A device of a group goes away while the group is moved, and a driver that registers with the bus's
# notifier chain is probed: nobody waits for who waits for it.
#
# Machines: q35
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./collide.sh

# Two endpoints of one group.
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
[ -e "/sys/bus/pci/devices/$pf/sriov_numvfs" ] || skip_all "no physical function"

require_module overdrive_test
load_overdrive
plan 12

# What is removed is not what is being probed: that one's removal waits for the probe, as it always does.
for gone in "$first" "$second"; do
	other=$first
	which="the second"
	stop=10000
	if [ "$gone" = "$first" ]; then
		other=$second
		which="the first"
		# One probe succeeds.
		stop=11000
	fi
	write_to "$(of_device "$first" rebind_group)" none
	echo $stop >$knobs/probe-b
	start group write_to "$(of_device "$first" rebind_group)" test-b
	wait_until 20 has_status "$second" rebind busy >/dev/null
	sleep 0.5
	start remove write_to "/sys/bus/pci/devices/$gone/remove" 1
	sleep 0.5
	start pf write_to "$(of_device "$pf" rebind)" vfio-meta
	sleep 1
	check "a physical function is probed while $which of a group goes" ends pf
	check "the writer does not wait for $which that is gone" ends group
	echo 0 >$knobs/probe-b
	check "the move, the removal of $which and the probe end" all_end group remove pf
	check "when $which is gone the other one is as its status says" wait_until 20 is_consistent "$other"
	rebind "$pf" ""
	echo 1 >/sys/bus/pci/rescan
	wait_until 20 test -e "/sys/bus/pci/devices/$gone"
	check "$which that is added again is as its status says" is_consistent "$gone"
	# All of the group, also what is neither of the two.
	write_to "$(of_device "$first" rebind_group)" ""
	check "after $which was gone, the physical function is back with nvme" is_bound "$pf" nvme
done

rmmod overdrive_test
unload_overdrive
finish
