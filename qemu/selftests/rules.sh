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

plan 53

check "a rule is a directory" mkdir $rules/r
check "a new rule is not in force" is "$(cat $rules/r/enabled)" 0
check "a rule can't be in force without a driver" fails_with EINVAL $rules/r/enabled 1
echo none >$rules/r/driver
check "a rule can't be in force without a matcher" fails_with EINVAL $rules/r/enabled 1
check "a bad pattern is refused" fails_with EINVAL $rules/r/device "[a"
check "a bad driver is refused" fails_with EINVAL $rules/r/driver "a/b"
check "an unknown word is refused" fails_with EINVAL $rules/r/driver "@all"
check "a field keeps its text when a bad one is refused" is "$(cat $rules/r/driver)" none
echo "$device" >$rules/r/device
echo "$bus" >$rules/r/bus
echo test-a >$rules/r/driver
check "a rule with a driver and a matcher can be put in force" sh -c "echo 1 >$rules/r/enabled"
check "a rule that is in force can't be changed" fails_with EBUSY $rules/r/driver none
check "a rule that is put in force leaves devices alone that are there" is_as "$device" "$standard" "(null)"
check "a rule can be applied" sh -c "echo 1 >$rules/r/apply"
check "a rule that is applied moves its devices" is_as "$device" test-a test-a
check "the state of a rule's device names the rule" has_status "$device" by rule:r
check "a rule counts its devices" is "$(hits r)" 1
check "a rule can be removed" rmdir $rules/r
check "removing a rule clears its override, and leaves the driver" is_as "$device" test-a "(null)"
rebind "$device" ""

# Values as people write them.
mkdir $rules/r
echo 00:1F.3 >$rules/r/device
check "an address becomes the one that the bus has" is "$(cat $rules/r/device)" 0000:00:1f.3
echo 00:10.0/0.0 >$rules/r/path
check "a path becomes one with its domain" is "$(cat $rules/r/path)" 0000:00:10.0/00.0
echo 'pci:v00001234d000011e8*' >$rules/r/modalias
check "an alias has digits of upper case" is "$(cat $rules/r/modalias)" 'pci:v00001234d000011E8*'
echo 0x525400FFFF123456 >$rules/r/serial
check "a device serial number is written in pairs" is "$(cat $rules/r/serial)" 52-54-00-ff-ff-12-34-56
echo 7,2,0-1 >$rules/r/vf
check "indices are in order" is "$(cat $rules/r/vf)" 0-2,7
check "an ID of vendor and device is no device's name" fails_with EINVAL $rules/r/device 1234:11e8
mark=$(log_mark)
check "an ID of vendor and device is no parent's name" fails_with EINVAL $rules/r/parent 1234:11E8
check "the log has the reason why an ID is refused" \
	sh -c "dmesg | sed '1,/$mark\$/d' | grep -q 'rule r: parent: at 0: an ID names no device'"
check "an address that no PCI device has is refused" fails_with EINVAL $rules/r/device 0000:00:20.0
check "a flag that was never written is off" is "$(cat $rules/r/group_owned)" 0
echo >$rules/r/device
check "an empty line takes a field back" is "$(cat $rules/r/device)" ""
rmdir $rules/r

# The exception to a rule.
rule some "device=?${device#?}" driver=test-a
rule but "device=$device" driver=@standard
echo 1 >$rules/some/apply
check "a rule for the standard driver is an exception to others" is_as "$device" "$standard" "(null)"
rmdir $rules/but
echo 1 >$rules/some/apply
rule but "device=$device" driver=@standard
echo 1 >$rules/but/apply
check "applying the exception gives the standard driver back" is_as "$device" "$standard" "(null)"
rmdir $rules/some $rules/but

