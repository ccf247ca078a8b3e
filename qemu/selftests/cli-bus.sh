#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The command line extends buses, and moves their devices.
#
# Machines: q35
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

load_overdrive
[ -d /sys/kernel/config/overdrive-buses ] || {
	unload_overdrive
	skip_all "this overdrive can't extend buses"
}
device=$(first /sys/bus/virtio/devices/*/net/..)
device=${device##*/}
unload_overdrive

# override_of BUS: what bus list says.
override_of() {
	exits 0 bus list && is "$(awk -v bus="$1" '$1 == bus { print $3, $4 }' $out)" "$2"
}

tests() {
	rm -rf $OVERDRIVE_SAVED
	check "no module, no bus" exits 5 bus add virtio
	load_overdrive
	check "PCI has an override" override_of pci "the kernel's"
	check "virtio has none" override_of virtio "none "
	check "a bus that is not there" exits 4 bus add nonsense
	check "a scope that is none" exits 2 bus add --scope all virtio
	check "virtio gets one" exits 0 bus add virtio
	check "it is listed" override_of virtio "overdrive's, restrict"
	check "a second time" exits 1 bus add virtio
	check "its devices can be moved" exits 0 unbind "$device"
	check "to nobody" is_bound "$device" none
	check "and back" exits 0 release "$device"
	check "to their driver" is_bound "$device" virtio_net
	check "it is saved" exits 0 save
	check "by its name" grep -qx "virtio restrict" $OVERDRIVE_SAVED/buses
	check "it can be taken away" exits 0 bus del virtio
	check "then it has none again" override_of virtio "none "
	check "a second time" exits 4 bus del virtio
	check "it can be restored" exits 0 restore
	check "as it was" override_of virtio "overdrive's, restrict"
	cli bus del virtio
	unload_overdrive
	check "also with the module" exits 0 restore
	check "as its parameter" is "$(cat /sys/module/overdrive/parameters/buses)" virtio:restrict
	check "it is listed" override_of virtio "overdrive's, restrict"
	check "and saved again" exits 0 save
	check "as it was" grep -qx "virtio restrict" $OVERDRIVE_SAVED/buses
	unload_overdrive
}

plan 24
tests
finish
