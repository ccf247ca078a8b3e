#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A machine that goes down: what moves has ten seconds, and nothing begins. The machine stays up for this
# in the last notifier of the shutdown.
#
# Machines: q35 microvm virt
# Append: overdrive_test_of=shutdown
# Timeout: 120

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./collide.sh

require_module overdrive_test
load_overdrive
device=$(any_device)
[ -n "$device" ] || skip_all "no device to play with"
other=$(pci_devices 1234:11e8 2>/dev/null | sed -n 2p)
[ -n "$other" ] || other=$(virtio_mmio_devices 4 | sed -n 2p)

# is_going_down: all who are told of a shutdown have let it go on.
is_going_down() {
	[ "$(cat $knobs/shutdown)" = 1 ]
}

plan 7
rebind "$device" test-a
rebind "$other" test-a
bus=$(basename "$(readlink -f "$(device_path "$other")/subsystem")")
# shellcheck disable=SC2016 # another shell expands it
sh -c 'exec 8<>/dev/overdrive; echo "lend driver=none '"$bus/$other"'" >&8; exec sleep 1000' &
borrower=$!
wait_until 5 has_status "$other" lent yes >/dev/null
echo 10000 >$knobs/shutdown
echo 10000 >$knobs/probe-b
start mover rebind "$device" test-b
wait_until 5 has_status "$device" rebind busy >/dev/null
# It never ends, so that it must not be part of this test.
(
	[ ! -e /sys/fs/cgroup/cgroup.procs ] || echo 0 >/sys/fs/cgroup/cgroup.procs
	exec setsid reboot -f
) >/dev/null 2>&1 </dev/null &
sleep 2
check "a shutdown waits for a device that moves" test "$(cat $knobs/shutdown)" = 10000
start late rebind "$device" test-a
check "what moves when a shutdown begins is not called off" runs mover
check "a shutdown goes on after ten seconds" wait_until 15 is_going_down
echo 0 >$knobs/probe-b
check "what moves when a shutdown goes on ends all the same" ends mover
check "nothing moves once a shutdown goes on" runs late
kill -9 $borrower
sleep 1
check "what is lent when a shutdown goes on stays" has_status "$other" lent returning
check "the state is told while a machine goes down" is_bound "$device" test-b
finish
