#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Nobody opens a device between the look at its users and its release: a set stops in the release of the one
# while somebody tries to open the other.
#
# Machines: q35
# Timeout: 60

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./collide.sh

device=$(pci_devices 1234:11e8 | head -n 1)
[ -n "$device" ] || skip_all "no edu device"
command -v overdrive-hold >/dev/null || skip_all "nobody to use the device"
# It is released first.
consumer=overdrive-set.63
require_module overdrive_test
require_module overdrive_set
load_overdrive

# can_open: somebody opens the device, and closes it.
can_open() {
	overdrive-hold "$device" </dev/null >/dev/null 2>&1
}

plan 7
rebind "$device" vfio-meta
check "a device with a VFIO driver can be opened" can_open
check "a device gets a consumer" write_to /sys/kernel/debug/overdrive_set/supplier "pci/$device"
rebind "$consumer" test-a
echo 10000 >$knobs/remove-a
start mover write_to /dev/overdrive "bind driver=none pci/$device platform/$consumer"
wait_until 5 has_status "$device" rebind busy >/dev/null
sleep 0.5
check "a device that is about to be released has its driver still" is_bound "$device" vfio-meta
check_fails "a device that is about to be released can't be opened" can_open
echo 0 >$knobs/remove-a
check "a set ends whose device somebody tried to open" ends mover
check "a device that somebody tried to open is released" is_as "$device" none none
rebind "$device" vfio-meta
check "a device that has come back can be opened again" can_open
rebind "$device" ""
rmmod overdrive_set
rmmod overdrive_test
unload_overdrive
finish
