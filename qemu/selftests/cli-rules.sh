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
	check "no module, no rule" exits 5 rule add r "device=$edu" driver=vfio-meta
	load_overdrive
	check "a rule is made" exits 0 rule add r "device=$edu" driver=vfio-meta
	check "it is in force" is "$(cat $rules/r/enabled) $(cat $rules/r/device) $(cat $rules/r/driver)" "1 $edu vfio-meta"
	check "what is here stays as it is" is_as "$edu" none "(null)"
	check "it is listed" listed r user
	check "with its hits" says " 0 "
	check "it is there already" exits 1 rule add r "device=$edu" driver=vfio-meta
	check "a bad pattern" exits 1 rule add bad "device=[" driver=none
	check "is explained" says "no rule bad was made: device=[: at 0: "
	check "and leaves nothing" test ! -e $rules/bad
	check "a rule for nothing" exits 1 rule add bad driver=none
	check "a field that is none" exits 2 rule add bad "colour=red" driver=none
	check "a name that is none" exits 2 rule add ../bad "device=$edu" driver=none
	check "a rule is removed" exits 0 rule del r
	check "it is gone" test ! -e $rules/r
	check "a second time" exits 4 rule del r
	check "a rule acts on what is here" exits 0 rule add --apply --save r "device=$edu" driver=vfio-meta
	check "when it is asked to" is_as "$edu" vfio-meta vfio-meta
	check "tree names it" exits 0 tree
	check "as what decided" says "vfio-meta, as rule:r says"
	check "the file is for people" grep -qx "device = $edu" "$OVERDRIVE_SAVED/r.rule"
	check "a saved rule is listed so" listed r saved
	check "JSON as well" exits 0 rule list --json
	check "has it" says "\"rule\": \"r\", \"from\": \"saved\""

	check "a slot is made" exits 0 slot add "$twin"
	check "it is listed" exits 0 slot list
	check "by address" says "$twin"
	check "a bad slot" exits 1 slot add 0000:01:04.d
	check "everything is saved" exits 0 save
	check "a slot a line" grep -qx "$twin" $OVERDRIVE_SAVED/slots
	check "the slot is removed" exits 0 slot del "$twin"
	check "a second time" exits 4 slot del "$twin"
	check "the rule is removed, and stays saved" exits 0 rule del r
	check "which is said" says "still saved"
	exits 0 release "$edu"

	# Into a module that is there.
	check "all of it comes back" exits 0 restore
	check "the rule" listed r saved
	check "which moves its device" is_as "$edu" vfio-meta vfio-meta
	check "and the slot" is "$(cat /sys/bus/pci/drivers/vfio-meta/slots)" "$twin"
	check "a second time changes nothing" exits 0 restore
	cli rule del r
	cli slot del "$twin"
	unload_overdrive

	# With the module.
	check "what is not in force is listed" exits 0 rule list
	check "as such" says "saved, not in force"
	check "restore loads the module" exits 0 restore
	check "the rule is its parameter" listed r parameter
	check "which holds" is_as "$edu" vfio-meta vfio-meta
	check "and with the slot" is_bound "$twin" vfio-meta
	check "no rule is made twice" is "$(ls $rules)" ""
	check "a rule of the parameter can't be removed" exits 4 rule del --save nonsense
	unload_overdrive
	unbind "$edu" 2>/dev/null
	unbind "$twin" 2>/dev/null

	# What a person writes, and what has no place in a parameter.
	printf '%s\n' '# mine' "  device=$edu" 'modalias = pci:v*,*' 'driver	=  none ' >$OVERDRIVE_SAVED/r.rule
	check "a line for modprobe.d" exits 0 restore --print
	check "escapes what it must" says "options overdrive rules=name=r,device=$edu,modalias=pci:v*\\\\,*,driver=none slots=($twin)"
	printf '%s\n' 'device = [' 'driver = none' >$OVERDRIVE_SAVED/bad.rule
	check "one bad rule" exits 1 restore
	check "is named" says "bad.rule:1: device = [: at 0: "
	check "the others hold" listed r parameter
	cli rule del --save r
	check "and are removed with their files" test ! -e $OVERDRIVE_SAVED/r.rule -a ! -e $rules/r
	cli slot del "$twin"
	unload_overdrive
}

plan 53
tests
finish
