#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A physical function and one that it makes: moving the first can take the second away, so that no set holds both.
#
# Machines: q35

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

physical=$(pci_devices 1b36:0010 | head -n 1)
[ -n "$physical" ] || skip_all "no NVMe controller"
path=/sys/bus/pci/devices/$physical
[ -e "$path/sriov_numvfs" ] || skip_all "no physical function"
node=/dev/overdrive

load_overdrive
echo 1 >"$path/sriov_numvfs"
virtual=$(basename "$(readlink "$path/virtfn0")")
plan 7

check "there is a virtual function" test -e "/sys/bus/pci/devices/$virtual"
check "a set of a physical function and one that it makes is EBUSY" \
	fails_with EBUSY $node "bind driver=vfio-meta pci/$physical pci/$virtual"
check "a set of a virtual function and its maker is EBUSY" \
	fails_with EBUSY $node "bind driver=none pci/$virtual pci/$physical"
check "a physical function that was refused in a set keeps its driver" is_as "$physical" nvme "(null)"
check "a virtual function that was refused in a set has no override" is "$(get_override "$virtual")" "(null)"
check "a virtual function is moved without its maker" rebind "$virtual" vfio-meta
check "a virtual function that was moved alone has its driver" is_as "$virtual" vfio-meta vfio-meta
rebind "$virtual" none
echo 0 >"$path/sriov_numvfs"
unload_overdrive
finish
