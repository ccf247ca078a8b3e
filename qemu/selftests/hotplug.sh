#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices come and go while the meta driver has them.
#
# Machines: q35
# Timeout: 180

. "$(dirname "$0")/lib.sh"

rounds=$(stress_count 5 100)

# plug ID: plugs an edu device in, and prints its address once it is there.
plug() {
	pci_devices 1234 11e8 >/tmp/before
	host device_add "{\"driver\":\"edu\",\"id\":\"$1\",\"bus\":\"rp0\"}" || return
	wait_until new_edu && new_edu
}

new_edu() {
	pci_devices 1234 11e8 | grep -vxFf /tmp/before
}

unplug() {
	host device_del "{\"id\":\"$1\"}"
}

gone() {
	test ! -e "/sys/bus/pci/devices/$1"
}

ktap_print_header
require_host
load_overdrive
ktap_set_plan 7

device=$(plug plug0)
ktap_test_result "a device can be plugged in" test -n "$device"
ktap_test_result "it comes without an override" \
	test "$(cat "/sys/bus/pci/devices/$device/driver_override")" = "(null)"
set_override pci "$device" vfio-meta
echo "$device" > /sys/bus/pci/drivers_probe
ktap_test_result "the meta driver has it" is_bound pci "$device" vfio-meta
unplug plug0
ktap_test_result "it can be unplugged while bound" wait_until gone "$device"

again=$(plug plug1)
ktap_test_result "the next one in the same slot comes without an override" \
	test "$again" = "$device" -a "$(cat "/sys/bus/pci/devices/$again/driver_override")" = "(null)"
unplug plug1
wait_until gone "$again"

good=0
for _ in $(seq "$rounds"); do
	device=$(plug plug2) &&
		set_override pci "$device" vfio-meta &&
		echo "$device" > /sys/bus/pci/drivers_probe &&
		is_bound pci "$device" vfio-meta &&
		unplug plug2 &&
		wait_until gone "$device" &&
		good=$((good + 1))
done
ktap_test_result "$rounds times plugged, bound and unplugged" test "$good" -eq "$rounds"

# The driver goes first, then the device.
device=$(plug plug3)
set_override pci "$device" vfio-meta
echo "$device" > /sys/bus/pci/drivers_probe
unload_overdrive
unplug plug3
ktap_test_result "a device can be unplugged after its driver was unloaded" wait_until gone "$device"
ktap_finished
