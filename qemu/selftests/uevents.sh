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

uevent true </dev/null >/dev/null 2>&1 &
sleep 1
kill $! 2>/dev/null || skip_all "busybox does not listen to uevents"

require_module overdrive_test
load_overdrive
device=$(any_device)
[ -n "$device" ] || skip_all "no device to play with"
path=$(device_path "$device")

cat >/tmp/listen <<'END'
#!/bin/sh
echo "$ACTION $DEVPATH ${OVERDRIVE:--} ${OVERDRIVE_BY:--} ${OVERDRIVE_DRIVER:--}" >>/tmp/heard
END
chmod +x /tmp/listen
: >/tmp/heard
uevent /tmp/listen &
listener=$!
sleep 1

# heard: what was heard of the device since the last time, without its path.
heard() {
	sleep 1
	grep " ${path#/sys} " /tmp/heard | sed "s|${path#/sys} ||" | tr '\n' ';'
	: >/tmp/heard
}

plan 9
rebind "$device" none
heard >/dev/null
rebind "$device" test-a
check "a rebind that succeeds" is "$(heard)" "bind - - -;change done rebind test-a;"
echo -5 >$knobs/probe-b
rebind "$device" test-b 2>/dev/null
check "a rebind that fails" is "$(heard)" \
	"unbind - - -;bind - - -;change rolled-back rebind test-b;"
echo 0 >$knobs/probe-b
rebind "$device" ""
rebind "$device" none
rebind_fails ENOENT "$device" no-such
heard >/dev/null
check "a rebind that touches nothing is no event" is "$(heard)" ""

unload_overdrive
set_override "$device" ""
unbind "$device"
heard >/dev/null
load_overdrive "rules=name=r,device=$device,driver=test-b"
check "a rule that succeeds" is "$(heard)" "change bound rule:r test-b;bind - - -;"
unload_overdrive
unbind "$device"
heard >/dev/null
echo -5 >$knobs/probe-b
load_overdrive "rules=name=r,device=$device,driver=test-b"
check "a rule that fails" is "$(heard)" "change failed rule:r test-b;"
check "is told once" is "$(heard)" ""
echo 0 >$knobs/probe-b
unload_overdrive
unbind "$device"
heard >/dev/null
load_overdrive "rules=name=r,device=$device,driver=none"
check "a rule that keeps all drivers off" is "$(heard)" "change kept-off rule:r none;"
unload_overdrive

# When the device is new, userspace hears of it first.
load_overdrive
if [ -e "$(device_path "$device")/remove" ]; then
	rule r "device=$device" driver=none
	echo 1 >"$(device_path "$device")/remove"
	heard >/dev/null
	echo 1 >/sys/bus/pci/rescan
	check "the same for a device that is added" is "$(heard)" "add - - -;change kept-off rule:r none;"
	rmdir $rules/r
	rule r "device=$device" driver=test-a
	echo 1 >"$(device_path "$device")/remove"
	heard >/dev/null
	echo 1 >/sys/bus/pci/rescan
	check "and a rule that succeeds" is "$(heard)" \
		"add - - -;change bound rule:r test-a;bind - - -;"
	rmdir $rules/r
else
	skip "the same for a device that is added" "it can't be removed"
	skip "and a rule that succeeds" "it can't be removed"
fi
kill $listener
rebind "$device" ""
unload_overdrive
rmmod overdrive_test
finish
