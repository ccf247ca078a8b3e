#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The command line makes rules and slots, saves them, and puts them in force again.
#
# Machines: q35
# Timeout: 400

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

edu=$(pci_devices 1234:11e8 | head -n 1)
twin=$(pci_devices 1234:11e8 | sed -n 2p)
[ -n "$twin" ] || skip_all "no two edu devices"

# listed RULE FROM: where rule list says that it comes from.
listed() {
	exits 0 rule list && is "$(awk -v rule="$1" '$1 == rule { print $2 }' $out)" "$2"
}

tests() {
	rm -rf $OVERDRIVE_SAVED
	check "rule add without the module says so" exits 5 rule add r "device=$edu" driver=vfio-meta
	load_overdrive
	check "a rule is made" exits 0 rule add r "device=$edu" driver=vfio-meta
	check "a rule that rule add makes is in force" is "$(cat $rules/r/enabled) $(cat $rules/r/device) $(cat $rules/r/driver)" "1 $edu vfio-meta"
	check "rule add leaves what is here as it is" is_as "$edu" none "(null)"
	check "rule list tells of a rule that was made" listed r user
	check "rule list tells the hits of a rule" says " 0 "
	check "rule add refuses a rule that is there already" exits 1 rule add r "device=$edu" driver=vfio-meta
	check "rule add refuses a bad pattern" exits 1 rule add bad "device=[" driver=none
	check "rule add tells where a pattern is bad" says "no rule bad was made: device=[: at 0: "
	check "a rule with a bad pattern leaves nothing" test ! -e $rules/bad
	check "rule add refuses a rule for nothing" exits 1 rule add bad driver=none
	check "rule add refuses a field that is none" exits 2 rule add bad "colour=red" driver=none
	check "rule add refuses a name that is none" exits 2 rule add ../bad "device=$edu" driver=none
	check "rule del removes a rule" exits 0 rule del r
	check "a rule that was deleted is gone" test ! -e $rules/r
	check "rule del refuses a rule that is not there" exits 4 rule del r
	check "rule add --apply --save makes a rule" exits 0 rule add --apply --save r "device=$edu" driver=vfio-meta
	check "rule add --apply moves what is here" is_as "$edu" vfio-meta vfio-meta
	check "tree works while a rule moves a device" exits 0 tree
	check "tree names the rule that decided" says "vfio-meta, as rule:r says"
	check "a saved rule is a line for each field" grep -qx "device = $edu" "$OVERDRIVE_SAVED/r.rule"
	check "rule list tells that a rule is saved" listed r saved
	check "rule list has JSON" exits 0 rule list --json
	check "the JSON of rule list has a saved rule" says "\"rule\": \"r\", \"from\": \"saved\""

	check "slot add makes a slot" exits 0 slot add "$twin"
	check "slot list tells of slots" exits 0 slot list
	check "slot list names a slot by its address" says "$twin"
	check "slot add refuses a bad slot" exits 1 slot add 0000:01:04.d
	check "save keeps rules and slots" exits 0 save
	check "a saved slot is a line" grep -qx "$twin" $OVERDRIVE_SAVED/slots
	check "slot del removes a slot" exits 0 slot del "$twin"
	check "slot del refuses a slot that is not there" exits 4 slot del "$twin"
	check "rule del leaves a saved rule saved" exits 0 rule del r
	check "rule del says that a rule is still saved" says "still saved"
	exits 0 release "$edu"

	# Into a module that is there.
	check "restore brings rules and slots back" exits 0 restore
	check "a restored rule is listed as saved" listed r saved
	check "a restored rule moves its device" is_as "$edu" vfio-meta vfio-meta
	check "a restored slot is there" is "$(cat /sys/bus/pci/drivers/vfio-meta/slots)" "$twin"
	check "restore changes nothing the second time" exits 0 restore
	cli rule del r
	cli slot del "$twin"
	unload_overdrive

	# With the module.
	check "rule list works without the module" exits 0 rule list
	check "a saved rule that is not in force is listed as such" says "saved, not in force"
	check "restore loads the module for rules" exits 0 restore
	check "a rule that restore made is listed as saved" listed r saved
	check "a rule that restore made holds" is_as "$edu" vfio-meta vfio-meta
	check "a slot that restore made holds" is_bound "$twin" vfio-meta
	check "restore makes no rule twice" is "$(ls $rules)" "r"
	check "a rule that restore made can be removed" exits 0 rule del r
	check "rule del refuses to remove what is neither made nor saved" exits 4 rule del --save nonsense
	unload_overdrive
	modprobe overdrive "rules=name=r,device=$twin,driver=none"
	check "restore says that the module was loaded with another rule of the name" exits 1 restore
	check "the rule of the parameter is told with what helps" says "modprobe.d or on the kernel's command line"
	cli rule del r
	check "rule del says where a rule of the parameter is from" says "take it out of modprobe.d"
	unload_overdrive
	unbind "$edu" 2>/dev/null
	unbind "$twin" 2>/dev/null

	# What a person writes, and what has no place in a parameter.
	printf '%s\n' '# mine' "  device=$edu" 'modalias = pci:v*,*' 'driver	=  none ' >$OVERDRIVE_SAVED/r.rule
	check "restore --print has a line for modprobe.d" exits 0 restore --print
	check "restore --print escapes what it must" says "options overdrive rules=name=r,device=$edu,modalias=pci:v*\\\\,*,driver=none slots=($twin)"
	printf '%s\n' 'device = [' 'driver = none' >$OVERDRIVE_SAVED/bad.rule
	check "restore fails with one bad rule" exits 1 restore
	check "restore names the bad rule" says "bad.rule:1: device = [: at 0: "
	check "restore keeps the rules that are good" listed r saved
	cli rule del --save r
	check "rule del --save removes rules with their files" test ! -e $OVERDRIVE_SAVED/r.rule -a ! -e $rules/r
	cli slot del "$twin"
	unload_overdrive
}

plan 57
tests
finish
