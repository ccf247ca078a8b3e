#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Rules in configfs: what can be written, which one wins, and what goes with them.
#
# Machines: q35 microvm virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

require_module overdrive_test
load_overdrive
device=$(any_device)
[ -n "$device" ] || skip_all "no device to play with"
bus=$(basename "$(readlink "$(device_path "$device")/subsystem")")
standard=$(bound_driver "$device")

plan 38

check "a rule is a directory" mkdir $rules/r
check "it is not in force" is "$(cat $rules/r/enabled)" 0
check "and can't be without a driver" fails_with EINVAL $rules/r/enabled 1
echo none >$rules/r/driver
check "nor without a matcher" fails_with EINVAL $rules/r/enabled 1
check "a bad pattern is refused" fails_with EINVAL $rules/r/device "[a"
check "a bad driver is refused" fails_with EINVAL $rules/r/driver "a/b"
check "an unknown word is refused" fails_with EINVAL $rules/r/driver "@all"
check "a field keeps its text then" is "$(cat $rules/r/driver)" none
echo "$device" >$rules/r/device
echo "$bus" >$rules/r/bus
echo test-a >$rules/r/driver
check "it can be put in force" sh -c "echo 1 >$rules/r/enabled"
check "then it can't be changed" fails_with EBUSY $rules/r/driver none
check "it leaves devices alone that are there" is_as "$device" "$standard" "(null)"
check "until it is applied" sh -c "echo 1 >$rules/r/apply"
check "which moves them" is_as "$device" test-a test-a
check "their state names the rule" has_status "$device" by rule:r
check "it counts them" is "$(hits r)" 1
check "to remove a rule" rmdir $rules/r
check "clears its override, and leaves the driver" is_as "$device" test-a "(null)"
rebind "$device" ""

# The user's word counts more.
rule r "device=$device" driver=test-a
set_override "$device" test-b
echo 1 >$rules/r/apply
check "applying does not touch what a user set" is_as "$device" "$standard" test-b
set_override "$device" ""
echo 1 >$rules/r/apply
set_override "$device" test-b
check "nor does removing" rmdir $rules/r
check "the user's override stays" is_as "$device" test-a test-b
check "it is the user's" has_status "$device" by user
rebind "$device" ""

# Precedence.
rule any "device=$device*" "modalias=*" "bus=$bus" driver=none
rule exact "device=$device" driver=test-a
rule younger "device=$device" driver=test-b
echo 1 >$rules/any/apply
check "a less specific rule is not for the device" is_as "$device" "$standard" "(null)"
echo 1 >$rules/younger/apply
check "nor is a younger one" is_as "$device" "$standard" "(null)"
echo 1 >$rules/exact/apply
check "the most specific one is" is_as "$device" test-a test-a
rebind "$device" ""
rmdir $rules/any $rules/younger $rules/exact
check "no rule is left" is "$(ls $rules)" ""

alias=$(sed -n 's/^MODALIAS=//p' "$(device_path "$device")/uevent")
rule alias "device=$device*" "modalias=${alias%????}*" driver=test-b
echo 1 >$rules/alias/apply
check "an alias with a star matches" is_as "$device" test-b test-b
rmdir $rules/alias
rebind "$device" ""

rule other bus=no-such-bus "device=$device" driver=test-b
echo 1 >$rules/other/apply
check "a rule for another bus does not" is_as "$device" "$standard" "(null)"
check "rules keep the module" sh -c "! rmmod overdrive 2>/dev/null"
rmdir $rules/other

# From the command line.
unload_overdrive
unbind "$device"
load_overdrive "rules=name=early,device=$device,driver=test-a"
check "a rule from the command line holds for devices without a driver" \
	is_as "$device" test-a test-a
check "it has its name" has_status "$device" by rule:early
unload_overdrive
check "unloading clears its override" is "$(get_override "$device")" "(null)"
unbind "$device"
load_overdrive "rules=name=one,device=no-such,driver=test-b" \
	"rules=name=two,device=$device,driver=test-a"
check "rules of several parameters add up" has_status "$device" by rule:two
check "and can be read together" is "$(cat /sys/module/overdrive/parameters/rules)" \
	"name=one,device=no-such,driver=test-b;name=two,device=$device,driver=test-a"
unload_overdrive
# Forty rules are more than a parameter of the usual type can have.
many=$(seq 40 | sed 's/.*/name=r&,device=no-such-device,driver=vfio-meta/' | tr '\n' ';')
unbind "$device"
load_overdrive "rules=${many}name=last,device=$device,driver=test-a"
check "there can be ${#many} bytes of rules before the last" has_status "$device" by rule:last
unload_overdrive
mark=$(log_mark)
check "a page of them is refused" is "$(insmod_error overdrive "rules=$many$many$many")" ENOSPC
check "the log says that it is too long" \
	sh -c "dmesg | sed '1,/$mark\$/d' | grep -q 'overdrive: rules= has more than [0-9]* bytes'"
check "a malformed rule is refused" \
	is "$(insmod_error overdrive "rules=device=a,driver=b;device=[,driver=c")" EINVAL
check "the log names the first bad character" \
	sh -c "dmesg | tail -n 5 | grep -q 'rules= at 25 .*\[,driver=c'"
unbind "$device"
probe "$device"
rmmod overdrive_test
finish