# The user's word counts more.
rule r "device=$device" driver=test-a
set_override "$device" test-b
echo 1 >$rules/r/apply
check "applying does not touch what a user set" is_as "$device" "$standard" test-b
set_override "$device" ""
echo 1 >$rules/r/apply
set_override "$device" test-b
check "a rule whose device a user took can be removed" rmdir $rules/r
check "the user's override stays when a rule is removed" is_as "$device" test-a test-b
check "the status names the user when a rule is removed" has_status "$device" by user
rebind "$device" ""

# Precedence.
rule any "device=$device*" "modalias=*" "bus=$bus" driver=none
rule exact "device=$device" driver=test-a
rule younger "device=$device" driver=test-b
echo 1 >$rules/any/apply
check "a less specific rule is not for the device" is_as "$device" "$standard" "(null)"
echo 1 >$rules/younger/apply
check "a younger rule is not for a device that an older one takes" is_as "$device" "$standard" "(null)"
echo 1 >$rules/exact/apply
check "the most specific rule is for the device" is_as "$device" test-a test-a
rebind "$device" ""
rmdir $rules/any $rules/younger $rules/exact
check "no rule is left after the most specific one won" is "$(ls $rules)" ""

alias=$(sed -n 's/^MODALIAS=//p' "$(device_path "$device")/uevent")
rule alias "device=$device*" "modalias=${alias%????}*" driver=test-b
echo 1 >$rules/alias/apply
check "an alias with a star matches" is_as "$device" test-b test-b
rmdir $rules/alias
rebind "$device" ""

mark=$(log_mark)
rule other bus=no-such-bus "device=$device" driver=test-b
check "the log says that a rule's bus is not extended" \
	sh -c "dmesg | sed '1,/$mark\$/d' | grep -q 'rule other: the bus no-such-bus is not extended'"
echo 1 >$rules/other/apply
check "a rule for another bus does not match" is_as "$device" "$standard" "(null)"
check "the module can't go while there are rules" sh -c "! rmmod overdrive 2>/dev/null"
rmdir $rules/other

# From the command line.
unload_overdrive
unbind "$device"
load_overdrive "rules=name=early,device=$device,driver=test-a"
check "a rule from the command line holds for devices without a driver" \
	is_as "$device" test-a test-a
check "a rule from the command line has its name" has_status "$device" by rule:early
unload_overdrive
check "unloading clears the override of a rule" is "$(get_override "$device")" "(null)"
unbind "$device"
load_overdrive "rules=name=one,device=no-such,driver=test-b" \
	"rules=name=two,device=$device,driver=test-a"
check "rules of several parameters add up" has_status "$device" by rule:two
check "rules of several parameters can be read together" is "$(cat /sys/module/overdrive/parameters/rules)" \
	"name=one,device=no-such,driver=test-b;name=two,device=$device,driver=test-a"
unload_overdrive
# Forty rules are more than a parameter of the usual type can have.
many=$(seq 40 | sed 's/.*/name=r&,device=no-such-device,driver=vfio-meta/' | tr '\n' ';')
unbind "$device"
load_overdrive "rules=${many}name=last,device=$device,driver=test-a"
check "there can be ${#many} bytes of rules before the last" has_status "$device" by rule:last
unload_overdrive
mark=$(log_mark)
check "a page of rules is refused" is "$(insmod_error overdrive "rules=$many$many$many")" ENOSPC
check "the log says that the rules are too long" \
	sh -c "dmesg | sed '1,/$mark\$/d' | grep -q 'overdrive: rules= has more than [0-9]* bytes'"
mark=$(log_mark)
load_overdrive "rules=name=typo,vendor=10de;device=[,driver=c,,name=good,device=$device,driver=test-a"
check "a rule of the parameter that is bad costs that rule" has_status "$device" by rule:good
check "the log has the position of a word that no rule has" \
	sh -c "dmesg | sed '1,/$mark\$/d' | grep -q 'rules= at 10 .*vendor=10de'"
check "the log has the position of a bad pattern" \
	sh -c "dmesg | sed '1,/$mark\$/d' | grep -q 'rules= at 29 .*\[,driver=c'"
unload_overdrive
unbind "$device"
probe "$device"
rmmod overdrive_test
finish
