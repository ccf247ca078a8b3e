#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What the next boot would lose is said and refused before it is saved; what the next boot, an image for it or the
# machine has in the way is told by the doctor.
#
# Machines: q35
# Timeout: 300

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

edu=$(pci_devices 1234:11e8 | head -n 1)
nic=$(pci_devices 8086:10d3 | head -n 1)
disk=$(first /sys/bus/pci/devices/*/virtio*/block/vd*)
disk=${disk##*/}
require "$edu" "$nic" "$disk"
grep -q '^CONFIG_EXT4_FS=[ym]' "/lib/modules/$(uname -r)/config" || skip_all "the kernel has no file system for disks"
device=$(realpath "/sys/class/block/$disk/../../..")
device=${device##*/}
image=/boot/initrd.img-$(uname -r)
lost="which the next boot would lose"

# not_saved NAME: neither saved nor in force.
not_saved() {
	test ! -e "$OVERDRIVE_SAVED/$1.rule" -a ! -e "$rules/$1"
}

# refused TEXT ARGUMENT...: because the next boot would lose what TEXT says.
refused() {
	_text=$1
	shift
	exits 3 "$@" && says "$_text" && says "$lost"
}

# built: an image that is as new as can be.
built() {
	touch -d "$(date -d "@$(($(date +%s) + 3600))" '+%Y-%m-%d %H:%M')" "$image"
}

rm -rf $OVERDRIVE_SAVED
load_overdrive
plan 29
mkdir -p /boot /etc/initramfs-tools
mke2fs "/dev/$disk" >/dev/null 2>&1
mount -t ext2 "/dev/$disk" /boot

check "a rule for the disk of /boot is not saved" \
	refused "$disk is mounted on /boot" rule add --save d "device=$device" driver=none
check "a rule that would cost the next boot its disk is not made" not_saved d
check "a rule for the kind of the disk is not saved" \
	refused "$disk is mounted on /boot" rule add --save d "modalias=pci:v00001AF4*" driver=none
exits 0 rule add d "device=$device" driver=none
check "save refuses a rule for the disk of /boot" refused "$disk is mounted on /boot" save
check "save of a named rule refuses one for the disk of /boot" refused "$disk is mounted on /boot" save d
check "nothing is saved when save refuses" test ! -e $OVERDRIVE_SAVED/d.rule
check "save --force writes the rule" exits 0 save --force d
check "doctor tells that the next boot loses /boot" finds next-boot-loses
exits 0 plan --boot
check "plan --boot tells that the next boot loses /boot" says "$disk is mounted on /boot"
exits 0 rule del --save d
check "doctor says nothing of the next boot when the rule is gone" finds_not next-boot-loses

# Without the module, when the disk is in use.
mkdir -p $OVERDRIVE_SAVED
printf '%s\n' "device = $device" 'driver = vfio-meta' >$OVERDRIVE_SAVED/d.rule
unload_overdrive
check "restore that loads the module takes no disk in use" exits 3 restore
check "a disk in use has its driver after restore has loaded the module" is_bound "$device" virtio-pci
exits 0 rule del --save d

# Mounts that are not where they were made.
mkdir -p /run/elsewhere
mount --bind /boot /run/elsewhere
umount /boot
check "a disk that is mounted at another place only is in use" exits 3 unbind "$device"
check "the only place where a disk is mounted is named" says "$disk is mounted on /run/elsewhere"
exec 7</run/elsewhere
umount -l /run/elsewhere
check "a disk whose mount is nowhere to be seen is in use" exits 3 unbind "$device"
check "what has the disk is told as far as it is known" says "$disk is claimed in the kernel"
exec 7<&-

# The way to the machine.
interface=$(ls "/sys/bus/pci/devices/$nic/net")
ip addr add 192.0.2.1/24 dev "$interface" label "$interface:a"
ip link set "$interface" up
check "an interface whose address has a label is in use" exits 3 unbind "$nic"
check "the address that has a label is named" says "$interface is up with the address 192.0.2.1/24"
ip route add default via 192.0.2.2
check "a rule for the interface of the default route is not saved" \
	refused "$interface is up and has the default route" rule add --save n "device=$interface" driver=none
check "a rule that would cost the next boot its route is not made" not_saved n
ip addr del 192.0.2.1/24 dev "$interface"
ip link set "$interface" down

# Images for booting.
check "a rule for what nobody needs is saved" exits 0 rule add --save e "device=$edu" driver=none
touch "$image"
built
exits 0 rule del --save e
check "rule del --save tells that the image still has the rule" says "$image may still have it"
touch -d "2020-01-01 00:00" "$image"
check "doctor tells that the image has what was removed" finds initramfs-stale
built
check "doctor finds an image that was built again fresh" finds_not initramfs-stale
printf '%s\n' "$edu" >$OVERDRIVE_SAVED/slots
touch -d "2020-01-01 00:00" "$image"
cli doctor
check "doctor tells that slots are newer than the image" says "was changed after $image was made"
rm -r $OVERDRIVE_SAVED /etc/initramfs-tools "$image"

# Memory that the firmware uses.
regions=/sys/kernel/iommu_groups/$(iommu_group "$edu")/reserved_regions
echo "0x00000000fee00000 0x00000000feefffff msi" >/run/regions
echo "0x000000007a000000 0x000000007a0fffff direct-relaxable" >>/run/regions
mount --bind /run/regions "$regions"
check "memory that may be given up is in nobody's way" finds_not reserved-memory "$edu"
echo "0x000000007b000000 0x000000007b0fffff direct" >>/run/regions
check "memory that the firmware uses is found" finds reserved-memory "$edu"
check "the memory that the firmware uses is named" says "0x000000007b000000 0x000000007b0fffff"
umount "$regions"
unload_overdrive

# A kernel that wants signatures.
mount -t tmpfs none /sys/module
mkdir -p /sys/module/module/parameters
echo Y >/sys/module/module/parameters/sig_enforce
check "a module without a signature is found where one is needed" finds module-unsigned
umount /sys/module
finish
