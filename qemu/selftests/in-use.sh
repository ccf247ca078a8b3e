#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A device that somebody uses: who unbinds it by hand waits, and the user is asked for it; a rebind is
# refused; the module can't be unloaded. These are the two things that the document of background-5 warns of.
#
# Machines: q35 virt
# Timeout: 120

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

device=$(pci_devices 1234:11e8 | head -n 1)
[ -n "$device" ] || skip_all "no edu device"
command -v overdrive-hold >/dev/null || skip_all "nobody to use the device"
driver=/sys/bus/pci/drivers/vfio-meta

# hold: starts to use the device.
hold() {
	rm -f /tmp/hold /tmp/held
	mkfifo /tmp/hold
	overdrive-hold "$device" </tmp/hold >/tmp/held &
	holder=$!
	exec 5>/tmp/hold
	wait_until 20 grep -q open /tmp/held
}

# let_go: the user ends in peace.
let_go() {
	exec 5>&-
	wait $holder
}

# later COMMAND...: runs it without waiting for its end, when it leaves its status in /tmp/over.
later() {
	rm -f /tmp/over
	(
		"$@"
		echo $? >/tmp/over
	) 5>&- &
	waiting=$!
}

# still_waits: it has not ended, and the user still has the device. That the driver is about to let it
# go can be seen already: the link to it is gone.
still_waits() {
	sleep 1
	test ! -e /tmp/over && kill -0 $holder && has_status "$device" driver vfio-meta
}

asked() {
	wait_until 20 grep -q asked /tmp/held
}

ended() {
	wait $waiting
	is "$(cat /tmp/over)" "$1"
}

require_module overdrive_test
load_overdrive
plan 17
rebind "$device" vfio-meta

check "a process uses a device through VFIO" hold
later sh -c "echo $device >$driver/unbind"
check "unbinding a device in use asks its user for it" asked
check "unbinding a device in use waits for its user" still_waits
check "the user of a device that is unbound lets it go" let_go
check "unbinding ends when the user has let go" ended 0
check "a device that its user let go has no driver" is_bound "$device" none

rebind "$device" vfio-meta
hold
check "a rebind of a device in use is refused" rebind_fails EBUSY "$device" test-a
check "a rebind of a device in use does not ask its user for it" \
	sh -c "kill -0 $holder && ! grep asked /tmp/held"
check "a device whose user has it open has owned=yes" has_status "$device" owned yes
let_go
check "a rebind is done when the user has let go" rebind "$device" test-a
check "a device that its user let go has moved" is_as "$device" test-a test-a

rebind "$device" vfio-meta
hold
check "the module can't be unloaded while a device is in use" sh -c "! rmmod overdrive 2>/tmp/why"
check "unloading while a device is in use is EAGAIN at once" is "$(errno_name </tmp/why)" EAGAIN
check "the module and the user of a device are there after a refused unload" \
	sh -c "test -d /sys/module/overdrive && kill -0 $holder && ! grep asked /tmp/held"
check "a device in use stays with its driver after a refused unload" is_as "$device" vfio-meta vfio-meta
let_go
rebind "$device" ""
check "the module can be unloaded when nobody uses a device" rmmod overdrive
check "a device that was in use has no driver and no override after unloading" \
	is "$(bound_driver "$device") $(get_override "$device")" "none (null)"
rmmod overdrive_test
finish
