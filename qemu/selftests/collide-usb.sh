#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A USB stick is pulled while its interface is moved: the hub's worker holds the stick's lock, which a
# rebind of the interface wants, and takes away the file that the writer is in.
#
# Machines: q35
# Timeout: 400

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./buses.sh
. ./collide.sh

rounds=$(stress_count 8 100)

new_interface() {
	new_devices usb | grep :
}

no_new_device() {
	[ -z "$(new_devices usb)" ]
}

require_host
modprobe usb-storage || skip_all "no module usb-storage"
[ -e /sys/bus/usb/devices/usb1 ] || plug qemu-xhci xhci ',"bus":"rp2"' ||
	skip_all "no USB controller"
wait_until 20 test -e /sys/bus/usb/devices/usb1
disk stickdisk
load_overdrive
mkdir /sys/kernel/config/overdrive-buses/usb || skip_all "usb can't be extended"
plan 4

# move FILE: back and forth until the file is gone.
move() {
	while [ -e "$1" ]; do
		echo none >"$1"
		echo usb-storage >"$1"
	done 2>/dev/null
}

ended=0
pulled=0
for _ in $(seq "$rounds"); do
	remember_devices usb
	plug usb-storage stick ',"bus":"xhci.0","drive":"stickdisk","removable":true'
	wait_until 20 new_interface >/dev/null || break
	interface=$(new_interface)
	start move move "$(of_device "$interface" rebind)"
	sleep 0.3
	unplug stick
	wait_until 20 no_new_device && pulled=$((pulled + 1))
	ends move && ended=$((ended + 1))
done
check "the stick was pulled each time" is "$pulled" "$rounds"
check "the writer came back each time" is "$ended" "$rounds"
remember_devices usb
plug usb-storage stick ',"bus":"xhci.0","drive":"stickdisk","removable":true'
check "another stick is found after sticks were pulled" wait_until 20 new_interface
unplug stick
wait_until 20 no_new_device
check "the bus can be let go after sticks were pulled" rmdir /sys/kernel/config/overdrive-buses/usb
unload_overdrive
host blockdev-del '{"node-name":"stickdisk"}' >/dev/null
finish
