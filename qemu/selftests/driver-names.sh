#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A driver whose name has a blank is one like any other, and one that users can't unbind is left alone.
#
# Machines: q35 microvm virt
# Timeout: 60

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

device=overdrive-set.0
node=/dev/overdrive
name="test blank"
require_module overdrive_set
load_overdrive

write_line() {
	echo "$2" >"$1"
}

has_rule_driver() {
	is_bound "$1" "$name" && has_status "$1" by rule:r
}

plan 11
check "a device moves to a driver whose name has a blank" rebind "$device" "$name"
check "a device is with a driver whose name has a blank" is_bound "$device" "$name"
check "an override with a blank is whole" is "$(get_override "$device")" "$name"
check "a status line has all of a name with a blank" \
	grep -q "^driver=$name override=$name by=user rebind=done " "$(of_device "$device" status)"
rebind "$device" none
check "a set moves to a driver whose name is quoted" write_line $node "bind driver=\"$name\" platform/$device"
check "a set is with a driver whose name was quoted" is_bound "$device" "$name"
rebind "$device" none
set_override "$device" ""
rule r "device=$device" "driver=$name"
write_line $rules/r/apply 1
check "a rule names a driver whose name has a blank" has_rule_driver "$device"
rmdir $rules/r
check "a name is not trimmed to one that a driver has" rebind_fails EINVAL "$device" " test-sleep"
rebind "$device" ""

fixed=overdrive-set.1
check "no device moves to a driver that users can't bind" rebind_fails EPERM "$fixed" test-fixed
set_override "$fixed" test-fixed
probe "$fixed"
check "a driver that users can't unbind keeps its device" rebind_fails EPERM "$fixed" none
check "a device that its driver keeps is as it was" is_as "$fixed" test-fixed test-fixed
rmmod overdrive_set
unload_overdrive
finish
