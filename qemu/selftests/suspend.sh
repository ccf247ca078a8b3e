#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A machine that goes to sleep: what moves has ten seconds, nothing begins, and all goes on afterwards. The
# machine is woken by the kernel's own test of suspend, after five seconds. Tasks are frozen and those are told
# who have to know; devices stay awake, for the results leave the guest by one of them.
#
# Machines: q35
# Timeout: 180
# Optional: no suspend that ends by itself (the test kernels are without it; those of distributions have it)

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./collide.sh

require_module overdrive_test
device=$(any_device)
[ -n "$device" ] || skip_all "no device to play with"
if ! grep -qw freezer /sys/power/pm_test 2>/dev/null || ! grep -qw freeze /sys/power/state; then
	skip_all "no suspend that ends by itself"
fi
load_overdrive

suspend() {
	write_to /sys/power/state freeze
}

sleeps() {
	cat /sys/power/suspend_stats/success
}

plan 8
echo freezer >/sys/power/pm_test
rebind "$device" test-a
before=$(sleeps)
echo 10000 >$knobs/probe-b
start mover rebind "$device" test-b
wait_until 5 has_status "$device" rebind busy >/dev/null
start suspend suspend
check "a suspend waits for a device that moves" runs suspend
start late rebind "$device" none
sleep 1
echo 0 >$knobs/probe-b
check "a suspend goes on when what moves has ended" ends mover
check "a machine sleeps and wakes with a writer that waits" ends suspend
check "a suspend that waited has succeeded" test "$(sleeps)" -gt "$before"
check "a writer that waits goes on after the machine has slept" ends late
check "what a writer wanted that waited is done" is_as "$device" none none

# Who does not end keeps the machine awake.
echo 10000 >$knobs/probe-b
start mover rebind "$device" test-b
wait_until 5 has_status "$device" rebind busy >/dev/null
check "a machine stays awake whose device does not end to move" fails_with EBUSY /sys/power/state freeze
echo 0 >$knobs/probe-b
all_end mover
check "devices move after a suspend that was refused" rebind "$device" test-a
echo none >/sys/power/pm_test
rebind "$device" ""
rmmod overdrive_test
unload_overdrive
finish
