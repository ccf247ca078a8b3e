#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A kernel without VFIO's groups: there is a character device for each device, an iommufd, and nothing else.
#
# Machines: q35
# Flavors: strict
# Timeout: 120

. ./lib.sh
. ./devices.sh
. ./vfio.sh
. ./pci.sh
. ./overdrive.sh

edu=$(pci_devices 1234:11e8 | head -n 1)
[ -n "$edu" ] || skip_all "no edu device"
load_overdrive
plan 13

check "the kernel has no VFIO groups" test ! -e /dev/vfio/vfio
check "a device goes to the VFIO driver in a kernel without groups" rebind "$edu" vfio-meta
node=$(ls "/sys/bus/pci/devices/$edu/vfio-dev" 2>/dev/null)
check "the device has a character device" test -c "/dev/vfio/devices/$node"
check "there is no node for its group" test ! -e "/dev/vfio/$(iommu_group "$edu")"
check "edu does all it can by its character device alone" subtest overdrive-edu "$edu" cdev variant

check "status names the node of the device" sh -c "overdrive status $edu | grep -q /dev/vfio/devices/$node"
check "status names no node of a group" sh -c "! overdrive status $edu | grep -q '/dev/vfio/[0-9]'"
check "doctor misses no node of VFIO" sh -c "! overdrive doctor $edu | grep -q no-vfio-node"
check "doctor says nothing of a container that the kernel does not have" \
	sh -c "! overdrive doctor $edu | grep -qE 'vfio_iommu_type1|/dev/vfio/vfio'"

# Its user.
sleep 60 | overdrive-hold "$edu" cdev >/tmp/holder 2>&1 &
wait_until 20 has_status "$edu" owned yes >/dev/null
check "a device whose character device is open is owned" has_status "$edu" owned yes
check "a device whose character device is open is not moved" rebind_fails EBUSY "$edu" none
killall sleep overdrive-hold
check "a device whose user has gone is not owned" comes_to "$edu" owned no
check "a device whose user has gone is moved" rebind "$edu" ""
unload_overdrive
finish
