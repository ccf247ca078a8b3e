#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# No allocation that fails does harm: in moving and lending sets, and in extending buses.
#
# Machines: q35
# Timeout: 300

. ./lib.sh
. ./devices.sh
. ./vfio.sh
. ./overdrive.sh
. ./buses.sh

failslab=/sys/kernel/debug/failslab
[ -e $failslab ] || skip_all "needs CONFIG_FAILSLAB"
[ -e /proc/self/fail-nth ] || skip_all "needs CONFIG_FAULT_INJECTION"
# Also those that may wait for memory. The log has a line for each, without a stack dump.
echo N >$failslab/ignore-gfp-wait
echo 1 >$failslab/verbose

require_module overdrive_test
require_module overdrive_buses
# shellcheck disable=SC2046 # a word each
set -- $(pci_devices 1234:11e8)
[ $# -ge 2 ] || skip_all "no two devices to play with"
load_overdrive
plan 3
mark=$(log_mark)
check "sets and buses survive every failing allocation" subtest interface-failslab pci "$1" "$2"
check "the log does not take failing memory for a bad name" is "$(log_since "$mark" | grep "no driver's name")" ""
check "no bus is extended in the end" is "$(ls "$buses")" ""
unload_overdrive
rmmod overdrive_buses
rmmod overdrive_test
finish
