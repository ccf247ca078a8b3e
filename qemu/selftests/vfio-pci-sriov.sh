#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Virtual functions of a device that the meta driver has.
#
# Machines: q35
# Timeout: 60

. ./lib.sh
. ./devices.sh
. ./vfio.sh
. ./pci.sh

pf=$(pci_devices 1b36:0010 | head -n 1)
[ -n "$pf" ] || skip_all "no nvme device"
numvfs=/sys/bus/pci/devices/$pf/sriov_numvfs
[ -e "$numvfs" ] || skip_all "the nvme device has no virtual functions"

# vf NUMBER: the address of a virtual function.
vf() {
	basename "$(readlink "/sys/bus/pci/devices/$pf/virtfn$1")"
}

vf_count() {
	is "$(find "/sys/bus/pci/devices/$pf/" -name 'virtfn*' | wc -l)" "$1"
}

load_overdrive pci_driver=vfio-other
plan 11

check "the physical function is handed over" take_pci "$pf" vfio-other
check "virtual functions need enable_sriov" fails_with ENOENT "$numvfs" 2
check "there are no virtual functions at first" vf_count 0
echo Y >/sys/module/overdrive/parameters/enable_sriov
check "virtual functions appear with enable_sriov" sh -c "echo 2 > $numvfs"
check "the override of a virtual function is the driver's name" is "$(get_override "/sys/bus/pci/devices/$(vf 0)")" vfio-other
check "the driver has the first virtual function" is_bound "$(vf 0)" vfio-other
check "the driver has the second virtual function" is_bound "$(vf 1)" vfio-other
check "another number of virtual functions is refused meanwhile" fails_with EBUSY "$numvfs" 1
check "virtual functions can be taken away" sh -c "echo 0 > $numvfs"
check "there are no virtual functions in the end" vf_count 0
unbind "/sys/bus/pci/devices/$pf"
set_override "/sys/bus/pci/devices/$pf" ""
probe "/sys/bus/pci/devices/$pf"
check "the physical function is with its standard driver in the end" is_bound "$pf" nvme

unload_overdrive
finish
