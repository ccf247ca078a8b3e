#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What is saved is checked by file and line, and what is bad costs no other entry.
#
# Machines: q35
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

edu=$(pci_devices 1234:11e8 | head -n 1)
twin=$(pci_devices 1234:11e8 | sed -n 2p)
require "$edu" "$twin"

# saved FILE LINE...: all that is in the file.
saved() {
	mkdir -p $OVERDRIVE_SAVED
	_file=$1
	shift
	printf '%s\n' "$@" >"$OVERDRIVE_SAVED/$_file"
}

# names FILE LINE: check, and the line for modprobe.d, name the bad line, and the good rule is in the latter.
names() {
	exits 1 check && says "$OVERDRIVE_SAVED/$1:$2: " || return
	exits 1 restore --print && says "$OVERDRIVE_SAVED/$1:$2: " && says "rules=name=good,device=$edu,driver=vfio-meta"
	_result=$?
	rm "$OVERDRIVE_SAVED/$1"
	return $_result
}

rm -rf $OVERDRIVE_SAVED
plan 23
saved good.rule "device = $edu" 'driver = vfio-meta'
check "check finds nothing wrong in a good file" exits 0 check
saved typo.rule 'vendor = 10de' 'driver = vfio-meta'
check "a field that is none is named with its line" names typo.rule 1
saved case.rule '# a comment' "Device = $twin" 'driver = none'
check "a field in capital letters is named with its line" names case.rule 2
saved sign.rule 'device 0000:66:00.0' 'driver = none'
check "a line without a sign is named" names sign.rule 1
saved comment.rule "device = $twin  # the second" 'driver = none'
check "a comment after a value is named" names comment.rule 1
saved slots "$twin  # gpu"
check "a comment after a slot is named" names slots 1
saved buses 'usb everything'
check "a scope that is none is named" names buses 1
saved 'my gpu.rule' "device = $twin" 'driver = none'
exits 1 check
check "a file whose name no rule can have is named" says "'my gpu' can't be a rule's name"
rm "$OVERDRIVE_SAVED/my gpu.rule"

saved bad.rule 'device = [' 'driver = none'
check "restore fails with a bad file" exits 1 restore
check "a good rule holds beside a bad file" is_bound "$edu" vfio-meta
rm $OVERDRIVE_SAVED/bad.rule
check "restore changes nothing when all is in force" exits 0 restore --json
check "restore says in JSON that it changed nothing" says '"changed": false'

# A file that was changed replaces its rule.
exits 0 rule del good
unload_overdrive
unbind "$edu"
load_overdrive
exits 0 restore
saved good.rule "device = $twin" 'driver = vfio-meta'
check "plan tells that a changed file would replace its rule" exits 0 plan
check "plan names the changed rule" says "good would be put in force."
exits 0 restore
check "restore replaces the rule" is "$(cat $rules/good/device)" "$twin"
check "a replaced rule gives the other device its driver" is_bound "$twin" vfio-meta
cli rule del --save good

# A rule that is tried: its trial begins when restore puts it in force.
check "a rule is made for a trial" exits 0 rule add --save --try-boot 3 tried "device=$edu" driver=vfio-meta
exits 0 rule del tried
unbind "$edu"
check "restore begins the trial of a rule" exits 0 restore
check "a rule on trial gives its device the driver" is_bound "$edu" vfio-meta
check "a rule that nobody confirms is taken back" wait_until 20 test ! -d $rules/tried
check "the file of a rule that was taken back says so" wait_until 5 grep -qx 'trial = failed' $OVERDRIVE_SAVED/tried.rule
exits 1 restore
check "a rule that was taken back is not restored" test ! -d $rules/tried
rm /run/overdrive/trial-tried
cli rule add --save --try-boot 3 tried "device=$edu" driver=vfio-meta
exits 0 rule del tried
exits 0 restore
exits 0 confirm
sleep 4
check "a rule that was confirmed stays" test -d $rules/tried
cli rule del --save tried
cli release "$edu"
cli release "$twin"
unload_overdrive
finish
