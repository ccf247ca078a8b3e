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
	ok "no module, no bus" exits 5 bus add virtio
	load_overdrive
	ok "PCI has an override" override_of pci "the kernel's"
	ok "virtio has none" override_of virtio "none "
	ok "a bus that is not there" exits 4 bus add nonsense
	ok "a scope that is none" exits 2 bus add --scope all virtio
	ok "virtio gets one" exits 0 bus add virtio
	ok "it is listed" override_of virtio "overdrive's, restrict"
	ok "a second time" exits 1 bus add virtio
	ok "its devices can be moved" exits 0 unbind "$device"
	ok "to nobody" is_bound "$device" none
	ok "and back" exits 0 release "$device"
	ok "to their driver" is_bound "$device" virtio_net
	ok "it is saved" exits 0 save
	ok "by its name" grep -qx "virtio restrict" $OVERDRIVE_SAVED/buses
	ok "it can be taken away" exits 0 bus del virtio
	ok "then it has none again" override_of virtio "none "
	ok "a second time" exits 4 bus del virtio
	ok "it can be restored" exits 0 restore
	ok "as it was" override_of virtio "overdrive's, restrict"
	cli bus del virtio
	unload_overdrive
	ok "also with the module" exits 0 restore
	ok "as its parameter" is "$(cat /sys/module/overdrive/parameters/buses)" virtio:restrict
	ok "it is listed" override_of virtio "overdrive's, restrict"
	ok "and saved again" exits 0 save
	ok "as it was" grep -qx "virtio restrict" $OVERDRIVE_SAVED/buses
	unload_overdrive
}

in_each_shell 24 tests
finish
