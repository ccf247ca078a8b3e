#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# overdrive monitor tells of moves, loans, rules and devices as they come and go, to people and to programs.
#
# Machines: q35
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

edu=$(pci_devices 1234:11e8 | head -n 1)
nic=$(pci_devices 8086:10d3 | head -n 1)
require "$edu" "$nic"
lines=/run/monitor
objects=/run/monitor-json
path=$(device_path "$nic")
load_overdrive
plan 20

# is_heard: a rule that is made and removed until both have told of it, so that nothing from now on is missed.
is_heard() {
	rule heard device=no-such driver=none
	sleep 1
	rmdir $rules/heard
	grep -q 'rule heard: in force' $lines && grep -q '"rule": "heard"' $objects
}

# tells TEXT: the lines for people have it, soon.
tells() {
	wait_until 20 grep -qF -- "$1" $lines && return
	comment "'$1' is not in:"
	sed 's/^/# /' $lines
	return 1
}

# tells_object TEXT...: one of the lines for programs has all of these.
tells_object() {
	wait_until 20 has_object "$@" && return
	comment "'$*' is not in:"
	sed 's/^/# /' $objects
	return 1
}

has_object() {
	cp $objects /run/monitor-left
	for _text; do
		grep -F -- "$_text" /run/monitor-left >/run/monitor-found
		mv /run/monitor-found /run/monitor-left
	done
	[ -s /run/monitor-left ]
}

no_monitor() {
	! pidof overdrive >/dev/null
}

# has_ended: both have, as soon as they are asked to.
has_ended() {
	[ ! -e /proc/$people ] && [ ! -e /proc/$programs ]
}

overdrive monitor >$lines 2>&1 &
people=$!
overdrive monitor --json >$objects 2>&1 &
programs=$!
check "monitor tells of a rule that is made" wait_until 20 is_heard
check "monitor tells of a rule that is removed" tells "rule heard: no longer in force"

exits 0 bind "$edu" vfio-meta
check "monitor tells of a driver that is bound" tells "pci/$edu: bound to vfio-meta"
check "monitor tells of a move" tells "pci/$edu: moved to vfio-meta"
check "monitor tells programs of a move" tells_object '"event": "done"' "\"device\": \"$edu\"" '"driver": "vfio-meta"'
exits 1 bind "$edu" e1000e
check "monitor tells of a move that is rolled back" tells "pci/$edu: not moved to e1000e; everything is as it was"
check "monitor tells programs of a move that is rolled back" \
	tells_object '"event": "rolled-back"' "\"device\": \"$edu\""
exits 0 release "$edu"

exits 0 run --with "$edu" -- true
check "monitor tells of a loan" tells "pci/$edu: lent, with vfio-meta"
check "monitor tells of the end of a loan" tells "pci/$edu: back from a loan"

rule mine "device=$nic" driver=none
echo 1 >"$path/remove"
echo 1 >/sys/bus/pci/rescan
check "monitor tells of a device that is removed" tells "pci/$nic: gone"
check "monitor tells of a device that is found, and its rule" \
	tells "pci/$nic: discovered, override no driver (rule mine)"
check "monitor tells of a device that a rule keeps drivers off" \
	tells "pci/$nic: kept without a driver (rule mine)"
check "monitor tells of a rule that has a hit" tells "rule mine: 1 hits until now"
check "monitor tells programs how many hits a rule has" \
	tells_object '"event": "rule-hit"' '"rule": "mine"' '"hits": 1'
rmdir $rules/mine

rule other "device=$nic" 'modalias=pci:v00001234*' driver=none
echo 1 >"$path/remove"
echo 1 >/sys/bus/pci/rescan
check "monitor tells of a device that is in the place of another" \
	tells "in the place that the rule other is for, but another device: modalias differs"
check "monitor tells programs of a near miss" \
	tells_object '"event": "near-miss"' "\"device\": \"$nic\"" '"differs": "modalias"'
rmdir $rules/other
check "what monitor tells programs is one object on every line" \
	is "$(grep -cv '^{"time": [0-9]*, "event": "[a-z-]*".*}$' $objects)" 0
kill $people $programs
check "monitor ends when it is asked to" wait_until 10 has_ended

# Whoever stops reading needs no more of it.
exits 0 release "$edu"
overdrive monitor --json "$edu" | head -n 1 >/run/monitor-first &
for _ in $(seq 20); do
	cli bind "$edu" vfio-meta
	cli release "$edu"
	! no_monitor || break
done
check "monitor ends when nobody reads it" no_monitor
check "monitor tells programs at once" grep -q "\"device\": \"$edu\"" /run/monitor-first
wait
unload_overdrive
finish
