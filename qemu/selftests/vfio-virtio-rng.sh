#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A complete driver in userspace: random numbers of a virtio device by its registers, a virtqueue and
# interrupts. The kernel's driver works afterwards.
#
# Machines: microvm microvm-acpi virt
# Timeout: 120

. ./lib.sh
. ./devices.sh
. ./vfio.sh

device=$(virtio_mmio_devices 4 | sed -n 2p)
[ -n "$device" ] || skip_all "needs two virtio-mmio random number generators"

load_overdrive platform_driver=vfio-meta-platform
allow_noiommu
# Pages that the device writes to must stay where they are.
[ ! -e /proc/sys/vm/compact_unevictable_allowed ] ||
	echo 0 >/proc/sys/vm/compact_unevictable_allowed
# The C driver takes no device that no firmware describes.
peer=0
if firmware_tells && modprobe vfio-platform reset_required=0 && hand_over "$device" vfio-platform; then
	peer=1
fi
plan $((5 + peer))

# random_numbers BYTES: the driver's account of them, as comments.
random_numbers() {
	virtio-rng-vfio "$device" "$1"
}

# gives_numbers: the kernel can take random numbers from every device.
gives_numbers() {
	for name in $(tr ' ' '\n' </sys/class/misc/hw_random/rng_available); do
		[ "$name" != none ] || continue
		echo "$name" >/sys/class/misc/hw_random/rng_current
		[ "$(dd if=/dev/hwrng bs=64 count=1 2>/dev/null | wc -c)" -eq 64 ] || return 1
	done
}

check "$device is handed over to a program" hand_over "$device" vfio-meta-platform
check "1 MiB of random bytes comes by interrupts" random_numbers 1048576
check "random bytes come when the program is run again" random_numbers 65536

if [ $peer = 1 ]; then
	hand_over "$device" vfio-platform
	check "1 MiB of random bytes comes under the C driver" random_numbers 1048576
fi

give_back "$device"
check "the generator is with its standard driver in the end" \
	is_bound "/sys/bus/platform/devices/$device" virtio-mmio
check "the kernel gets its random numbers in the end" gives_numbers

[ ! -d /sys/module/vfio_platform ] || rmmod vfio-platform
unload_overdrive
finish
