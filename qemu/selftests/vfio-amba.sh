#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# AMBA devices go to the meta driver and back, and keep the VFIO protocol: the real-time clock.
#
# Machines: virt
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./vfio.sh

clock=9010000.pl031
require_device $clock
allow_noiommu
plan 25

# has_clock: the kernel can tell the time by it.
has_clock() {
	# It gets another number each time.
	ls -d /sys/bus/amba/devices/$clock/rtc/rtc* >/dev/null
}

# facts FILE: what the suite's output says of regions and interrupts.
facts() {
	sed -n 's/^ *# \(region\|interrupt\)/\1/p' "$1"
}

# keeps_protocol DEVICE WHO: the device keeps the protocol; what it says of itself goes to a file.
keeps_protocol() {
	subtest vfio-platform-suite "$1" "$2" >"/tmp/suite-$2"
	_result=$?
	cat "/tmp/suite-$2"
	return $_result
}

# The kernel's own files.
check "the clock is with its standard driver at first" is_bound $clock rtc-pl031
load_overdrive
check "loading the module leaves the clock alone" is_bound $clock rtc-pl031
echo vfio-amba > /sys/bus/amba/devices/$clock/driver_override
echo $clock > /sys/bus/amba/devices/$clock/driver/unbind
echo $clock > /sys/bus/amba/drivers_probe
check "override, unbind, probe: the meta driver has the clock" is_bound $clock vfio-amba
echo > /sys/bus/amba/devices/$clock/driver_override
echo $clock > /sys/bus/amba/devices/$clock/driver/unbind
check "the AMBA meta driver refuses a clock without an override" \
	fails_with ENODEV /sys/bus/amba/drivers/vfio-amba/bind $clock
echo $clock > /sys/bus/amba/drivers_probe
check "clear, unbind, probe: the standard driver is back" is_bound $clock rtc-pl031
check "the kernel can tell the time by the clock again" has_clock

# The module's.
check "one write moves the clock to the meta driver" rebind $clock vfio-amba
check "the clock's override and driver are the meta driver's" is_as $clock vfio-amba vfio-amba
check "one write keeps all drivers off the clock" rebind $clock none
check "the clock remains without a driver" is_as $clock none none
check "an empty write gives the clock back" rebind $clock ""
check "the clock is with its standard driver, without an override" is_as $clock rtc-pl031 "(null)"
check "a driver that does not exist changes nothing for the clock" rebind_fails ENOENT $clock no-such-driver
rule clock bus=amba device=$clock driver=vfio-amba
echo 1 >$rules/clock/apply
check "a rule hands the clock over" is_as $clock vfio-amba vfio-amba
rmdir $rules/clock
rebind $clock ""
check "the kernel can tell the time once the rule is gone" has_clock
unload_overdrive

load_overdrive amba_driver=vfio-meta-amba
check "the AMBA driver's name is a parameter" test -d /sys/bus/amba/drivers/vfio-meta-amba
check "the clock is handed over by its override" hand_over $clock vfio-meta-amba
check "the clock keeps the protocol under the meta driver" keeps_protocol $clock ours
check "the clock is taken away from its users" subtest vfio-revoke amba $clock vfio-meta-amba overdrive
check "the clock survives races" vfio-race amba $clock vfio-meta-amba "$(stress_count 10 1000)"
unbind /sys/bus/amba/devices/$clock
if modprobe vfio-amba; then
	check "the C driver takes the clock" hand_over $clock vfio-amba
	check "the clock keeps the protocol under the C driver" keeps_protocol $clock c
	check "both drivers say the same of the clock's registers and interrupts" \
		is "$(facts /tmp/suite-ours)" "$(facts /tmp/suite-c)"
	give_back $clock
	check "an AMBA driver's name that the C driver has is refused" \
		is "$(rmmod overdrive && insmod_error overdrive amba_driver=vfio-amba)" EBUSY
	rmmod vfio-amba
else
	skip "the C driver takes the clock" "no vfio-amba"
	skip "the clock keeps the protocol under the C driver" "no vfio-amba"
	skip "both drivers say the same of the clock's registers and interrupts" "no vfio-amba"
	skip "an AMBA driver's name that the C driver has is refused" "no vfio-amba"
fi
[ ! -d /sys/module/overdrive ] || unload_overdrive
check "the clock is with its standard driver in the end" is_bound $clock rtc-pl031
finish
