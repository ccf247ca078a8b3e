#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Buses that are registered after the module was loaded.
#
# Machines: q35
# Timeout: 600

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./buses.sh

plugs=$(stress_count 10 500)

# logged TEXT: the log has it since the mark.
logged() {
	log_since "$mark" | grep -q "$1"
}

[ ! -d /sys/module/overdrive_buses ] || rmmod overdrive_buses
plan 27

mark=$(log_mark)
load_overdrive "buses=test-x,test-no-match" \
	"rules=name=x,bus=test-x,device=x0,driver=test-b,,name=pci,device=00:04.0,driver=none"
check "the module loads without a bus that it shall extend" logged 'bus test-x: no such bus yet'
check "a rule for another bus holds without it" has_status 0000:00:04.0 by rule:pci
check "bus_register() is redirected while the module is loaded" is "$(redirects)" bus_register
modprobe overdrive_buses
check "a bus that comes later is extended" logged 'bus test-x: extended'
check "the first device of a bus that comes later has an override" has_override x0
check "a rule decides before the first probe of its first device" is_as x0 test-b test-b
check_fails "a bus that nobody asked for is as it was" has_override y0
check "a bus that comes and can't be extended is told in the log" \
	logged 'bus test-no-match: it has no match function'
check "the owner of a bus that came can't go away" is "$(rmmod overdrive_buses 2>&1 | errno_name)" EAGAIN
rmmod overdrive
check_fails "devices of a bus that came later lose their override with the module" has_override x0
check "nothing is redirected without the module" is "$(redirects)" ""
rmmod overdrive_buses

# The module of a bus that fails to load takes its bus with it.
load_overdrive buses=test-x "rules=bus=test-x,device=x0,driver=test-b"
mark=$(log_mark)
check "the module of a bus fails to load" is "$(modprobe overdrive_buses fail=1 2>&1 | errno_name)" ENODEV
check "the bus of a module that fails to load was extended for a moment" logged 'bus test-x: extended'
check "the redirect of its match function is gone with it" is "$(redirects)" bus_register
modprobe overdrive_buses
check "a bus whose module failed to load is waited for again" is_as x0 test-b test-b
rmmod overdrive
rmmod overdrive_buses

# A bus that has overrides itself.
load_overdrive "rules=name=n,bus=test-native,device=n0,driver=test-b"
modprobe overdrive_buses
check "a native bus that comes later is tracked before its first device" is_as n0 test-b test-b
check "a rule is told as what set an override on a native bus that came" has_status n0 by rule:n
echo test-a >"$(device_path n0)/overdrive/rebind"
check "a device of a native bus that came can be moved" is_as n0 test-a test-a
check "the module of a native bus that came can go" rmmod overdrive_buses
modprobe overdrive_buses
check "a native bus that comes again is tracked again" is_as n0 test-b test-b
rmmod overdrive
check_fails "devices of a native bus that came lose their files with the module" test -e "$(device_path n0)/overdrive"
load_overdrive
check "a native bus that is there is tracked at load" test -e "$(device_path n0)/overdrive"
check "the module of a native bus that was there can go" rmmod overdrive_buses
unload_overdrive

# A real one, whose devices come by themselves.
require_host
for module in usbhid hid-generic hid; do
	[ ! -d "/sys/module/$(echo $module | tr - _)" ] || rmmod $module
done
if [ -d /sys/bus/hid ]; then
	ktap_exit_fail_msg "the bus hid is still there"
fi
[ -e /sys/bus/usb/devices/usb1 ] || plug qemu-xhci xhci ',"bus":"rp2"' ||
	skip_all "no USB controller"
wait_until 20 test -e /sys/bus/usb/devices/usb1

load_overdrive buses=hid "rules=name=keys,bus=hid,modalias=hid:*,driver=none"
modprobe usbhid
modprobe hid-generic
count_probes hid_generic_probe || ktap_exit_fail_msg "no kprobe on hid_generic_probe"
come() {
	[ -n "$(new_devices hid)" ]
}
gone() {
	[ -z "$(new_devices hid)" ]
}
remember_devices hid
good=0
for _ in $(seq "$plugs"); do
	plug usb-kbd keyboard ',"bus":"xhci.0"'
	wait_until 20 come
	device=$(new_devices hid)
	if is_as "/sys/bus/hid/devices/$device" none none; then
		good=$((good + 1))
	fi
	unplug keyboard
	wait_until 20 gone
done
check "$plugs times plugged into a bus that came later, $plugs times without a driver" is $good "$plugs"
check "the probe of the standard driver of that bus was never called" is "$(probes hid_generic_probe)" 0
unload_overdrive
plug usb-kbd keyboard ',"bus":"xhci.0"'
wait_until 20 come
device=$(new_devices hid)
wait_until 20 test -e "/sys/bus/hid/devices/$device/driver"
check "the standard driver is probed without the module" test "$(probes hid_generic_probe)" -gt 0
unplug keyboard
stop_counting hid_generic_probe

load_overdrive buses=usb
check "a bus that is there is extended at once" test -e /sys/bus/usb/devices/usb1/driver_override
unload_overdrive
finish
