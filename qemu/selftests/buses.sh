#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A bus without driver_override is extended: virtio, on PCI and on platform devices.
#
# Machines: q35 microvm
# Timeout: 120

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

buses=/sys/kernel/config/overdrive-buses
# A device that nothing in the guest needs: the random number generator.
for dir in /sys/bus/virtio/devices/*; do
	[ "$(cat "$dir/device")" != 0x0004 ] || device=${dir##*/}
done
[ -n "$device" ] || skip_all "no virtio-rng"
dir=/sys/bus/virtio/devices/$device

load_overdrive
plan 6
check_fails "without overdrive there is no attribute" test -e "$dir/driver_override"
check "the bus can be extended" mkdir $buses/virtio
cat $buses/virtio/scope
ls "$dir"
cat "$dir/driver_override"
cat "$dir/overdrive/status"
echo none > "$dir/driver_override"
unbind "$device"
probe "$device"
check "none" is "$(bound_driver "$device")" none
echo > "$dir/driver_override"
probe "$device"
check "standard" is "$(bound_driver "$device")" virtio_rng
check "the extension can be undone" rmdir $buses/virtio
check_fails "without overdrive there is no attribute" test -e "$dir/driver_override"
dmesg | tail -40
finish
