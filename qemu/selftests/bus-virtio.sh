#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# virtio is extended, on PCI and on platform devices: the random number generator.
#
# Machines: q35 microvm virt
# Timeout: 600

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./buses.sh

for dir in /sys/bus/virtio/devices/*; do
	[ $(($(cat "$dir/device"))) -ne 4 ] || rng=${dir##*/}
done
[ -n "$rng" ] || skip_all "no random number generator"
rounds=$(stress_count 5 100)

rng_in() {
	remember_devices virtio
	plug virtio-rng-pci vhp ',"bus":"rp0","disable-legacy":"on"'
	wait_until 20 new_devices virtio >/dev/null
	new_devices virtio
}

rng_out() {
	unplug vhp
}

load_overdrive
# A port to plug a device into is not on every machine.
plugged=0
if [ -n "$(ls /sys/bus/pci/slots 2>/dev/null)" ] && [ -c "$HOST_PORT" ] && [ -n "$(pci_devices 1234:11e8)" ]; then
	plugged=$hotplug_results
fi
plan $((bus_results + 4 + plugged))
check_bus virtio "$rng" virtio_net force

# Forced: the driver's probe is reached, but finds no network card.
extend virtio force
count_probes virtnet_probe
check_fails "virtio: a driver that is forced on a foreign device refuses" rebind "$rng" virtio_net
check "virtio: a driver that is forced on a foreign device is asked" test "$(probes virtnet_probe)" -gt 0
check "virtio: a device is back after a forced driver refused" is_as "$rng" virtio_rng "(null)"
stop_counting virtnet_probe
check "virtio: a rule can name the bus" rule bus bus=virtio "device=$rng" driver=virtio_rng
rmdir $rules/bus $buses/virtio

[ $plugged -eq 0 ] || check_hotplug virtio virtrng_probe "$rounds" rng_in rng_out "device=virtio*"
unload_overdrive
finish
