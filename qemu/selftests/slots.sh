#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Slots of the meta drivers, in xen-pciback's syntax.
#
# Machines: q35 virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

driver=/sys/bus/pci/drivers/vfio-meta
platform=/sys/bus/platform/drivers/vfio-platform

device=$(pci_devices 1234:11e8 | head -n 1)
twin=$(pci_devices 1234:11e8 | sed -n 2p)
[ -n "$twin" ] || skip_all "no two edu devices"
slot=${device%.*}

load_overdrive
plan 22

check "there is no slot at first" is "$(cat $driver/slots)" ""
check "a slot is added" sh -c "echo $device >$driver/new_slot"
check "a slot that was added is listed" is "$(cat $driver/slots)" "$device"
check "adding a slot a second time is no error" sh -c "echo $device >$driver/new_slot"
check "adding a slot a second time makes no second slot" is "$(wc -l <$driver/slots)" 1
check "the device of a new slot is not bound" is_as "$device" none vfio-meta
check "the state of a slot's device names the slot" has_status "$device" by slot
check "the driver's bind takes a slot's device" sh -c "printf %s $device >$driver/bind"
check "a slot's device is bound after bind" is_bound "$device" vfio-meta
check "the twin of a slot's device is left alone" is_as "$twin" none "(null)"
check "removing a slot does not unbind its device" sh -c "echo $device >$driver/remove_slot"
check "removing a slot clears the override of its device" is_as "$device" vfio-meta "(null)"
check "what is no slot can't be removed" fails_with ENOENT $driver/remove_slot "$device"
unbind "$device"

check "a slot can be named without its domain" sh -c "printf %s '${slot#*:}.*' >$driver/new_slot"
check "a slot without its domain is listed in full" is "$(cat $driver/slots)" "$slot.*"
check "a slot without its domain has its device" is "$(get_override "$device")" vfio-meta
check "a slot is removed by any of its names" sh -c "echo '$slot.*' >$driver/remove_slot"
check "a bad slot is refused" fails_with EINVAL $driver/new_slot 0000:01:04.d
check "an empty slot is refused" fails_with EINVAL $driver/new_slot ""

name=$(free_platform_device)
echo "$name" >$platform/new_slot
check "platform devices have slots by name" is "$(cat $platform/slots)" "$name"
echo "$name" >$platform/remove_slot

unload_overdrive
load_overdrive "slots=(${device#*:}  # gpu)(${device#*:})(${twin%.*}.*)"
check "a slot of the parameter that is bad costs that slot" is "$(sort $driver/slots | tr '\n' ' ')" \
	"$device ${twin%.*}.* "
check "slots of the parameter hold when the module is loaded" is "$(bound_driver "$device") $(bound_driver "$twin")" \
	"vfio-meta vfio-meta"
unload_overdrive
finish
