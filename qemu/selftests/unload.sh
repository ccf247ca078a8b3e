#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unloading the module while it has devices, while it is given devices, and again and again.
#
# Machines: q35 microvm virt
# Timeout: 480

. ./lib.sh
. ./devices.sh

cycles=$(stress_count 20 200)
# What a cycle may leave behind, in KiB of slabs, once all caches are warm.
leak_limit=5

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

# load_and_unload COUNT
load_and_unload() {
	for _ in $(seq "$1"); do
		modprobe overdrive && rmmod overdrive || return
	done
}

# bind_and_unbind: until /tmp/unloads-are-done is there; prints how often either succeeded.
bind_and_unbind() {
	_good=0
	while [ ! -e /tmp/unloads-are-done ]; do
		echo "$device" >/sys/bus/$bus/drivers/$meta/unbind && _good=$((_good + 1))
		echo "$device" >/sys/bus/$bus/drivers/$meta/bind && _good=$((_good + 1))
	done 2>/dev/null
	echo $_good
}

# unload_and_load COUNT
unload_and_load() {
	for _ in $(seq "$1"); do
		rmmod overdrive && modprobe overdrive || return
	done
}

plan 8

# While bound.
load_overdrive
set_override "$device" $meta
rebind_by_hand "$device"
check "a VFIO driver has the device before the module is unloaded" is_bound "$device" $meta
unload_overdrive
check "unloading releases a device" is_bound "$device" none
load_overdrive
check "an override that outlived the module binds the device when it is loaded again" \
	is_bound "$device" $meta

# While binding and unbinding go on in another process.
rm -f /tmp/unloads-are-done
bind_and_unbind >/tmp/good &
prober=$!
check "the module is unloaded and loaded while its device is bound and unbound" \
	unload_and_load "$cycles"
touch /tmp/unloads-are-done
wait $prober
rm /tmp/unloads-are-done
comment "bound or unbound $(cat /tmp/good) times"
check "the device was bound and unbound while the module was unloaded and loaded" \
	test "$(cat /tmp/good)" -gt "$cycles"

rmmod overdrive
set_override "$device" ""
echo "$device" >/sys/bus/$bus/drivers_probe
check "a device has its standard driver when the module is gone" is_bound "$device" "$standard"

# The first ones fill caches.
load_and_unload 8
before=$(slab_used)
check "the module is loaded and unloaded again and again" load_and_unload "$cycles"
# What RCU frees is free a moment later, and later on a busy host.
is_freed() {
	grown=$(($(slab_used) - before))
	[ $grown -lt $((cycles * leak_limit)) ]
}
wait_until 10 is_freed || true
comment "$cycles cycles: $grown KiB of slabs"
# Caches that are still growing in a guest that has just booted are not in a second round. A leak is.
if ! is_freed; then
	before=$(slab_used)
	load_and_unload "$cycles"
	wait_until 10 is_freed || true
	comment "$cycles cycles more: $grown KiB of slabs"
fi
check "loading and unloading leaves no memory behind" is_freed
finish
