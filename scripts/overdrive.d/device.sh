# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2034,SC2153,SC2154
#
# Devices: finding the one that is meant, and what sysfs tells about it.

newline='
'

# enter FOLDER: makes $PWD its real path, without a process of its own.
enter() {
	[ -e "$1" ] || return
	cd -P "$1" || return
}

# link PATH: sets $link to the name of what a symbolic link points to, empty if there is none.
link() {
	link=
	if enter "$1"; then
		link=${PWD##*/}
	fi
}

# facts FOLDER: sets $dev, $name, $bus, $driver, $group, $override, $by (what set the override), and $rebind (the
# last result). What there is not, is empty.
facts() {
	dev=$1
	name=${1##*/}
	link "$dev/subsystem"
	bus=$link
	link "$dev/driver"
	driver=$link
	link "$dev/iommu_group"
	group=$link
	line "$dev/driver_override"
	override=$line
	[ "$override" != '(null)' ] || override=
	by=
	rebind=
	[ -z "$override" ] || by=user
	line "$dev/overdrive/status"
	case $line in
	*' by='*' rebind='*)
		rebind=${line##* rebind=}
		line=${line% rebind=*}
		by=${line##* by=}
		[ "$by" != - ] || by=
		;;
	esac
}

# survey: finds all network interfaces and disks: $nets and $disks get their folders, each between newlines.
survey() {
	[ -z "${nets:-}" ] || return 0
	nets=$newline
	disks=$newline
	for thing in /sys/class/net/*; do
		[ -e "$thing/device" ] || continue
		enter "$thing" || continue
		nets=$nets$PWD$newline
	done
	for thing in /sys/class/block/*; do
		[ ! -e "$thing/partition" ] || continue
		enter "$thing" || continue
		case $PWD in
		/sys/devices/virtual/nvme-subsystem/*/*)
			# A namespace that may have several controllers is below none of them.
			disk=${PWD##*/}
			for path in "${PWD%/*}"/nvme*; do
				[ -L "$path" ] || continue
				enter "$path" || continue
				disks=$disks$PWD/$disk$newline
			done
			;;
		/sys/devices/virtual/*) ;;
		*) disks=$disks$PWD$newline ;;
		esac
	done
}

# below LIST FOLDER: prints the names of those in the list that are below the folder.
below() {
	case $1 in
	*"$newline$2/"*) ;;
	*) return 0 ;;
	esac
	echo "$1" | while IFS= read -r thing; do
		case $thing in
		"$2"/*) echo "${thing##*/}" ;;
		esac
	done
}

# is_bridge: the device of facts() is a PCI bridge. What is behind it does not depend on its driver.
is_bridge() {
	[ "$bus" = pci ] || return 1
	line "$dev/class"
	case $line in
	0x0604*) return 0 ;;
	esac
	return 1
}

# describe: sets $what, for people, to what the device of facts() is, and $names to the interfaces and disks that it
# carries.
describe() {
	what=
	names=
	case $bus in
	pci)
		line "$dev/class"
		pci_class "$line"
		line "$dev/vendor"
		id=${line#0x}
		line "$dev/device"
		what="$what $id:${line#0x}"
		;;
	usb)
		line "$dev/product"
		[ -n "$line" ] || line "$dev/interface"
		[ -n "$line" ] || line "${dev%/*}/product"
		what=$line
		;;
	virtio)
		line "$dev/device"
		what="virtio $((line))"
		;;
	esac
	survey
	is_bridge && return 0
	case $nets$disks in
	*"$newline$dev/"*)
		names=$(below "$nets" "$dev" && below "$disks" "$dev")
		names=$(echo "$names" | tr '\n' ' ')
		names=${names% }
		;;
	esac
}

pci_class() {
	case $1 in
	0x0106*) what=SATA ;;
	0x0108*) what=NVMe ;;
	0x01*) what=storage ;;
	0x02*) what=network ;;
	0x03*) what=display ;;
	0x0403*) what=audio ;;
	0x04*) what=multimedia ;;
	0x05*) what=memory ;;
	0x0600*) what='host bridge' ;;
	0x0601*) what='ISA bridge' ;;
	0x0604*) what=bridge ;;
	0x06*) what='other bridge' ;;
	0x07*) what=communication ;;
	0x08*) what=system ;;
	0x09*) what=input ;;
	0x0c03*) what='USB controller' ;;
	0x0c05*) what=SMBus ;;
	0x0d*) what=wireless ;;
	0x12*) what=accelerator ;;
	*) what=device ;;
	esac
}

