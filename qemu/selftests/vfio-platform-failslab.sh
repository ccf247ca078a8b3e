#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# No allocation that fails does harm: in binding a device, opening it and setting its interrupts.
#
# Machines: microvm microvm-acpi virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./vfio.sh

failslab=/sys/kernel/debug/failslab
[ -e $failslab ] || skip_all "needs CONFIG_FAILSLAB"
[ -e /proc/self/fail-nth ] || skip_all "needs CONFIG_FAULT_INJECTION"
# Also those that may wait for memory. The log has a line for each, without a stack dump.
echo N >$failslab/ignore-gfp-wait
echo 1 >$failslab/verbose

load_overdrive platform_driver=vfio-meta-platform reset_required=0
allow_noiommu
plan 2

device=$(virtio_mmio_devices 4 | sed -n 1p)
check "$device is handed over before allocations fail" hand_over "$device" vfio-meta-platform
check "$device survives every failing allocation" \
	subtest vfio-failslab platform "$device" vfio-meta-platform
give_back "$device"

unload_overdrive
finish
