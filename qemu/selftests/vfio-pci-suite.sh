#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What the kernel's own VFIO selftests leave out of the protocol of PCI devices, and what becomes of
# users whose device is unbound, under overdrive's driver and under vfio-pci.
#
# Machines: q35 virt
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./vfio.sh
. ./pci.sh

# The last one is behind a bridge, together with others: what a hot reset needs.
edu=$(pci_devices 1234:11e8 | tail -n 1)
nvme=$(pci_devices 1b36:0010 | head -n 1)
[ -n "$edu" ] || skip_all "no edu device"
group=$(group_of "$edu")

# take_group DRIVER: the edu device and the others of its group are bound to DRIVER.
take_group() {
	for device in $group; do
		take_pci "$device" "$1" || return
	done
}

load_overdrive
drivers="vfio-meta"
modprobe vfio-pci && drivers="$drivers vfio-pci"
count=$(stress_count 10 1000)
# shellcheck disable=SC2086 # a word each
set -- $drivers
# Each driver has the nvme device as well, where there is one.
plan $(($# * (4 + $(echo "$nvme" | wc -w))))

for driver; do
	module=overdrive
	[ "$driver" = vfio-meta ] || module=vfio_pci
	check "$driver has edu and its group" take_group "$driver"
	check "edu keeps the protocol under $driver" subtest vfio-pci-suite "$edu"
	check "edu is asked for while $driver has it" subtest vfio-revoke pci "$edu" "$driver" $module
	check "edu survives $count races under $driver" vfio-race pci "$edu" "$driver" "$count"
	for device in $group; do
		return_pci "$device"
	done

	# PCI Express, which reports errors.
	[ -n "$nvme" ] || continue
	take_pci "$nvme" "$driver"
	check "nvme keeps the protocol under $driver" subtest vfio-pci-suite "$nvme"
	return_pci "$nvme"
done

[ $# -eq 1 ] || rmmod vfio-pci
unload_overdrive
finish
