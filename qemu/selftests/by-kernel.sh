#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# An override that the kernel set when the device was added is the kernel's, until somebody writes one.
#
# Machines: q35 microvm virt
# Timeout: 120

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

device=overdrive-kernel
require_module overdrive_set
rmmod overdrive_set
load_overdrive
modprobe overdrive_set

# A physical function that userspace gets with its virtual ones.
pf=$(pci_devices 1b36:0010 2>/dev/null | head -n 1)
[ -e "/sys/bus/pci/devices/$pf/sriov_numvfs" ] && [ -n "$pf" ] &&
	modprobe vfio-pci enable_sriov=1 2>/dev/null || pf=

# added_again: the device is as the kernel has made it.
added_again() {
	rmmod overdrive_set
	modprobe overdrive_set
}

# is_users_again N: the user clears and writes the text of the kernel's own override so many times.
is_users_again() {
	for _ in $(seq "$1"); do
		set_override "$device" ""
		set_override "$device" kernels-own
		has_status "$device" by user || return
	done
}

plan $((9 + 3 * $(echo "$pf" | wc -w)))
check "an override that a device is added with is the kernel's" has_status "$device" by kernel
check "an override that a device is added with is as it was" is "$(get_override "$device")" kernels-own
exec 8<>/dev/overdrive
echo "lend driver=none platform/$device" >&8
check "a loan has an override of its own" has_status "$device" by user
exec 8>&-
check "the kernel's own override comes back after a loan" comes_to "$device" by kernel
set_override "$device" kernels-own
check "what a user writes is the user's, if the kernel had set the same" has_status "$device" by user
check "what a user writes again and again is never the kernel's" is_users_again 20
added_again
unload_overdrive
check "the kernel's own override outlives the module" is "$(get_override "$device")" kernels-own
load_overdrive
added_again
rule r "device=$device" driver=test-sleep
echo 1 >$rules/r/apply
check "a rule that is applied has its override instead of the kernel's" has_status "$device" by rule:r
rmdir $rules/r
check "a rule that is gone leaves no override of the kernel's" has_status "$device" by -

if [ -n "$pf" ]; then
	rebind "$pf" vfio-pci
	echo 1 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
	vf=$(basename "$(readlink "/sys/bus/pci/devices/$pf/virtfn0")")
	check "a virtual function of a VFIO driver has the kernel's override" has_status "$vf" by kernel
	check "a virtual function of a VFIO driver is with it" is_as "$vf" vfio-pci vfio-pci
	set_override "$vf" vfio-pci
	check "a virtual function's override that a user writes is the user's" has_status "$vf" by user
	echo 0 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
	rebind "$pf" ""
	rmmod vfio-pci
fi
rmmod overdrive_set
unload_overdrive
finish
