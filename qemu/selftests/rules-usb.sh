#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Rules for USB devices: by serial number, in any port and behind a hub, which rules leave alone.
#
# Machines: q35
# Timeout: 600

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./buses.sh

plugs=$(stress_count 5 500)

# stick ID PORT SERIAL: a stick in a port of the controller or of a hub behind it ("1", "3.2").
stick() {
	disk "disk-$1"
	plug usb-storage "$1" ",\"bus\":\"xhci.0\",\"port\":\"$2\",\"drive\":\"disk-$1\",\"serial\":\"$3\",\"removable\":true"
}

no_stick() {
	unplug "$1"
	wait_until 20 is_out
	host blockdev-del "{\"node-name\":\"disk-$1\"}" >/dev/null
}

interface() {
	new_devices usb | grep : | grep -v "${hub:-none}:"
}

is_out() {
	[ -z "$(interface)" ]
}

is_in() {
	_found=$(interface) && [ -e "/sys/bus/usb/devices/$_found/overdrive/status" ]
}

come() {
	# It is asked once: a stick that is reset is not there for a moment.
	wait_until 20 is_in && echo "$_found"
}

usb() {
	echo "/sys/bus/usb/devices/$1"
}

# bound: the new interface has a driver.
bound() {
	[ -e "/sys/bus/usb/devices/$(interface)/driver" ]
}

require_host
modprobe usb-storage || skip_all "no usb-storage"
[ -e /sys/bus/usb/devices/usb1 ] || plug qemu-xhci xhci ',"bus":"rp2"' ||
	skip_all "no USB controller"
wait_until 20 test -e /sys/bus/usb/devices/usb1
load_overdrive buses=usb
remember_devices usb
plan 13

stick first 1 SN-0001
device=$(come)
wait_until 20 bound
check "the stick has its driver without a rule" is_as "$(usb "$device")" usb-storage "(null)"
check "the identity of an interface has the serial number of its device" \
	grep -qx serial=SN-0001 "$(of_device "$(usb "$device")" identity)"
no_stick first

rule stick bus=usb serial=SN-0001 'modalias=usb:*ic08*' driver=none
count_probes storage_probe || ktap_exit_fail_msg "no kprobe on storage_probe"
good=0
for i in $(seq "$plugs"); do
	stick first $((1 + i % 2)) SN-0001
	is_as "$(usb "$(come)")" none none && good=$((good + 1))
	no_stick first
done
check "$plugs times plugged into two ports, $plugs times without a driver" is $good "$plugs"
check "the probe of the stick's driver was never called" is "$(probes storage_probe)" 0
stop_counting storage_probe
stick second 1 SN-0002
device=$(come)
wait_until 20 bound
check "a stick of another serial number keeps its driver" is_as "$(usb "$device")" usb-storage "(null)"
no_stick second

plug usb-hub hub ',"bus":"xhci.0","port":"2"'
is_hub() {
	hub=$(new_devices usb | grep -v : | head -n 1)
	[ -n "$hub" ] && [ -e "/sys/bus/usb/devices/$hub:1.0/driver" ]
}
wait_until 20 is_hub
check "the identity of a hub says that it is one" grep -q '^# a bridge or hub' "$(of_device "$(usb "$hub")" identity)"
check "the interface of a hub is said to be one as well" \
	grep -q '^# a bridge or hub' "$(of_device "$(usb "$hub:1.0")" identity)"
stick first 2.1 SN-0001
device=$(come)
check "behind a hub the stick has its rule" is_as "$(usb "$device")" none none
check "what is behind a hub is below it" grep -qx "below=$hub" "$(of_device "$(usb "$device")" identity)"
check "what is behind a hub is below its controller" \
	grep -q "^below=0000:00:12.0/00.0$" "$(of_device "$(usb "$device")" identity)"
no_stick first
rmdir $rules/stick

rule below bus=usb "below=$hub" 'modalias=usb:*' driver=none
stick third 2.2 SN-0003
device=$(come)
check "a rule for all below a hub takes what is behind it" is_as "$(usb "$device")" none none
no_stick third
rmdir $rules/below

unplug hub
no_hub() {
	[ -z "$(new_devices usb)" ]
}
wait_until 20 no_hub
rule all bus=usb 'modalias=*' driver=none
plug usb-hub hub ',"bus":"xhci.0","port":"2"'
wait_until 20 is_hub
check "a rule for all leaves the hub alone" is "$(get_override "$(usb "$hub")")" "(null)"
check "a rule for all leaves the interface of a hub alone" is_as "$(usb "$hub:1.0")" hub "(null)"
rmdir $rules/all
unplug hub
wait_until 20 no_hub
unload_overdrive
finish
