#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# USB is extended, and HID, with devices that are plugged in: a stick, a keyboard, a network card.
#
# Machines: q35
# Timeout: 900

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./buses.sh

rounds=$(stress_count 10 100)

# new_interface: one that has come.
new_interface() {
	new_devices usb | grep :
}

# stick, no_stick: in and out.
stick() {
	remember_devices usb
	plug usb-storage stick ',"bus":"xhci.0","drive":"stickdisk","removable":true'
	wait_until 20 new_interface >/dev/null
	new_interface
}

no_stick() {
	unplug stick
	wait_until 20 no_new_device
}

no_new_device() {
	[ -z "$(new_devices usb)" ]
}

require_host
for module in usb-storage usbhid hid-generic cdc_ether; do
	modprobe $module || skip_all "no module $module"
done
# A controller that is asked to go takes its time: it stays for the rest of the boot.
[ -e /sys/bus/usb/devices/usb1 ] || plug qemu-xhci xhci ',"bus":"rp2"' ||
	skip_all "no USB controller"
wait_until 20 test -e /sys/bus/usb/devices/usb1
disk stickdisk
load_overdrive
plan $((4 * bus_results - other_results + hotplug_results))

remember_devices usb
remember_devices hid
plug usb-kbd keyboard ',"bus":"xhci.0"'
wait_until 20 bound_by usb usbhid >/dev/null
wait_until 20 bound_by hid hid-generic >/dev/null
check_bus hid "$(bound_by hid hid-generic)" - no
check_bus usb "$(bound_by usb usbhid)" usb-storage no
unplug keyboard

remember_devices usb
plug usb-net net ',"bus":"xhci.0"'
wait_until 20 bound_by usb cdc_ether >/dev/null
check_bus usb "$(bound_by usb cdc_ether)" usb-storage no
unplug net

stick >/dev/null
wait_until 20 bound_by usb usb-storage >/dev/null
check_bus usb "$(bound_by usb usb-storage)" usbhid no
no_stick

# The interface is mass storage.
check_hotplug usb storage_probe "$rounds" stick no_stick "modalias=usb:*ic08*"

unload_overdrive
host blockdev-del '{"node-name":"stickdisk"}' >/dev/null
finish
