#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unloading the module while it has devices, while it is given devices, and again and again.
#
# Timeout: 240

. "$(dirname "$0")/lib.sh"

cycles=$(stress_count 50 200)

if [ -n "$(pci_devices 1234 11e8)" ]; then
	bus=pci meta=vfio-meta
	device=$(pci_devices 1234 11e8 | head -n 1)
else
	bus=platform meta=vfio-platform
	device=$(virtio_mmio_devices 4 | head -n 1)
fi

ktap_print_header
[ -n "$device" ] || skip_all "no edu and no virtio-mmio device"
standard=$(driver_of $bus "$device")
allow_noiommu
ktap_set_plan 6

# While bound.
load_overdrive
set_override $bus "$device" $meta
rebind_by_hand $bus "$device"
ktap_test_result "the meta driver has the device" is_bound $bus "$device" $meta
unload_overdrive
ktap_test_result "unloading releases it" is_bound $bus "$device" -

# The override outlives the driver that it names, and works again for the next one.
load_overdrive
ktap_test_result "loading binds it again" is_bound $bus "$device" $meta

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
ktap_test_result "$cycles times unloaded and loaded while being bound" test "$good" -eq "$cycles"

rmmod overdrive
set_override $bus "$device" ""
echo "$device" >/sys/bus/$bus/drivers_probe
ktap_test_result "the device is as it was" is_bound $bus "$device" "$standard"

used_before=$(slab_used)
good=0
for _ in $(seq "$cycles"); do
	modprobe overdrive && rmmod overdrive && good=$((good + 1))
done
ktap_print_msg "slab before $used_before KiB, after $(slab_used) KiB"
ktap_test_result "$cycles times loaded and unloaded" test "$good" -eq "$cycles"
ktap_finished
