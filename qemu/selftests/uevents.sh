#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What userspace hears: the core's bind and unbind, and one change with OVERDRIVE= for the outcome.
#
# Machines: q35 microvm virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./events.sh

require_module overdrive_test
load_overdrive
device=$(any_device)
[ -n "$device" ] || skip_all "no device to play with"
path=$(device_path "$device")
listen

# forget: what was told until now is not looked at.
forget() {
	heard "$path" >/dev/null
}

# rebind_with_error ERRNO DEVICE DRIVER: test-b's probe fails during it.
rebind_with_error() {
	echo "-$1" >$knobs/probe-b
	! rebind "$2" "$3" 2>/dev/null
	_done=$?
	echo 0 >$knobs/probe-b
	return $_done
}

# rule_from_boot RULE: loads the module with a rule for the device, which no driver has.
rule_from_boot() {
	unload_overdrive
	set_override "$device" ""
	unbind "$device"
	forget
	load_overdrive "rules=$1"
}

# come_back: the device is removed and found again.
come_back() {
	echo 1 >"$path/remove"
	forget
	echo 1 >/sys/bus/pci/rescan
}

other=$(pci_devices 1234:11e8 2>/dev/null | sed -n 2p)
[ -n "$other" ] || other=$(virtio_mmio_devices 4 | sed -n 2p)
count=12
[ ! -e "$path/remove" ] || count=16
plan $count

rebind "$device" none
forget
rebind "$device" test-a
check "a rebind that succeeds is told as bind and done" \
	hears "$path" "bind - - -;change done rebind test-a;"
check "a rebind whose probe fails returns an error" rebind_with_error 5 "$device" test-b
check "a rebind that fails is told as rolled back" hears "$path" \
	"unbind - - -;bind - - -;change rolled-back rebind test-b;"
rebind "$device" ""
rebind "$device" none
rebind_fails ENOENT "$device" no-such
forget
rebind_fails ENOENT "$device" no-such
check "a rebind that touches nothing is no event" hears "$path" ""

rule_from_boot "name=r,device=$device,driver=test-b"
check "a rule whose driver is bound is told as bound" hears "$path" \
	"change bound rule:r test-b;bind - - -;"
echo -5 >$knobs/probe-b
rule_from_boot "name=r,device=$device,driver=test-b"
check "a rule whose driver's probe fails is told as failed, once" hears "$path" \
	"change failed rule:r test-b;"
# A driver that is bound has all that were deferred tried again.
echo -517 >$knobs/probe-b
rule_from_boot "name=r,device=$device,driver=test-b"
check "a rule whose driver defers is told as deferred, and not as failed" hears "$path" \
	"change deferred rule:r test-b;"
check "the driver core means to try again what a rule deferred" is_deferred "$device"
echo 0 >$knobs/probe-b
rebind "$other" test-a
check "a rule whose driver deferred is told as bound in the end" hears "$path" \
	"change bound rule:r test-b;bind - - -;"
rebind "$other" none
echo -517 >$knobs/probe-b
rule_from_boot "name=r,device=$device,driver=test-b"
check "another rule whose driver defers is told as deferred" hears "$path" \
	"change deferred rule:r test-b;"
echo -5 >$knobs/probe-b
rebind "$other" test-a
check "a rule whose driver deferred and then fails is told as failed" hears "$path" \
	"change failed rule:r test-b;"
rebind "$other" ""
echo 0 >$knobs/probe-b
rule_from_boot "name=r,device=$device,driver=none"
check "a rule that keeps all drivers off is told as kept off" hears "$path" \
	"change kept-off rule:r none;"
unload_overdrive

# When the device is new, userspace hears of it first.
load_overdrive
if [ -e "$path/remove" ]; then
	rule r "device=$device" driver=none
	come_back
	check "a new device is told before the rule that keeps all drivers off it" hears "$path" \
		"add - - -;change kept-off rule:r none;"
	rmdir $rules/r
	rule r "device=$device" driver=test-a
	come_back
	check "a new device is told before the rule whose driver is bound to it" hears "$path" \
		"add - - -;change bound rule:r test-a;bind - - -;"
	rmdir $rules/r
	rule r "device=$device" driver=test-a
	echo -517 >$knobs/probe-a
	come_back
	check "a new device whose driver defers is told as deferred" hears "$path" \
		"add - - -;change deferred rule:r test-a;"
	echo 0 >$knobs/probe-a
	rebind "$other" test-b
	check "a new device whose driver deferred is told as bound in the end" hears "$path" \
		"change bound rule:r test-a;bind - - -;"
	rebind "$other" ""
	rmdir $rules/r
fi
stop_listening
rebind "$device" ""
unload_overdrive
rmmod overdrive_test
finish
