#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The command line takes no device that is in use, says who uses it, and can be told to take it all the same.
#
# Machines: q35
# Timeout: 400

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

nic=$(pci_devices 8086:10d3 | head -n 1)
nvme=$(pci_devices 1b36:0010 | head -n 1)
edu=$(pci_devices 1234:11e8 | head -n 1)
require "$nic" "$nvme" "$edu"
disk=$(first /sys/bus/pci/devices/*/virtio*/block/vd*)
disk=${disk##*/}
require "$disk"
interface=$(ls "/sys/bus/pci/devices/$nic/net")

# refuses DEVICE TEXT [NAME]: the device, called by NAME if that is not DEVICE, is not taken, for this reason, and
# nothing happens to it.
refuses() {
	_driver=$(bound_driver "$1")
	exits 3 unbind "${3:-$1}" && says "$2" &&
		is "$(bound_driver "$1") $(get_override "$1")" "$_driver (null)"
}

# has OPTION: this kernel can do it.
has() {
	grep -q "^CONFIG_$1=[ym]" "/lib/modules/$(uname -r)/config"
}

# needs OPTION NAME COMMAND...: a result that this kernel must have an option for.
needs() {
	_option=$1
	shift
	if has "$_option"; then
		check "$@"
	else
		skip "$1" "the kernel has no CONFIG_$_option"
	fi
}

# has_group PID GROUP: the process has the IOMMU group open.
has_group() {
	for _file in "/proc/$1/fd/"*; do
		[ "$(readlink "$_file")" != "/dev/vfio/$2" ] || return 0
	done
	return 1
}

disk_tests() {
	dd if=/dev/zero of="/dev/$disk" bs=1M count=2 2>/dev/null
	if has SWAP; then
		mkswap "/dev/$disk" >/dev/null
		swapon "/dev/$disk"
	fi
	needs SWAP "a disk that is swap" refuses "$disk_device" "$disk is swap"
	! has SWAP || swapoff "/dev/$disk"

	if has EXT4_FS; then
		mke2fs "/dev/$disk" >/dev/null 2>&1
		mkdir -p "/run/a b"
		mount -t ext2 "/dev/$disk" "/run/a b"
	fi
	needs EXT4_FS "a disk that is mounted" refuses "$disk_device" "$disk is mounted on /run/a b"
	needs EXT4_FS "by its name as well" \
		refuses "$disk_device" "$disk is mounted on /run/a b" "/dev/$disk"
	! has EXT4_FS || umount "/run/a b"
}

raid_tests() {
	if has MD_RAID0; then
		modprobe md_mod 2>/dev/null
		modprobe raid0 2>/dev/null
		echo md_cli >/sys/module/md_mod/parameters/new_array
		md=/sys/block/md_cli/md
		echo none >"$md/metadata_version"
		echo raid0 >"$md/level"
		cat "/sys/class/block/$disk/dev" >"$md/new_dev"
	fi
	needs MD_RAID0 "a disk that is a part of a RAID" refuses "$disk_device" "is a part of md_cli (raid0, RAID)"
	if has MD_RAID0; then
		echo remove >"$md/dev-$disk/state"
		echo clear >"$md/array_state"
	fi
}

net_tests() {
	if has INET; then
		ip addr add 192.0.2.1/24 dev "$interface"
		check "an interface that is down is nobody's" exits 0 release "$nic"
		interface=$(ls "/sys/bus/pci/devices/$nic/net")
		ip addr add 192.0.2.1/24 dev "$interface" 2>/dev/null
		ip link set "$interface" up
	else
		skip "an interface that is down is nobody's" "the kernel has no CONFIG_INET"
	fi
	needs INET "an interface that is up with an address" refuses "$nic" "$interface is up with the address 192.0.2.1/24"
	! has INET || ip route add default via 192.0.2.2
	needs INET "an interface with the default route" \
		refuses "$nic" "$interface is up and has the default route" "$interface"
	needs INET "a bind is refused as well" exits 3 bind "$interface" vfio-meta
	needs INET "--force takes it all the same" exits 0 unbind --force "$nic"
	exits 0 release "$nic"
	interface=$(ls "/sys/bus/pci/devices/$nic/net")
}

# An interface of virtio is one folder deeper.
namespace_tests() {
	path=$(first /sys/bus/pci/devices/*/virtio*/net/*)
	mkfifo /run/cli-namespace
	unshare -n sh -c 'read -r _ </run/cli-namespace' &
	inner=$!
	sleep 1
	for pid in $inner $(cat "/proc/$inner/task/$inner/children" 2>/dev/null); do
		last=$pid
	done
	ip link set "${path##*/}" netns "$last"
	virtio=${path%/virtio*}
	virtio=${virtio##*/}
	check "an interface of virtio in another network namespace" \
		refuses "$virtio" "the network interface of $virtio is in another network namespace"
	echo go >/run/cli-namespace
	wait $inner
	rm /run/cli-namespace
	check "an interface of virtio that has come back is nobody's" wait_until 20 exits 0 release "$virtio"
}

tests() {
	load_overdrive

	check "unbind refuses the console" exits 3 unbind "$console"
	check "unbind names the console" says "$console is the console"
	exits 0 status "$console"
	check "status names the console" says "$console is the console"

	echo 2 >"/sys/bus/pci/devices/$nvme/sriov_numvfs"
	check "a device with virtual functions is refused" refuses "$nvme" "2 virtual functions"
	echo 0 >"/sys/bus/pci/devices/$nvme/sriov_numvfs"

	exits 0 bind "$edu" vfio-meta
	mkfifo /run/cli-owner
	overdrive-own-group "$(iommu_group "$edu")" </run/cli-owner >/dev/null 2>&1 &
	owner=$!
	exec 7>/run/cli-owner
	wait_until 20 has_group "$owner" "$(iommu_group "$edu")"
	check "release refuses a group that a process has" exits 3 release "$edu"
	check "release names the process that has a group" says "is held by overdrive-own-g (pid $owner)"
	exec 7>&-
	wait $owner
	rm /run/cli-owner
	check "release takes a group whose process is gone" exits 0 release "$edu"

	exec 7<"/dev/$disk"
	check "a disk that a process has open is refused" refuses "$disk_device" "$disk is held by"
	exec 7<&-
	disk_tests
	raid_tests
	net_tests
	[ ! -e /proc/self/ns/net ] || namespace_tests
	unload_overdrive
}

console=$(cat /sys/class/tty/console/active)
console=${console##* }
disk_device=$(realpath "/sys/class/block/$disk/../../..")
disk_device=${disk_device##*/}
# A kernel may have one namespace of networks only.
if [ -e /proc/self/ns/net ]; then
	plan 19
else
	plan 17
fi
tests
finish
