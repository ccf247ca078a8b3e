#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# No allocation that fails does harm: in binding a PCI device, opening it and setting its interrupts.
#
# Machines: q35
# Timeout: 300

. ./lib.sh
. ./devices.sh
. ./vfio.sh
. ./pci.sh

failslab=/sys/kernel/debug/failslab
[ -e $failslab ] || skip_all "needs CONFIG_FAILSLAB"
[ -e /proc/self/fail-nth ] || skip_all "needs CONFIG_FAULT_INJECTION"
require_host
# Also those that may wait for memory. The log has a line for each, without a stack dump.
echo N >$failslab/ignore-gfp-wait
echo 1 >$failslab/verbose

# A device without an interrupt line: when the kernel looks up where one leads, ACPI does not survive
# a failed allocation. It has a second function, in the same IOMMU group: while VFIO has that, the
# group is there.
testdev=1b36:0005
pci_devices $testdev >/tmp/before
for function in 1 0; do
	host device_add "{\"driver\":\"pci-testdev\",\"id\":\"hp$function\",\"bus\":\"rp0\",\
\"addr\":\"00.$function\",\"multifunction\":true}" >/dev/null
done
both_there() {
	[ "$(pci_devices $testdev | grep -cvxFf /tmp/before)" -eq 2 ]
}
wait_until 10 both_there || skip_all "no device with two functions could be plugged in"
# shellcheck disable=SC2046 # a word each
set -- $(pci_devices $testdev | grep -vxFf /tmp/before)
[ "$(iommu_group "$1")" = "$(iommu_group "$2")" ] || skip_all "the functions are in two groups"

load_overdrive
plan 5
check "the first function is handed over" take_pci "$1" vfio-meta
check "another function of its group is handed over" take_pci "$2" vfio-meta
check "the first function survives every failing allocation" subtest vfio-failslab pci "$1" vfio-meta
# What a probe that failed leaves behind, another driver would stumble over.
if modprobe vfio-pci; then
	check "another driver can have the function whose probes failed" take_pci "$1" vfio-pci
	return_pci "$1"
	rmmod vfio-pci
else
	skip "another driver can have the function whose probes failed" "no vfio-pci"
fi
return_pci "$1"
return_pci "$2"
unload_overdrive
check "the function is without a driver in the end" is_bound "$1" none
host device_del '{"id":"hp0"}' >/dev/null
finish
