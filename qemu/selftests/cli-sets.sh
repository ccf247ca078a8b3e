#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Several devices move together or not at all; a command borrows devices, and they are back however it ends.
#
# Machines: q35
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

edu=$(pci_devices 1234:11e8 | head -n 1)
twin=$(pci_devices 1234:11e8 | sed -n 2p)
nic=$(pci_devices 8086:10d3 | head -n 1)
require "$edu" "$twin" "$nic"
require_module overdrive_test
load_overdrive
plan 32

# are DRIVER DEVICE...: all of them have it.
are() {
	_wanted=$1
	shift
	for _device; do
		is_bound "$_device" "$_wanted" || return
	done
}

# returned: the borrowed device has what it had.
returned() {
	is "$(bound_driver "$edu") $(get_override "$edu")" "none (null)" && has_status "$edu" lent no
}

check "three devices move together" exits 0 bind "$edu" "$twin" "$nic" test-a
check "all three have the driver" are test-a "$edu" "$twin" "$nic"
check "bind tells of each device of a set" says "$twin: test-a, override test-a"
check "bind of a set was one transaction" says_not "one after the other"
check "a set that one device can't follow fails" exits 1 bind "$nic" "$edu" e1000e
check "the device in the way is named" says "pci/$edu: the driver did not take it"
check "all of the set is as it was" are test-a "$edu" "$twin" "$nic"
check "three devices are released together" exits 0 release "$edu" "$twin" "$nic"
check "released devices have the driver that is for each" is "$(bound_driver "$edu") $(bound_driver "$nic")" "none e1000e"

# shellcheck disable=SC2016 # for the inner shell
check "a command has what it borrows" \
	exits 0 run --with "$edu" -- sh -c 'basename "$(readlink "/sys/bus/pci/devices/$1/driver")"' sh "$edu"
check "a command has its device with overdrive's driver for VFIO" says vfio-meta
check "the device is back after the command" wait_until 20 returned
check "the exit status is the command's" exits 7 run --with "$edu=test-a" -- sh -c 'exit 7'
wait_until 20 returned
check "a command that is not there is not found" exits 4 run --with "$edu" -- no-such-command
check "the device is back when there was no such command" wait_until 20 returned

overdrive run --with "$edu" --with "$nic=test-a" -- sleep 600 >/dev/null 2>&1 &
borrower=$!
wait_until 20 is_bound "$edu" vfio-meta
check "a command borrows devices for different drivers" wait_until 20 is_bound "$nic" test-a
check "what is lent can't be lent again" exits 3 run --with "$edu" -- true
check "status tells that a device is lent" exits 0 status "$edu"
check "status tells for how long a device is lent" says "as long as a process has /dev/overdrive open"
kill -9 $borrower
wait $borrower
check "a command that is killed gives back what it borrowed" wait_until 20 returned
check "a command that is killed gives all of its devices back" wait_until 20 is_bound "$nic" e1000e

# With nobody to confirm it.
# shellcheck disable=SC2154 # of cli.sh
sleep 5 | overdrive bind --try 1 "$edu" vfio-meta >"$out" 2>"$err"
check "a move that nobody confirms is undone" wait_until 20 returned
check "a move that nobody confirms is told" says "it was not confirmed"
check "bind --try accepts a confirmation" sh -c "echo yes | overdrive bind --try 60 $edu vfio-meta"
check "a move that is confirmed is for good" is_bound "$edu" vfio-meta
check "a move that is confirmed is no loan" has_status "$edu" lent no
cli release "$edu"
check "nothing is to be confirmed when nothing is on trial" exits 4 confirm
overdrive bind --try 60 "$edu" vfio-meta </dev/null >/run/trial 2>&1 &
trial=$!
wait_until 20 test -e /run/overdrive/try-$trial
check "a move on trial waits though nobody can type" test -e /proc/$trial
check "a move on trial is confirmed from another terminal" exits 0 confirm
check "the confirmation names the device" says "$edu: confirmed"
wait $trial
check "a move that was confirmed elsewhere is no loan" has_status "$edu" lent no
check "a move that was confirmed elsewhere is for good" is_bound "$edu" vfio-meta
cli release "$edu"
unload_overdrive
rmmod overdrive_test
finish
