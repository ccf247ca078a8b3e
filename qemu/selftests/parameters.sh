#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Module parameters: the drivers' names.
#
# Machines: q35 microvm virt

. ./lib.sh
. ./devices.sh

parameters=/sys/module/overdrive/parameters

# refused PARAMETER ERRNO: the module does not load, and the log says why in one line. Some modprobes
# try twice, so it is different lines that count.
refused() {
	mark=$(log_mark)
	test "$(insmod_error overdrive "$1")" = "$2" &&
		test ! -d /sys/module/overdrive &&
		test "$(log_since "$mark" | grep -o 'overdrive: .*' | sort -u | wc -l)" -eq 1
}

plan 14

load_overdrive
check "the PCI driver's name is vfio-meta by default" test "$(cat $parameters/pci_driver)" = vfio-meta
check "the platform driver's name is vfio-platform by default" \
	test "$(cat $parameters/platform_driver)" = vfio-platform
check "the platform driver is registered under its default name" \
	test -d /sys/bus/platform/drivers/vfio-platform
check "driver names can't be changed while the module is loaded" \
	test "$(stat -c %a $parameters/pci_driver $parameters/platform_driver | sort -u)" = 444
unload_overdrive

load_overdrive pci_driver=my-pci platform_driver=my-platform
check "the platform driver can have another name" test -d /sys/bus/platform/drivers/my-platform
if [ -d /sys/bus/pci ]; then
	check "the PCI driver can have another name" test -d /sys/bus/pci/drivers/my-pci
else
	skip "the PCI driver can have another name" "no PCI"
fi
unload_overdrive
check "a platform driver with another name is gone after unloading" \
	test ! -e /sys/bus/platform/drivers/my-platform

check "an empty driver name is refused" refused pci_driver= EINVAL
check "a driver name with a slash is refused" refused platform_driver=a/b EINVAL
check "none is no driver's name" refused pci_driver=none EINVAL
check "a driver name that is not ASCII is refused" \
	refused "platform_driver=$(printf 'tr\303\244ger')" EINVAL
check "a driver name over 255 bytes is refused" \
	refused "pci_driver=$(head -c 256 /dev/zero | tr '\0' a)" EINVAL
other=$(find /sys/bus/platform/drivers -mindepth 1 -maxdepth 1 | head -n 1)
check "a driver name that another driver has is refused" \
	test "$(insmod_error overdrive "platform_driver=${other##*/}")" = EBUSY
check "modprobe finds the module by its driver's name" modprobe vfio-meta
unload_overdrive
finish