# device WORD: sets $dev to the folder of the device that is meant.
device() {
	case $1 in
	'') die "$USAGE" "a device's name is empty" ;;
	/dev/*)
		device_node "$1"
		return
		;;
	*/*)
		dev=$(cd "$start" && realpath "$1" 2>/dev/null) || die "$NOT_FOUND" "there is no $1"
		[ -e "$dev/subsystem" ] || die "$NOT_FOUND" "$1 is no device's folder"
		return
		;;
	esac
	dev=
	for path in /sys/bus/*/devices/"$1" /sys/bus/pci/devices/0000:"$1"; do
		enter "$path" || continue
		# A device is in the list of one bus only; another of its name is somewhere else.
		[ -z "$dev" ] || die "$NOT_FOUND" "there are $dev and $PWD: say which"
		dev=$PWD
	done
	[ -z "$dev" ] || return 0
	for path in /sys/class/net/"$1" /sys/class/block/"$1" /sys/class/tty/"$1" /sys/class/*/"$1"; do
		enter "$path" || continue
		owner "$PWD" && return
		die "$NOT_FOUND" "$1 has no device behind it"
	done
	case $1 in
	[0-9a-f][0-9a-f][0-9a-f][0-9a-f]:[0-9a-f][0-9a-f][0-9a-f][0-9a-f])
		device_id "${1%:*}" "${1#*:}"
		return
		;;
	esac
	die "$NOT_FOUND" "there is no device $1; overdrive list shows what there is"
}

# device_node NODE: sets $dev to the device behind a file in /dev.
device_node() {
	node=$(realpath "$1")
	for path in /sys/class/*/"${node##*/}"; do
		[ -e "$path/dev" ] || continue
		enter "$path" || continue
		owner "$PWD" && return
	done
	die "$NOT_FOUND" "$1 has no device behind it"
}

# device_id VENDOR PRODUCT: sets $dev to the one PCI or USB device that has them.
device_id() {
	for path in /sys/bus/pci/devices/* /sys/bus/usb/devices/*; do
		[ -e "$path" ] || continue
		line "$path/idVendor"
		[ -n "$line" ] || line "$path/vendor"
		[ "${line#0x}" = "$1" ] || continue
		line "$path/idProduct"
		[ -n "$line" ] || line "$path/device"
		[ "${line#0x}" = "$2" ] || continue
		enter "$path" || continue
		[ -z "$dev" ] || die "$NOT_FOUND" "${dev##*/} and ${PWD##*/} are both $1:$2: say which"
		dev=$PWD
	done
	[ -n "$dev" ] || die "$NOT_FOUND" "no device is $1:$2"
}

# owner FOLDER: sets $dev to the device that a person means who names an interface or a disk: not the virtio device or
# the SCSI target that the kernel makes, but the PCI, USB or platform device that they are of.
owner() {
	path=$1
	case $path in
	/sys/devices/virtual/nvme-subsystem/*/*)
		for thing in "${path%/*}"/nvme*; do
			[ ! -L "$thing" ] || path=$(realpath "$thing")
		done
		;;
	esac
	fallback=
	while [ "$path" != /sys/devices ] && [ -n "$path" ]; do
		path=${path%/*}
		link "$path/subsystem"
		case $link in
		pci | usb | platform | amba | cdx | fsl-mc | vmbus | pnp | css | ap)
			dev=$path
			return 0
			;;
		esac
		[ -n "$fallback" ] || [ ! -e "$path/driver" ] || fallback=$path
	done
	dev=$fallback
	[ -n "$dev" ]
}

# group_members GROUP: prints the folders of the devices of an IOMMU group, bridges left out: no driver that could do
# harm ever has those.
group_members() {
	for path in /sys/kernel/iommu_groups/"$1"/devices/*; do
		[ -e "$path" ] || continue
		line "$path/class"
		case $line in
		0x0604*) ;;
		*) realpath "$path" ;;
		esac
	done
}
