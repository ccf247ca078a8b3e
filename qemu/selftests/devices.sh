# SPDX-License-Identifier: GPL-2.0
#
# What the selftests say about devices, errors and the module, on top of lib.sh.
# shellcheck shell=sh

# virtio_mmio_devices TYPE: the platform devices that carry a virtio device of this type (decimal, as
# in the virtio specification: 1 network, 2 disk, 4 random numbers), a line each.
virtio_mmio_devices() {
	for dir in /sys/bus/platform/drivers/virtio-mmio/*/virtio*; do
		[ -e "$dir" ] || continue
		[ $(($(cat "$dir/device"))) -eq "$1" ] && basename "$(dirname "$dir")"
	done
	return 0
}

# free_platform_device: a platform device that no driver has, and whose name can be a driver's.
free_platform_device() {
	for dir in /sys/bus/platform/devices/*; do
		name=$(basename "$dir")
		# Only the name without an instance number is what a driver's name is compared with.
		case $name in
		*.* | *:*) continue ;;
		esac
		[ -e "$dir/driver" ] || [ -e "/sys/bus/platform/drivers/$name" ] || {
			echo "$name"
			return
		}
	done
}

# is_bound DEVICE DRIVER: the device is bound to DRIVER ("none": to no driver).
is_bound() {
	is "$(bound_driver "$1")" "$2"
}

# rebind_by_hand DEVICE: unbinds it, if bound, and has the bus look for a driver.
rebind_by_hand() {
	unbind "$1" && probe "$1"
}

# any_nic: a network card that a driver has: not every kernel has a driver for the same ones.
any_nic() {
	for _nic in $(pci_devices 8086:10d3 2>/dev/null) $(pci_devices 1af4:1041 2>/dev/null); do
		[ "$(bound_driver "$_nic")" = none ] || {
			echo "$_nic"
			return
		}
	done
}

# errno_name: reads a program's complaint, prints the errno's name ("" for success).
errno_name() {
	text=$(cat)
	case $text in
	"") ;;
	*"Invalid argument"*) echo EINVAL ;;
	*"No such device or address"*) echo ENXIO ;;
	*"No such device"*) echo ENODEV ;;
	*"No such file"* | *"unknown symbol"*) echo ENOENT ;;
	*"Device or resource busy"*) echo EBUSY ;;
	*"Permission denied"*) echo EACCES ;;
	*"Operation not permitted"*) echo EPERM ;;
	*"Cannot allocate memory"* | *"Out of memory"*) echo ENOMEM ;;
	*"File exists"*) echo EEXIST ;;
	*"Key was rejected"*) echo EKEYREJECTED ;;
	*"Resource temporarily unavailable"*) echo EAGAIN ;;
	*"Input/output error"* | *"I/O error"*) echo EIO ;;
	*"Operation not supported"* | *"Not supported"*) echo EOPNOTSUPP ;;
	*"File name too long"*) echo ENAMETOOLONG ;;
	*"Numerical result out of range"*) echo ERANGE ;;
	*"No space left on device"*) echo ENOSPC ;;
	*) echo "$text" ;;
	esac
}

# write_error FILE SOURCE: writes SOURCE's content with one write(2); prints the errno's name.
write_error() {
	dd if="$2" of="$1" bs=1M conv=notrunc 2>&1 >/dev/null | grep 'dd:' | errno_name
}

# fails_with ERRNO FILE TEXT: writing TEXT and a newline fails with just that errno.
fails_with() {
	echo "$3" >/tmp/text
	actual=$(write_error "$2" /tmp/text)
	[ "$actual" = "$1" ] && return
	comment "writing '$3' to $2: ${actual:-success}, not $1"
	return 1
}

# is_built_in: overdrive is a part of the kernel.
is_built_in() {
	[ -d /sys/module/overdrive ] && ! grep -q '^overdrive ' /proc/modules
}

# load_overdrive [PARAMETER...]: loads the module; the whole test fails if that fails.
# shellcheck disable=SC2120 # most tests need no parameter
load_overdrive() {
	if is_built_in; then
		[ $# -eq 0 ] || ktap_exit_fail_msg "overdrive is built in: no parameters $*"
		return
	fi
	# A test that was cut short may have left it.
	[ ! -d /sys/module/overdrive ] || rmmod overdrive
	modprobe overdrive "$@" || ktap_exit_fail_msg "modprobe overdrive $* failed"
}

unload_overdrive() {
	is_built_in && return
	rmmod overdrive || ktap_exit_fail_msg "rmmod overdrive failed"
}

# insmod_error MODULE PARAMETER...: tries to load; prints the errno's name, and unloads on success.
insmod_error() {
	module=$1
	shift
	modprobe "$module" "$@" 2>&1 | errno_name
	[ ! -d "/sys/module/$module" ] || rmmod "$module"
}

# allow_noiommu: lets VFIO take devices that no IOMMU isolates, where the kernel can.
allow_noiommu() {
	if [ -e /sys/module/vfio/parameters/enable_unsafe_noiommu_mode ]; then
		echo 1 >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode
	fi
}

# slab_used: memory that the kernel's slabs hold, in KiB.
slab_used() {
	awk '/^SUnreclaim:/ { print $2 }' /proc/meminfo
}
