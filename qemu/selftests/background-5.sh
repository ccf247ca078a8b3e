#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The commands of "PCI Backend - Late Binding" for xen-pciback, with 0000:01:04.d, 0000:05:02.0 and
# 3c905, and the name of our driver for pciback.
#
# Its two warnings, never to unbind a device and never to unload the module while a domain uses the
# device, do not apply: in-use.sh shows both.
#
# Machines: q35 virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

load_overdrive
pciback=/sys/bus/pci/drivers/vfio-meta
A=$(pci_devices 1234:11e8 | head -n 1)
B=$(any_nic)
[ -n "$A" ] || skip_all "no edu"
[ -n "$B" ] || skip_all "no network card with a driver"
standard=$(bound_driver "$B")
plan 5

# "Add a new slot to the PCI Backend's list"
printf %s "$A" > $pciback/new_slot
check "a new slot is listed, and its device not bound" \
	is "$(cat $pciback/slots) $(bound_driver "$A")" "$A none"
# "Now that the backend is watching for the slot, bind to it"
printf %s "$A" > $pciback/bind
check "the backend has a device in a slot after bind" is_bound "$A" vfio-meta

# "Unbind a PCI network card from its network driver"
printf %s "$B" > "/sys/bus/pci/drivers/$standard/unbind"
check "the network driver has let go of a card in a slot" is_bound "$B" none
# "And now bind it to the PCI Backend"
printf %s "$B" > $pciback/new_slot
printf %s "$B" > $pciback/bind
check "the backend has a network card in a slot after bind" is_bound "$B" vfio-meta

printf %s "$A" > $pciback/remove_slot
printf %s "$B" > $pciback/remove_slot
printf %s "$A" > $pciback/unbind
printf %s "$B" > $pciback/unbind
echo "$B" > /sys/bus/pci/drivers_probe
check "devices are as they were when their slots are removed" \
	is "$(bound_driver "$A") $(bound_driver "$B")" "none $standard"
unload_overdrive
finish
