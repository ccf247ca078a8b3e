#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# overdrive as a part of the kernel, on a machine without PCI: a rule on the kernel command line comes before the
# driver of platform devices that is built in.
#
# Machines: microvm
# Flavors: built-in
# Append: overdrive.rules=name=early,bus=platform,device=virtio-mmio.0,driver=none vfio.enable_unsafe_noiommu_mode=1 overdrive.platform_driver=vfio-meta-platform overdrive.reset_required=0 overdrive.rules=device=virtio-mmio.1,driver=vfio-meta-platform kprobe_event=p:probes/virtio_mmio_probe,virtio_mmio_probe

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

all=$(find /sys/bus/platform/devices/ -name 'virtio-mmio.*' | wc -l)
kept=$(find /sys/bus/platform/devices/ -name 'virtio-mmio.[01]' | wc -l)
[ "$kept" -eq 2 ] || skip_all "no two devices virtio-mmio.0 and virtio-mmio.1"
plan 6

check "overdrive is a part of the kernel that has no PCI" is_built_in
check "no driver has a platform device that a rule keeps for nobody" is_as virtio-mmio.0 none none
check "a platform device has the VFIO driver that its rule names" is_as virtio-mmio.1 vfio-meta-platform vfio-meta-platform
check "the driver of platform devices has probed the others only" is "$(probes virtio_mmio_probe)" $((all - kept))
rebind virtio-mmio.1 ""
check "the driver of platform devices probes a device that it may have" is "$(probes virtio_mmio_probe)" $((all - kept + 1))
check "a platform device works with its standard driver" is_as virtio-mmio.1 virtio-mmio "(null)"
finish
