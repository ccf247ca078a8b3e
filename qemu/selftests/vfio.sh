# SPDX-License-Identifier: GPL-2.0
#
# What the selftests of VFIO share, on top of devices.sh.
# shellcheck shell=sh

# firmware_tells: some firmware describes the platform devices. The C driver takes no others.
firmware_tells() {
	[ -e /sys/firmware/acpi ] || [ -e /sys/firmware/devicetree ]
}

# firmware_device DEVICE: its path. ACPI has devices of the same names: only the whole path tells which
# is meant.
firmware_device() {
	if [ -e "/sys/bus/amba/devices/$1" ]; then
		echo "/sys/bus/amba/devices/$1"
	else
		echo "/sys/bus/platform/devices/$1"
	fi
}

# hand_over DEVICE DRIVER: the platform or AMBA device is bound to DRIVER by its override.
hand_over() {
	_device=$(firmware_device "$1")
	set_override "$_device" "$2" && rebind_by_hand "$_device" && is_bound "$_device" "$2"
}

# give_back DEVICE: the platform or AMBA device goes back to its standard driver.
give_back() {
	_device=$(firmware_device "$1")
	set_override "$_device" "" && rebind_by_hand "$_device"
}

# subtest PROGRAM ARGUMENT...: runs a program that prints KTAP itself, indented below this test.
subtest() {
	"$@" >/tmp/subtest.$$
	_status=$?
	sed 's/^/    /' /tmp/subtest.$$
	rm /tmp/subtest.$$
	return $_status
}
