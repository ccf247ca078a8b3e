# SPDX-License-Identifier: GPL-2.0
#
# What the selftests of VFIO share, on top of devices.sh.
# shellcheck shell=sh

# hand_over DEVICE DRIVER: the platform device is bound to DRIVER by its override.
hand_over() {
	# ACPI has devices of the same names: only the whole path tells which is meant.
	_device=/sys/bus/platform/devices/$1
	set_override "$_device" "$2" && rebind_by_hand "$_device" && is_bound "$_device" "$2"
}

# give_back DEVICE: the platform device goes back to its standard driver.
give_back() {
	_device=/sys/bus/platform/devices/$1
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
