#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices that can't be reset are refused, unless the parameter allows them.
#
# Machines: microvm-acpi virt

. ./lib.sh
. ./devices.sh
. ./vfio.sh

parameter=/sys/module/overdrive/parameters/reset_required
# Its status register resets it.
resettable=$(virtio_mmio_devices 4 | sed -n 1p)
# Nothing does: a USB controller, the firmware's configuration.
for other in PNP0D10:00 9020000.fw-cfg; do
	[ ! -e "/sys/bus/platform/devices/$other" ] || break
done

# refused: the device stays without a driver, and one line in the log names the way out.
refused() {
	_mark=$(log_mark)
	set_override "/sys/bus/platform/devices/$other" vfio-meta-platform &&
		rebind_by_hand "/sys/bus/platform/devices/$other"
	is_bound "$other" none &&
		is "$(log_since "$_mark" | grep -c "$other: .*overdrive.reset_required=0 allows that")" 1
}

[ -n "$resettable" ] || skip_all "needs a virtio-mmio random number generator"
[ -e "/sys/bus/platform/devices/$other" ] || skip_all "needs a device without a reset"
# Two that share a reset line, where there are such: it is neither's, and no reset is required below.
shared="fff53000.dma-controller fff54002.dma-controller"
[ -e "/sys/bus/platform/devices/${shared%% *}" ] || shared=
plan $((9 + $(echo "$shared" | wc -w)))

load_overdrive platform_driver=vfio-meta-platform
allow_noiommu
standard=$(bound_driver "$other")
check "a reset of platform devices is required by default" is "$(cat $parameter)" Y
check "a platform device that can be reset is taken" hand_over "$resettable" vfio-meta-platform
check "a platform device that can't be reset is refused" refused
check "a device that can't be reset is refused when it is bound by its name" \
	fails_with ENOENT /sys/bus/platform/drivers/vfio-meta-platform/bind "$other"
give_back "$resettable"
give_back "$other"
check "a platform device that was refused is with its driver of before" is_bound "$other" "$standard"
unload_overdrive

load_overdrive platform_driver=vfio-meta-platform reset_required=0
check "no reset of platform devices is required with reset_required=0" is "$(cat $parameter)" N
check "a device that can't be reset is taken with reset_required=0" hand_over "$other" vfio-meta-platform
check "a device that can be reset is taken with reset_required=0" hand_over "$resettable" vfio-meta-platform
for device in $shared; do
	check "$device, whose reset line another device shares, is taken" \
		hand_over "$device" vfio-meta-platform
done
for device in $shared; do
	give_back "$device"
done
give_back "$resettable"
give_back "$other"
unload_overdrive

check "reset_required= is yes or no" \
	is "$(insmod_error overdrive reset_required=perhaps)" EINVAL
finish
