#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices come and go while the meta driver has them.
#
# Machines: q35
# Timeout: 180

. ./lib.sh
. ./devices.sh

rounds=$(stress_count 5 100)

# plug ID: plugs an edu device in, and prints its address once it is there.
plug() {
	pci_devices 1234:11e8 >/tmp/before
	host device_add "{\"driver\":\"edu\",\"id\":\"$1\",\"bus\":\"rp0\"}" >/dev/null || return
	wait_until 10 new_edu >/dev/null && new_edu
}

new_edu() {
	pci_devices 1234:11e8 | grep -vxFf /tmp/before
}

unplug() {
	host device_del "{\"id\":\"$1\"}" >/dev/null
}

gone() {
	test ! -e "/sys/bus/pci/devices/$1"
}

require_host
load_overdrive
plan 7

device=$(plug plug0)
check "a device can be plugged in" test -n "$device"
check "a device that was plugged in has no override" \
	test "$(cat "/sys/bus/pci/devices/$device/driver_override")" = "(null)"
set_override "$device" vfio-meta
echo "$device" > /sys/bus/pci/drivers_probe
check "a device that was plugged in can be given to the VFIO driver" is_bound "$device" vfio-meta
unplug plug0
check "a device can be unplugged while the VFIO driver has it" wait_until 10 gone "$device"

again=$(plug plug1)
check "the next device in the same port has no override" \
	test "$again" = "$device" -a "$(cat "/sys/bus/pci/devices/$again/driver_override")" = "(null)"
unplug plug1
wait_until 10 gone "$again"

good=0
for _ in $(seq "$rounds"); do
	device=$(plug plug2) &&
		set_override "$device" vfio-meta &&
		echo "$device" > /sys/bus/pci/drivers_probe &&
		is_bound "$device" vfio-meta &&
		unplug plug2 &&
		wait_until 10 gone "$device" &&
		good=$((good + 1))
done
check "$rounds devices are plugged in, bound and unplugged one after the other" test "$good" -eq "$rounds"

# The driver goes first, then the device.
device=$(plug plug3)
set_override "$device" vfio-meta
echo "$device" > /sys/bus/pci/drivers_probe
unload_overdrive
unplug plug3
check "a device can be unplugged after its driver was unloaded" wait_until 10 gone "$device"
finish
