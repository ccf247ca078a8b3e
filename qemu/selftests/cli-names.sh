#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices, drivers and rules are understood in the words that people have for them, or put right, or refused with the
# form that works.
#
# Machines: q35
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

nic=$(pci_devices 8086:10d3 | head -n 1)
testdev=$(pci_devices 1b36:0005 | head -n 1)
smbus=0000:00:1f.3
disk=$(first /sys/bus/pci/devices/*/virtio*/block/vd*)
disk=${disk##*/}
require "$nic" "$testdev" "$disk"
require_device $smbus
interface=$(ls "/sys/bus/pci/devices/$nic/net")

# named WORD DEVICE: status of WORD is about the device.
named() {
	exits 0 status "$1" && is "$(awk '$1 == "device" { print $2 }' $out)" "$2"
}

# written FIELD TEXT CANONICAL: a rule with this text has it in the form that matches.
written() {
	cli rule del r
	exits 0 rule add --place r "$1=$2" driver=none && is "$(cat "$rules/r/$1")" "$3"
}

load_overdrive
plan 32
check "an address is found in capital letters" named 0000:00:1F.3 $smbus
check "an address is found without leading zeros" named 0:1f.3 $smbus
check "an address is found as libvirt writes it" named pci_0000_00_1f_3 $smbus
check "a device is found by bus and name" named pci/$smbus $smbus
check "an ID is found in capital letters" named 1B36:0005 "$testdev"
mkdir -p /dev/disk/by-id
ln -s "../../$disk" /dev/disk/by-id/virtio-of-mine
behind=$(realpath "/sys/class/block/$disk/../../..")
check "a disk is found by a link in /dev" named /dev/disk/by-id/virtio-of-mine "${behind##*/}"
check "a disk is found by the name of a link" named virtio-of-mine "${behind##*/}"
mknod /run/a-disk b "$(cut -d : -f 1 "/sys/class/block/$disk/dev")" "$(cut -d : -f 2 "/sys/class/block/$disk/dev")"
ln -s /run/a-disk /dev/a-disk
check "a disk is found by its number" named /dev/a-disk "${behind##*/}"
rm /dev/a-disk /dev/disk/by-id/virtio-of-mine /run/a-disk
check "a character device is found by its file" named "/dev/$(basename /sys/class/nvme/nvme*)" \
	"$(basename "$(realpath /sys/class/nvme/nvme*/device)")"

check "an address in a rule gets its domain" written device 00:04.0 0000:00:04.0
check "an address in a rule gets small letters" written device 0000:00:1F.3 $smbus
check "a port in a rule gets its domain" written parent 00:10.0 0000:00:10.0
check "an alias in a rule gets capital digits" written modalias 'pci:v00001234d000011e8*' 'pci:v00001234d000011E8*'
check "an interface in a rule is its device" written device "$interface" "$nic"
check "what was put right is told" says "is written device=$nic"
check "a disk's file in a rule is its device" written device "/dev/$disk" "${behind##*/}"
check "a folder of sysfs in a rule is its device" written device "/sys/bus/pci/devices/$nic" "$nic"
check "bus and name in a rule are its device" written device "pci/$nic" "$nic"
cli rule del r
check "a rule for nothing that is here is made" exits 0 rule add r device=0000:00:1e.7 driver=none
check "a rule for nothing that is here is told" says "no device that is here now matches the rule r"
cli rule del r
check "a modalias of a bus without overrides extends the bus" \
	exits 0 rule add r 'modalias=virtio:d0000FFFFv*' driver=none
check "a bus that a rule's modalias needs is told" says "the bus virtio has driver_override from now on"
cli rule del r
cli bus del virtio
check "an ID is no device of a rule" exits 1 rule add r device=1234:11e8 driver=none
check "the field for an ID is told" says "modalias=pci:v0000VVVVd0000DDDD*"

check "a driver is found by its module's name" exits 0 bind "$nic" vfio_pci
check "a driver that was meant is told" says "the driver of the module vfio_pci is vfio-pci"
check "the device has the driver that was meant" is_bound "$nic" vfio-pci
check "a driver's name may have an underscore for a hyphen" exits 0 bind "$nic" vfio_meta
check "the device has the driver whose name has a hyphen" is_bound "$nic" vfio-meta
exits 0 release "$nic"
rmmod vfio-pci
check "a rule takes a module's name for its driver's" exits 0 rule add --apply r "device=$nic" driver=vfio_pci
check "a rule has its driver loaded, and gives it its device" is_bound "$nic" vfio-pci
check "a rule has the driver's own name" is "$(cat $rules/r/driver)" vfio-pci
cli rule del r
cli release "$nic"
rmmod vfio-pci
unload_overdrive
finish
