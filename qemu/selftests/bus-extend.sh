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
plan 52

check "with no bus extended, nothing is redirected" is "$(hooks)" ""

# What can't be.
check "a bus that has overrides itself" is "$(extend_error platform)" EEXIST
check "a bus that there is not" is "$(extend_error no-such-bus)" ENODEV
check "a bus without a match function" is "$(extend_error test-no-match)" EOPNOTSUPP
check "a bus whose match function can't be traced" is "$(extend_error test-untraceable)" EOPNOTSUPP
echo 1 >$fake/redirect
check "one that somebody else redirects" is "$(extend_error test-x)" EBUSY
echo 0 >$fake/redirect
mark=$(log_mark)
extend_error no-such-bus >/dev/null
check "the log says why, in one line" is "$(log_since "$mark" | grep -c .)" 1
check_fails "none of them leaves an attribute" has_override x0
check "nor a redirect" is "$(hooks)" ""

# One that shares its match function with another.
check "a bus can be extended" mkdir $buses/test-x
check "its match function is redirected" is "$(hooks)" device_match_any
check_fails "which nobody else can do then" sh -c "echo 1 >$fake/redirect"
check "its devices get an override" has_override x0
check_fails "those of the other bus don't" has_override y0
check "its owner can't go away" is "$(rmmod overdrive_buses 2>&1 | errno_name)" EAGAIN
set_override x0 test-b
rebind_by_hand x0
rebind_by_hand y0
check "the override is honoured" is_bound x0 test-b
check "the other bus has its way" is_bound y0 test-a
check "the other bus can be extended, too" mkdir $buses/test-y
check "there is still one redirect" is "$(hooks)" device_match_any
check "the first can be left alone again" rmdir $buses/test-x
set_override y0 test-b
rebind_by_hand y0
rebind_by_hand x0
check "the second goes on" is_bound y0 test-b
check "the first has its way" is_bound x0 test-a
check_fails "and no override" has_override x0
check "without buses" rmdir $buses/test-y
check "nothing is redirected" is "$(hooks)" ""

# Scopes.
mkdir $buses/test-x
check "a scope is a word" fails_with EINVAL $buses/test-x/scope all
check "a bus that nobody knows can't force" fails_with EOPNOTSUPP $buses/test-x/scope force
check "it restricts, then as before" is "$(cat $buses/test-x/scope)" restrict
check "what a user set was kept for it" is "$(get_override x0)" test-b
check "the module can't go while a bus is extended" is "$(rmmod overdrive 2>&1 | errno_name)" EAGAIN
rmdir $buses/test-x

# The text.
mkdir $buses/test-x
path=$(device_path x0)/driver_override
check "files are for who they are for on PCI" is "$(stat -c %a "$path")" 644
printf 'test-b' >"$path"
check "a name without an end of line" is "$(cat "$path")" test-b
printf 'test-a\ntest-b\n' >"$path"
check "the first line counts" is "$(cat "$path")" test-a
printf 'test-b\0test-a' >"$path"
check "up to the first NUL" is "$(cat "$path")" test-b
head -c 4095 /dev/zero | tr '\0' a >/tmp/long
check "one too long is refused" is "$(write_error "$path" /tmp/long)" EINVAL
check "and changes nothing" is "$(cat "$path")" test-b
head -c 4094 /dev/zero | tr '\0' a >/tmp/long
check "the longest" is "$(write_error "$path" /tmp/long)" ""
check "comes back" is "$(cat "$path")" "$(cat /tmp/long)"
printf '\n' >"$path"
check "an empty line clears" is "$(cat "$path")" "(null)"
rmdir $buses/test-x

# From load.
unload_overdrive
check "loading extends buses" modprobe overdrive buses=test-y,test-x:restrict
check "all of them" sh -c "[ -e $(device_path x0)/driver_override ] && [ -e $(device_path y0)/driver_override ]"
check "a second time is refused" is "$(extend_error test-x)" EEXIST
set_override x0 none
rmmod overdrive
check_fails "unloading takes the attribute" has_override x0
check "and the redirect" is "$(hooks)" ""
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
check "the redirect of a bus goes with the module" is "$(hooks)" ""
check "the bus's owner can go" rmmod overdrive_buses
finish
