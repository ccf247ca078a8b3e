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
check "the standard driver has the clock" is_bound $clock rtc-pl031
load_overdrive
check "loading the module changes nothing" is_bound $clock rtc-pl031
echo vfio-amba > /sys/bus/amba/devices/$clock/driver_override
echo $clock > /sys/bus/amba/devices/$clock/driver/unbind
echo $clock > /sys/bus/amba/drivers_probe
check "override, unbind, probe: the meta driver has the clock" is_bound $clock vfio-amba
echo > /sys/bus/amba/devices/$clock/driver_override
echo $clock > /sys/bus/amba/devices/$clock/driver/unbind
check "without an override the meta driver refuses it" \
	fails_with ENODEV /sys/bus/amba/drivers/vfio-amba/bind $clock
echo $clock > /sys/bus/amba/drivers_probe
check "clear, unbind, probe: the standard driver is back" is_bound $clock rtc-pl031
check "with the clock" has_clock

# The module's.
check "one write" rebind $clock vfio-amba
check "is enough" is_as $clock vfio-amba vfio-amba
check "one write keeps all drivers off" rebind $clock none
check "for good" is_as $clock none none
check "and one goes back" rebind $clock ""
check "to the standard driver" is_as $clock rtc-pl031 "(null)"
check "no driver of that name, no change" rebind_fails ENOENT $clock no-such-driver
rule clock bus=amba device=$clock driver=vfio-amba
echo 1 >$rules/clock/apply
check "a rule hands it over" is_as $clock vfio-amba vfio-amba
rmdir $rules/clock
rebind $clock ""
check "and the kernel has its clock again" has_clock
unload_overdrive

load_overdrive amba_driver=vfio-meta-amba
check "the driver's name is a parameter" test -d /sys/bus/amba/drivers/vfio-meta-amba
check "the clock is handed over" hand_over $clock vfio-meta-amba
check "it keeps the protocol" keeps_protocol $clock ours
check "it is taken away from its users" subtest vfio-revoke amba $clock vfio-meta-amba overdrive
check "it survives races" vfio-race amba $clock vfio-meta-amba "$(stress_count 10 1000)"
unbind /sys/bus/amba/devices/$clock
if modprobe vfio-amba; then
	check "the C driver takes it" hand_over $clock vfio-amba
	check "it keeps the protocol there" keeps_protocol $clock c
	check "both say the same of registers and interrupts" \
		is "$(facts /tmp/suite-ours)" "$(facts /tmp/suite-c)"
	give_back $clock
	check "a name that the C driver has is refused" \
		is "$(rmmod overdrive && insmod_error overdrive amba_driver=vfio-amba)" EBUSY
	rmmod vfio-amba
else
	skip "the C driver takes it" "no vfio-amba"
	skip "it keeps the protocol there" "no vfio-amba"
	skip "both say the same of registers and interrupts" "no vfio-amba"
	skip "a name that the C driver has is refused" "no vfio-amba"
fi
[ ! -d /sys/module/overdrive ] || unload_overdrive
check "the standard driver has the clock again" is_bound $clock rtc-pl031
finish
