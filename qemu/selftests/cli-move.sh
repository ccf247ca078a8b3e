#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The command line moves devices, with the module and without it, and leaves them as they were if that fails.
#
# Machines: q35
# Timeout: 400

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

nic=$(pci_devices 8086:10d3 | head -n 1)
member=$(pci_devices 8086:100e | head -n 1)
require "$nic" "$member"
require_module overdrive_test
group=$(iommu_group "$member")

# group_is DRIVER: all devices of the group but bridges have it.
group_is() {
	for _path in "/sys/kernel/iommu_groups/$group/devices/"*; do
		case $(cat "$_path/class") in
		0x0604*) continue ;;
		esac
		is_bound "${_path##*/}" "$1" || return
	done
}

# both: what the user sees is the same with the module and without it.
both() {
	check "$1: a device is bound" exits 0 bind "$nic" test-a
	check "$1: it says what is" says "$nic: test-a, override test-a"
	check "$1: and so it is" is_bound "$nic" test-a
	check "$1: unbind keeps all drivers off" exits 0 unbind "$nic"
	probe "$nic"
	check "$1: also when asked" is_bound "$nic" none
	check "$1: release gives it back" exits 0 release "$nic"
	check "$1: to its standard driver" is_bound "$nic" e1000e
	check "$1: without an override" is "$(get_override "$nic")" "(null)"

	check "$1: an unknown driver is not found" exits 4 bind "$nic" no-such-driver
	echo -5 >$knobs/probe-b
	check "$1: a driver that refuses" exits 1 bind "$nic" test-b
	check "$1: says so" says "can't be bound to test-b"
	check "$1: and leaves it as it was" is "$(bound_driver "$nic") $(get_override "$nic")" "e1000e (null)"
	echo 0 >$knobs/probe-b

	check "$1: a group is bound" exits 0 bind --group "$member" test-a
	check "$1: all of it" group_is test-a
	check "$1: a group is released" exits 0 release -g "$member"
	check "$1: to the standard driver" is_bound "$member" e1000
	check "$1: what is in no group can't be moved with it" exits 1 bind --group serial8250 test-a
}

tests() {
	both alone
	exits 0 bind "$nic" test-a
	check "alone: it is no transaction" says "this is no transaction"
	exits 0 release "$nic"

	load_overdrive
	both module
	exits 0 bind "$nic" test-a
	check "module: it is one" says_not "this is no transaction"
	check "module: status tells about it" exits 0 status "$nic"
	check "module: and who did it" says "test-a, by user"
	echo -5 >$knobs/probe-b
	exits 1 bind "$nic" test-b
	check "the kernel's reason is passed on" says "Input/output error"
	echo -22 >$knobs/probe-a
	check "a device that is left without a driver" exits 6 bind "$nic" test-b
	check "a device that is left without a driver is told" says "has no driver now"
	echo 0 >$knobs/probe-a
	echo 0 >$knobs/probe-b
	exits 0 release "$nic"

	check "a VFIO driver's device has a file" exits 0 bind "$nic" vfio-meta
	check "the file of a VFIO driver's device is told" says "/dev/vfio/devices/vfio"
	exits 0 release "$nic"
	check "a driver's name has no slash" exits 2 bind "$nic" a/b
	check "bind needs a driver" exits 2 bind "$nic"
	check "a bus without override is told" exits 1 bind virtio0 test-a
	unload_overdrive
}

plan 46
tests
rmmod overdrive_test
finish
