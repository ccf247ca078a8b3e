#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# No allocation that fails does harm: in making rules, putting them in force and applying them.
#
# Machines: q35
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

require_module overdrive_test
device=$(any_device)
[ -n "$device" ] || skip_all "no device to play with"
load_overdrive
plan 2
rebind "$device" ""
standard=$(bound_driver "$device")
check "rules survive every failing allocation" subtest rules-failslab pci "$device" "$standard" test-a
unload_overdrive
check "the device has the driver from before in the end" is_bound "$device" "$standard"
rmmod overdrive_test
finish
