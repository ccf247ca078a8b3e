#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# No allocation that fails while the module is loaded does harm. A boot of its own, without KUnit: its tests
# run when a module was loaded.
#
# Machines: microvm
# Append: kunit.enable=0
# Timeout: 300

. ./lib.sh
. ./devices.sh
. ./vfio.sh
. ./overdrive.sh

failslab=/sys/kernel/debug/failslab
[ -e $failslab ] || skip_all "needs CONFIG_FAILSLAB"
[ -e /proc/self/fail-nth ] || skip_all "needs CONFIG_FAULT_INJECTION"
# Also those that may wait for memory. The log has a line for each, without a stack dump.
echo N >$failslab/ignore-gfp-wait
echo 1 >$failslab/verbose

# What it needs is there, and its file is known.
load_overdrive
file=$(find "/lib/modules/$(uname -r)" -name overdrive.ko)
device=$(any_device)
taken=$(bound_driver "$device")
unload_overdrive
plan 2
check "the module survives every failing allocation of its start" subtest load-failslab "$(stress_count 11 1)" "$file" \
	"rules=name=x,bus=platform,device=$device,driver=none;bad slots=(no-such) buses=virtio,no-such:all" \
	pci_driver=none "platform_driver=$taken"
check "the module loads after all that failed" modprobe overdrive
unload_overdrive
finish
