#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Hands an AMBA device to the meta driver and back with nothing but driver_override, and then with the command.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

META=vfio-amba
STANDARD=rtc-pl031

describe() {
	case $1 in
	*.pl031) echo "PL031 (real-time clock)" ;;
	*.pl061) echo "PL061 (GPIO)" ;;
	*.pl011) echo "PL011 (the console)" ;;
	*) echo "?" ;;
	esac
}

devices=$(ls /sys/bus/amba/devices)
clock=$(basename /sys/bus/amba/devices/*.pl031)

say "AMBA devices in a $OVERDRIVE_MACHINE machine, which are behind no IOMMU."
# shellcheck disable=SC2086 # a list of words
table amba $devices

run "modprobe overdrive"
say "Without an IOMMU a device reaches all memory: VFIO hands it out only with the administrator's word."
run "echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode"

step "$clock, $(describe "$clock"): from $STANDARD to $META" \
	"Expected: $META has it."
run "echo $META > /sys/bus/amba/devices/$clock/driver_override"
run "echo $clock > /sys/bus/amba/devices/$clock/driver/unbind"
run "echo $clock > /sys/bus/amba/drivers_probe"
expect amba "$clock" $META

step "$clock: back to $STANDARD" "Expected: $STANDARD has it."
run "echo > /sys/bus/amba/devices/$clock/driver_override"
run "echo $clock > /sys/bus/amba/devices/$clock/driver/unbind"
run "echo $clock > /sys/bus/amba/drivers_probe"
expect amba "$clock" $STANDARD

step "The command does each in one step, or leaves all as it was" \
	"Expected: $META has $clock; a driver that does not exist changes nothing; then $STANDARD has it again."
run "overdrive bind $clock $META"
expect amba "$clock" $META
run_fails "overdrive bind $clock no-such-driver"
expect amba "$clock" $META
run "overdrive release $clock"
expect amba "$clock" $STANDARD

say "After all that, every device has the driver that it had at first:"
# shellcheck disable=SC2086 # a list of words
table amba $devices
finish
