#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Module parameters: the drivers' names.

. "$(dirname "$0")/lib.sh"

parameters=/sys/module/overdrive/parameters

# refused PARAMETER ERRNO: the module does not load, and the log says why in one line.
refused() {
	mark=$(kmsg_mark)
	test "$(insmod_error overdrive "$1")" = "$2" &&
		test ! -d /sys/module/overdrive &&
		test "$(kmsg_since "$mark" | grep -c 'overdrive: ')" -eq 1
}

ktap_print_header
ktap_set_plan 14

load_overdrive
ktap_test_result "default PCI driver name" test "$(cat $parameters/pci_driver)" = vfio-meta
ktap_test_result "default platform driver name" \
	test "$(cat $parameters/platform_driver)" = vfio-platform
ktap_test_result "the platform driver is registered" test -d /sys/bus/platform/drivers/vfio-platform
ktap_test_result "the parameters can't be written" \
	test "$(stat -c %a $parameters/pci_driver $parameters/platform_driver | sort -u)" = 444
unload_overdrive

load_overdrive pci_driver=my-pci platform_driver=my-platform
ktap_test_result "a platform driver name of one's own" test -d /sys/bus/platform/drivers/my-platform
if [ -d /sys/bus/pci ]; then
	ktap_test_result "a PCI driver name of one's own" test -d /sys/bus/pci/drivers/my-pci
else
	ktap_test_skip "a PCI driver name of one's own (no PCI)"
fi
unload_overdrive
ktap_test_result "unloading unregisters it" test ! -e /sys/bus/platform/drivers/my-platform

ktap_test_result "an empty name is refused" refused pci_driver= EINVAL
ktap_test_result "a name with a slash is refused" refused platform_driver=a/b EINVAL
ktap_test_result "none is no driver's name" refused pci_driver=none EINVAL
ktap_test_result "a name that is not ASCII is refused" \
	refused "platform_driver=$(printf 'tr\303\244ger')" EINVAL
ktap_test_result "a name over 255 bytes is refused" \
	refused "pci_driver=$(head -c 256 /dev/zero | tr '\0' a)" EINVAL
ktap_test_result "a name that another driver has is refused" \
	test "$(insmod_error overdrive platform_driver=virtio-mmio)" = EBUSY
ktap_test_result "modprobe finds the module by its driver's name" modprobe vfio-meta
unload_overdrive
ktap_finished
