#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unloading the module while it has devices, while it is given devices, and again and again.
#
# Machines: q35 microvm virt
# Timeout: 240

. ./lib.sh
. ./devices.sh

cycles=$(stress_count 50 200)

if [ -n "$(pci_devices 1234:11e8)" ]; then
	bus=pci meta=vfio-meta
	device=$(pci_devices 1234:11e8 | head -n 1)
else
	bus=platform meta=vfio-platform
	device=$(virtio_mmio_devices 4 | head -n 1)
fi

[ -n "$device" ] || skip_all "no edu and no virtio-mmio device"
standard=$(bound_driver "$device")
allow_noiommu
plan 6

# While bound.
load_overdrive
set_override "$device" $meta
rebind_by_hand "$device"
check "the meta driver has the device" is_bound "$device" $meta
unload_overdrive
check "unloading releases it" is_bound "$device" none

# The override outlives the driver that it names, and works again for the next one.
load_overdrive
check "loading binds it again" is_bound "$device" $meta

# While binding and unbinding go on in another process.
(
	while [ ! -e /tmp/stop ]; do
		echo "$device" >/sys/bus/$bus/drivers/$meta/unbind
		echo "$device" >/sys/bus/$bus/drivers_probe
	done
) 2>/dev/null &
prober=$!
good=0
for _ in $(seq "$cycles"); do
	rmmod overdrive && modprobe overdrive && good=$((good + 1))
done
touch /tmp/stop
wait $prober
rm /tmp/stop
check "$cycles times unloaded and loaded while being bound" test "$good" -eq "$cycles"

rmmod overdrive
set_override "$device" ""
echo "$device" >/sys/bus/$bus/drivers_probe
check "the device is as it was" is_bound "$device" "$standard"

used_before=$(slab_used)
good=0
for _ in $(seq "$cycles"); do
	modprobe overdrive && rmmod overdrive && good=$((good + 1))
done
comment "slab before $used_before KiB, after $(slab_used) KiB"
check "$cycles times loaded and unloaded" test "$good" -eq "$cycles"
finish
