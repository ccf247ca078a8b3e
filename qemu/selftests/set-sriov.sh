#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A physical function makes its virtual ones: no set has both.
#
# Machines: q35
# Timeout: 60

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

pf=$(pci_devices 1b36:0010 | head -n 1)
dir=/sys/bus/pci/devices/$pf
[ -e "$dir/sriov_numvfs" ] || skip_all "no physical function"
require_module overdrive_test
load_overdrive

# ask LINE: in one write; prints the answer.
ask() {
	exec 7<>/dev/overdrive
	echo "$1" >&7 2>/dev/null
	tr '\n' ';' <&7
	exec 7>&-
}

plan 7
echo 0 >"$dir/sriov_drivers_autoprobe"
echo 2 >"$dir/sriov_numvfs"
first=$(basename "$(readlink "$dir/virtfn0")")
second=$(basename "$(readlink "$dir/virtfn1")")
check "a physical function and a virtual one of it are no set" \
	fails_with EBUSY /dev/overdrive "bind driver=none pci/$pf pci/$first"
check "a set is refused whose virtual function is named first" \
	fails_with EBUSY /dev/overdrive "lend driver=none pci/$first pci/$pf"
check "the answer says which device is made by another" is "$(ask "bind driver=none pci/$pf pci/$second")" \
	"device=pci/$pf state=untouched;device=pci/$second state=untouched error=-16 reason=made-by;"
check "a physical function keeps its driver when its set is refused" is_bound "$pf" nvme
check "virtual functions of one are a set" sh -c "echo 'bind driver=test-a pci/$first pci/$second' >/dev/overdrive"
check "a virtual function of a set is bound" is_as "$first" test-a test-a
check "the other virtual function of a set is bound" is_as "$second" test-a test-a
echo 0 >"$dir/sriov_numvfs"
echo 1 >"$dir/sriov_drivers_autoprobe"
rmmod overdrive_test
unload_overdrive
finish
