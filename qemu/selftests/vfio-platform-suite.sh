#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The VFIO protocol of platform devices: the same program on the same devices, under overdrive's
# driver and under the C driver.
#
# Machines: q35 microvm microvm-acpi virt
# Timeout: 120

. ./lib.sh
. ./devices.sh
. ./vfio.sh

drivers="vfio-meta-platform"
if firmware_tells && modprobe vfio-platform reset_required=0; then
	drivers="$drivers vfio-platform"
fi
load_overdrive platform_driver=vfio-meta-platform reset_required=0
allow_noiommu
if ! [ -e /sys/module/vfio/parameters/enable_unsafe_noiommu_mode ]; then
	unload_overdrive
	skip_all "this kernel's VFIO takes no devices without an IOMMU"
fi

devices="$(virtio_mmio_devices 4 | sed -n 1p) $(virtio_mmio_devices 1 | sed -n 1p)"
for device in PNP0D10:00 QEMU0002:00 fff51000.ethernet ff800000.dma-controller \
		fff53000.dma-controller fff54002.dma-controller; do
	[ ! -e "/sys/bus/platform/devices/$device" ] || devices="$devices $device"
done
# shellcheck disable=SC2086 # a word each
set -- $devices
if [ $# -eq 0 ]; then
	unload_overdrive
	skip_all "none of the devices that it knows"
fi
added=0
[ "${OVERDRIVE_MACHINE:-}" != q35 ] || added=1

# is_for DRIVER DEVICE: the C driver warns when a device with I/O ports is closed, and misaligned registers that it
# reads are an oops.
is_for() {
	case $1:$2 in
	vfio-platform:QEMU0002:00 | vfio-platform:fff54002.dma-controller) return 1 ;;
	esac
}

pairs=0
for device; do
	for driver in $drivers; do
		! is_for "$driver" "$device" || pairs=$((pairs + 1))
	done
done
plan $((pairs * 2 + added))

[ $added = 0 ] || check "the machine has a method _RST" grep -q _RST /sys/firmware/acpi/tables/SSDT*

for device; do
	for driver in $drivers; do
		is_for "$driver" "$device" || continue
		which=ours
		[ "$driver" != vfio-platform ] || which=c
		check "$device is handed to $driver" hand_over "$device" "$driver"
		check "$device keeps the protocol under $driver" \
			subtest vfio-platform-suite "$device" $which
	done
	give_back "$device"
done

[ ! -d /sys/module/vfio_platform ] || rmmod vfio-platform
unload_overdrive
finish
