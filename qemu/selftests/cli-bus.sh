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
	check "bus add without the module says so" exits 5 bus add virtio
	load_overdrive
	check "bus list tells that PCI has an override of the kernel's" override_of pci "the kernel's"
	check "bus list tells that virtio has no override" override_of virtio "none "
	check "bus add refuses a bus that is not there" exits 4 bus add nonsense
	check "bus add refuses a scope that is none" exits 2 bus add --scope all virtio
	check "bus add extends virtio" exits 0 bus add virtio
	check "bus list tells that virtio is extended" override_of virtio "overdrive's, restrict"
	check "bus add refuses a bus that is extended already" exits 1 bus add virtio
	check "unbind takes a device of an extended bus" exits 0 unbind "$device"
	check "a device of an extended bus has no driver after unbind" is_bound "$device" none
	check "release gives a device of an extended bus back" exits 0 release "$device"
	check "a device of an extended bus has its driver after release" is_bound "$device" virtio_net
	check "save keeps an extended bus" exits 0 save
	check "a saved bus is a line with its name and scope" grep -qx "virtio restrict" $OVERDRIVE_SAVED/buses
	check "bus del leaves a bus alone" exits 0 bus del virtio
	check "bus list tells that virtio is left alone" override_of virtio "none "
	check "bus del refuses a bus that is not extended" exits 4 bus del virtio
	check "restore extends a saved bus" exits 0 restore
	check "a restored bus is as it was saved" override_of virtio "overdrive's, restrict"
	cli bus del virtio
	unload_overdrive
	check "restore loads the module for a saved bus" exits 0 restore
	check "a saved bus can be taken back after restore has loaded the module" exits 0 bus del virtio
	unload_overdrive
	modprobe overdrive buses=virtio:restrict
	check "bus list tells of a bus of the parameter" override_of virtio "overdrive's, restrict"
	check "save keeps a bus of the parameter" exits 0 save
	check "a bus of the parameter is saved as it was" grep -qx "virtio restrict" $OVERDRIVE_SAVED/buses
	unload_overdrive
}

plan 24
tests
finish
