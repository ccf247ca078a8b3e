#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A kernel that is locked down and takes signed modules only, as with Secure Boot.
#
# Machines: q35
# Flavors: strict
# Append: lockdown=integrity module.sig_enforce=1

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

edu=$(pci_devices 1234:11e8 | head -n 1)
[ -n "$edu" ] || skip_all "no edu device"
file=$(modinfo -F filename overdrive 2>/dev/null || find /lib/modules -name overdrive.ko)
mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
unsigned=/tmp/unsigned.ko
# The signature is recognised by the file's last bytes.
{ cat "$file" && echo; } >$unsigned
plan 13

check "the kernel is locked down" grep -qF '[integrity]' /sys/kernel/security/lockdown
check "a module without a signature is refused" is "$(insmod $unsigned 2>&1 | errno_name)" EKEYREJECTED
check "overdrive is loaded by its signature" modprobe overdrive
check "no unsigned module taints the kernel" is $(($(cat /proc/sys/kernel/tainted) >> 13 & 1)) 0
check "doctor finds nothing wrong with the module" sh -c '! overdrive doctor | grep -q module-unsigned'

check "a rule is made in a kernel that is locked down" rule locked "device=$edu" driver=vfio-meta
echo 1 >$rules/locked/apply
check "a rule of a kernel that is locked down moves a device" is_as "$edu" vfio-meta vfio-meta
rmdir $rules/locked
check "a device goes back in a kernel that is locked down" rebind "$edu" none

# By ftrace, which lockdown leaves to modules.
bus=/sys/kernel/config/overdrive-buses/virtio
check "a bus is extended in a kernel that is locked down" mkdir $bus
device=$(basename "$(find /sys/bus/virtio/devices/ -name 'virtio*' | while read -r one; do
	[ "$(cat "$one/device")" != 0x0004 ] || echo "$one"
done | head -n 1)")
check "an override keeps a driver off in a kernel that is locked down" sh -c "
	echo none >/sys/bus/virtio/devices/$device/driver_override &&
	echo $device >/sys/bus/virtio/devices/$device/driver/unbind &&
	echo $device >/sys/bus/virtio/drivers_probe"
check "the device with that override has no driver" is_bound "$device" none
echo >/sys/bus/virtio/devices/"$device"/driver_override
echo "$device" >/sys/bus/virtio/drivers_probe
check "a bus is let go of in a kernel that is locked down" rmdir $bus
# What lockdown forbids: to write to a device past VFIO.
check "userspace writes to no device's configuration past VFIO" \
	fails_with EPERM "/sys/bus/pci/devices/$edu/config" xxxx
unload_overdrive
finish
