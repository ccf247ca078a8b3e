#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A driver in userspace makes edu devices do all they can: under overdrive's edu variant, under
# vfio-pci, through groups and through character devices.
#
# Machines: q35 virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./vfio.sh
. ./pci.sh

edu=$(pci_devices 1234:11e8 | head -n 1)
[ -n "$edu" ] || skip_all "no edu device"
load_overdrive
drivers="vfio-meta"
modprobe vfio-pci && drivers="$drivers vfio-pci"
# shellcheck disable=SC2086 # a word each
set -- $drivers
plan $(($# * 3))

for driver; do
	case $driver in
	vfio-meta) kind=variant ;;
	*) kind=plain ;;
	esac
	check "$driver has edu" take_pci "$edu" "$driver"
	for mode in group cdev; do
		if [ $mode = cdev ] && [ ! -c /dev/iommu ]; then
			skip "edu does all it can under $driver, by its $mode" "the kernel has no iommufd"
			continue
		fi
		check "edu does all it can under $driver, by its $mode" subtest overdrive-edu "$edu" $mode $kind
	done
done

return_pci "$edu" || comment "edu stays bound"
[ $# -eq 1 ] || rmmod vfio-pci
unload_overdrive
finish
