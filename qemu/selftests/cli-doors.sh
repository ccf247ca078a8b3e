#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Nothing in use is taken, through whatever door: each asks who uses a device, and is told by number, not by name.
#
# Machines: q35
# Timeout: 300

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

nvme=$(pci_devices 1b36:0010 | head -n 1)
edu=$(pci_devices 1234:11e8 | head -n 1)
disk=$(first /sys/bus/pci/devices/*/virtio*/block/vd*)
disk=${disk##*/}
require "$nvme" "$edu" "$disk"
grep -q '^CONFIG_EXT4_FS=[ym]' "/lib/modules/$(uname -r)/config" || skip_all "the kernel has no file system for disks"
device=$(realpath "/sys/class/block/$disk/../../..")
device=${device##*/}
console=$(cat /sys/class/tty/console/active)
console=${console##* }

# untouched: the mounted disk's device has its driver, and no override.
untouched() {
	is "$(bound_driver "$device") $(get_override "$device")" "virtio-pci (null)"
}

# refused STATUS WORD...: the command ends with it, names the mount, and touches nothing.
refused() {
	exits "$@" && says "$disk is mounted on /run/mnt" && untouched
}

# no_rule NAME
no_rule() {
	test ! -e "$rules/$1"
}

# saved_rule NAME FIELD=TEXT...
saved_rule() {
	mkdir -p $OVERDRIVE_SAVED
	_file=$OVERDRIVE_SAVED/$1.rule
	shift
	for _field; do
		echo "${_field%%=*} = ${_field#*=}"
	done >"$_file"
}

rm -rf $OVERDRIVE_SAVED
load_overdrive
# A kernel may have no namespaces of processes.
if [ -e /proc/self/ns/pid ]; then
	plan 30
else
	plan 28
fi
mkdir -p /run/mnt
mke2fs "/dev/$disk" >/dev/null 2>&1
mount -t ext2 "/dev/$disk" /run/mnt

check "bind takes no mounted disk" refused 3 bind "$device" vfio-meta
check "unbind takes no mounted disk" refused 3 unbind "$device"
check "rule add --apply takes no mounted disk" \
	refused 3 rule add --apply d "device=$device" driver=vfio-meta
check "a rule that is refused is not made" no_rule d
check "slot add takes no mounted disk" refused 3 slot add "$device"
check "a pattern of slots takes no mounted disk" refused 3 slot add "${device%.*}.*"

saved_rule d "device=$device" driver=vfio-meta
saved_rule e "device=$edu" driver=vfio-meta
check "restore takes no mounted disk" refused 3 restore --json
check "restore names the disk's device in JSON" says "\"refused\": [\"$device\"]"
check "restore gives the other device its driver" is_bound "$edu" vfio-meta
exits 0 plan
check "plan finds nothing to do after restore" says "No device would get another driver"
cli rule del --save d
cli rule del --save e
cli release "$edu"

saved_rule d "device=$device" driver=vfio-meta
exits 0 plan
check "plan tells that restore would leave the disk alone" says "stays, in use"
exits 0 plan --boot
check "plan --boot tells who loses the disk" says "$disk is mounted on /run/mnt"
rm -r $OVERDRIVE_SAVED

check "a rule for the console's device is not saved" \
	exits 3 rule add --save c bus=pnp "device=$console" driver=none
check "a rule for the console is refused with what the next boot would lose" says "which the next boot would lose"
check "a rule that is not saved is not made" no_rule c

umount /run/mnt
exits 0 rule add --apply d "device=$device" driver=vfio-meta
check "a disk that nobody uses is taken" is_bound "$device" vfio-meta
cli rule del d
cli release "$device"

# A file with another name for the same device.
node=$(first "/sys/bus/pci/devices/$nvme/nvme/"nvme*)
IFS=: read -r major minor <"$node/dev"
mknod /run/another-name c "$major" "$minor"
exec 7</run/another-name
check "a device that is open under another name is in use" exits 3 unbind "$nvme"
check "the holder of a file with another name is named" says "${node##*/} is held by"
exec 7<&-
rm /run/another-name

# A process in a mount namespace of its own.
mkfifo /run/go
# shellcheck disable=SC2016 # for the inner shell
unshare -m sh -c 'mount -t ext2 "/dev/$1" /run/mnt && echo mounted >/run/told && read -r _ </run/go' sh "$disk" &
inner=$!
wait_until 20 grep -qs mounted /run/told
check "a mount in another namespace is seen" refused 3 bind "$device" vfio-meta
echo go >/run/go
wait $inner
rm /run/go /run/told
check "when the namespace is gone the disk is free" exits 0 bind "$device" vfio-meta
cli release "$device"

# A process in a PID namespace of its own, which has no name there that this one knows.
if [ -e /proc/self/ns/pid ]; then
	mkfifo /run/go
	# shellcheck disable=SC2016 # for the inner shell
	unshare -p -f sh -c 'exec 7<"/dev/$1" && echo opened >/run/told && read -r _ </run/go' sh "$disk" &
	inner=$!
	wait_until 20 grep -qs opened /run/told
	check "a disk that a process in another PID namespace has open is in use" exits 3 bind "$device" vfio-meta
	check "the process in another PID namespace is named" says "$disk is held by"
	echo go >/run/go
	wait $inner
	rm /run/go /run/told
fi

# One partition of the disk, from sector 2048 on.
dd if=/dev/zero of="/dev/$disk" bs=512 count=1 2>/dev/null
printf '\0\0\0\0\203\0\0\0\0\010\0\0\0\010\0\0' | dd of="/dev/$disk" bs=1 seek=446 2>/dev/null
printf '\125\252' | dd of="/dev/$disk" bs=1 seek=510 2>/dev/null
sync
exits 0 unbind "$device"
exits 0 release "$device"
wait_until 20 test -b "/dev/${disk}1"
mke2fs "/dev/${disk}1" >/dev/null 2>&1
mount -t ext2 "/dev/${disk}1" /run/mnt
check "a disk of which a partition is mounted is in use" exits 3 bind "$device" vfio-meta
check "a mounted partition is named" says "${disk}1 is mounted on /run/mnt"
check "a rule takes no disk of which a partition is mounted" \
	exits 3 rule add --apply d "device=$device" driver=vfio-meta
umount /run/mnt
dd if=/dev/zero of="/dev/$disk" bs=512 count=1 2>/dev/null
exits 0 unbind "$device"
exits 0 release "$device"

# A VFIO group that is open under another name.
exits 0 bind "$edu" vfio-meta
group=$(iommu_group "$edu")
IFS=: read -r major minor <"/sys/class/vfio/$group/dev"
mknod /run/another-group c "$major" "$minor"
exec 7<>/run/another-group
check "a group that is open under another name is in use" exits 3 release "$edu"
check "the holder of the group is named" says "IOMMU group $group is held by"
exec 7<&-
rm /run/another-group
cli release "$edu"

# Something in the kernel that has no file to tell it by.
modprobe loop 2>/dev/null
wait_until 20 test -b /dev/loop0
losetup /dev/loop0 "/dev/$disk"
check "a loop device on the disk uses it" exits 3 bind "$device" vfio-meta
check "the loop device on a disk is named" says "$disk is behind loop0"
losetup -d /dev/loop0
check "everything is as it was at the beginning" untouched
unload_overdrive
finish
