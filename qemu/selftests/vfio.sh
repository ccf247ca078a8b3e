# SPDX-License-Identifier: GPL-2.0
#
# What the selftests of VFIO share, on top of devices.sh.
# shellcheck shell=sh

# hand_over DEVICE DRIVER: the device is bound to DRIVER by its override.
hand_over() {
	set_override "$1" "$2" && rebind_by_hand "$1" && is_bound "$1" "$2"
}

# give_back DEVICE: the device goes back to its standard driver.
give_back() {
	set_override "$1" "" && rebind_by_hand "$1"
}

# subtest PROGRAM ARGUMENT...: runs a program that prints KTAP itself, indented below this test.
subtest() {
	"$@" >/tmp/subtest.$$
	_status=$?
	sed 's/^/    /' /tmp/subtest.$$
	rm /tmp/subtest.$$
	return $_status
}
