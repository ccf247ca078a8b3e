#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Which buses can be extended, and what is left when they no longer are.
#
# Machines: q35 microvm virt
# Timeout: 600

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./buses.sh

require_module overdrive_buses
load_overdrive
plan 56

check "nothing is redirected while no bus is extended" is "$(hooks)" ""

# What can't be.
check "a bus that has overrides itself can't be extended" is "$(extend_error platform)" EEXIST
check "a bus that there is not can't be extended" is "$(extend_error no-such-bus)" ENODEV
check "a bus without a match function can't be extended" is "$(extend_error test-no-match)" EOPNOTSUPP
check "a bus whose match function can't be traced can't be extended" is "$(extend_error test-untraceable)" EOPNOTSUPP
echo 1 >$fake/redirect
check "a bus whose match function somebody else redirects can't be extended" is "$(extend_error test-x)" EBUSY
echo 0 >$fake/redirect
mark=$(log_mark)
extend_error no-such-bus >/dev/null
check "the log says in one line why a bus can't be extended" is "$(log_since "$mark" | grep -c .)" 1
check_fails "a bus that can't be extended gets no attribute" has_override x0
check "a bus that can't be extended gets no redirect" is "$(hooks)" ""

# One that shares its match function with another.
check "a bus can be extended" mkdir $buses/test-x
check "the match function of an extended bus is redirected" is "$(hooks)" device_match_any
check_fails "nobody else can redirect the match function of an extended bus" sh -c "echo 1 >$fake/redirect"
check "devices of an extended bus get an override" has_override x0
check_fails "devices of a bus that shares a match function get no override" has_override y0
check "the module of an extended bus can't go away" is "$(rmmod overdrive_buses 2>&1 | errno_name)" EAGAIN
set_override x0 test-b
rebind_by_hand x0
rebind_by_hand y0
check "an extended bus honours the override" is_bound x0 test-b
check "a bus that shares a match function binds as before" is_bound y0 test-a
check "a second bus with the same match function can be extended" mkdir $buses/test-y
check "two buses with one match function have one redirect" is "$(hooks)" device_match_any
check "the first of two buses can be left alone again" rmdir $buses/test-x
set_override y0 test-b
rebind_by_hand y0
rebind_by_hand x0
check "the second of two buses stays extended when the first is not" is_bound y0 test-b
check "the first of two buses binds as before when left alone" is_bound x0 test-a
check_fails "the first of two buses has no override when left alone" has_override x0
check "the second of two buses can be left alone" rmdir $buses/test-y
check "nothing is redirected when all buses are left alone" is "$(hooks)" ""

# Scopes.
mkdir $buses/test-x
check "a scope is a word" fails_with EINVAL $buses/test-x/scope all
check "a bus that nobody knows can't force" fails_with EOPNOTSUPP $buses/test-x/scope force
check "a scope that is refused changes nothing" is "$(cat $buses/test-x/scope)" restrict
check "an override of a user is kept while the bus is left alone" is "$(get_override x0)" test-b
check "the module can't go while a bus is extended" is "$(rmmod overdrive 2>&1 | errno_name)" EAGAIN
rmdir $buses/test-x

# The text.
mkdir $buses/test-x
path=$(device_path x0)/driver_override
check "an override's file has the mode that it has on PCI" is "$(stat -c %a "$path")" 644
printf 'test-b' >"$path"
check "an override needs no end of line on an extended bus" is "$(cat "$path")" test-b
printf 'test-a\ntest-b\n' >"$path"
check "only the first line of an override counts on an extended bus" is "$(cat "$path")" test-a
printf 'test-b\0test-a' >"$path"
check "an override ends with the first NUL on an extended bus" is "$(cat "$path")" test-b
head -c 4095 /dev/zero | tr '\0' a >/tmp/long
check "an override that is too long is refused on an extended bus" is "$(write_error "$path" /tmp/long)" EINVAL
check "an override that is refused changes nothing on an extended bus" is "$(cat "$path")" test-b
head -c 4094 /dev/zero | tr '\0' a >/tmp/long
check "the longest override is accepted on an extended bus" is "$(write_error "$path" /tmp/long)" ""
check "the longest override can be read on an extended bus" is "$(cat "$path")" "$(cat /tmp/long)"
printf '\n' >"$path"
check "an empty line clears an override on an extended bus" is "$(cat "$path")" "(null)"
rmdir $buses/test-x

# From load.
unload_overdrive
check "loading extends buses" modprobe overdrive buses=test-y,test-x:restrict
check "the parameter extends all of its buses" sh -c "[ -e $(device_path x0)/driver_override ] && [ -e $(device_path y0)/driver_override ]"
check "a bus of the parameter can't be extended a second time" is "$(extend_error test-x)" EEXIST
set_override x0 none
rmmod overdrive
check_fails "unloading takes the attribute of an extended bus away" has_override x0
check "unloading takes the redirect of an extended bus away" is "$(hooks)" ""
mark=$(log_mark)
load_overdrive buses=test-y:all,no-such-bus,,test-y:force,test-no-match,test-x
check "a bus of the parameter that is bad costs that bus" has_override x0
check_fails "a bus with a scope that there is not stays as it is" has_override y0
for text in 'at 7 .*: restrict or force' 'at 23 .*: the name of a bus' 'bus test-y: force: not known' \
	'bus test-no-match: it has no match function'; do
	check "the log has '$text' of the parameter" \
		sh -c "dmesg | sed '1,/$mark\$/d' | grep -q '$text'"
done
unload_overdrive
mark=$(log_mark)
load_overdrive 'buses=USB,test-?,test-z,test-z:force,test-x'
check "a bus of the parameter is extended after names that no bus has" has_override x0
for text in 'at 0 .*: the name in lower case' 'at 9 .*: no character of a bus' 'bus test-z: it is extended already'; do
	check "the log has '$text' of names in the parameter" \
		sh -c "dmesg | sed '1,/$mark\$/d' | grep -q '$text'"
done
unload_overdrive
check "the redirect of a bus goes with the module" is "$(hooks)" ""
check "the bus's owner can go" rmmod overdrive_buses
finish
