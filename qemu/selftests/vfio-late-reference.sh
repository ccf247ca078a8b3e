#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Whoever has a reference to a VFIO device when its driver's module goes needs none of the module's code:
# the last reference to a character device goes a moment after its file was closed.
#
# Machines: q35 microvm virt

. ./lib.sh
. ./devices.sh
. ./vfio.sh
. ./pci.sh

require_module overdrive_refs
child=/sys/kernel/debug/overdrive_refs/child
load_overdrive platform_driver=vfio-meta-platform reset_required=0
allow_noiommu
edu=$(pci_devices 1234:11e8 | head -n 1)
virtio=$(virtio_mmio_devices 4 | sed -n 1p)
[ -n "$edu$virtio" ] || skip_all "neither an edu device nor a virtio-mmio one"
plan $((${edu:+3} + ${virtio:+3} + 0))

# keep_late BUS DEVICE: the device is unbound and the module gone, but for a reference to the former.
keep_late() {
	echo "$1/$2" >$child && unbind "/sys/bus/$1/devices/$2" &&
		set_override "/sys/bus/$1/devices/$2" "" && unload_overdrive
}

drop_late() {
	echo - >$child
}

if [ -n "$edu" ]; then
	check "a PCI device is bound" take_pci "$edu" vfio-meta
	check "a reference to the PCI device outlives the module" keep_late pci "$edu"
	check "the reference to the PCI device is given back afterwards" drop_late
	[ -z "$virtio" ] || load_overdrive platform_driver=vfio-meta-platform reset_required=0
fi
if [ -n "$virtio" ]; then
	check "a platform device is bound" hand_over "$virtio" vfio-meta-platform
	check "a reference to the platform device outlives the module" keep_late platform "$virtio"
	check "the reference to the platform device is given back afterwards" drop_late
	probe "/sys/bus/platform/devices/$virtio"
fi
rmmod overdrive_refs
finish
