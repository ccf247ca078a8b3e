#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The other buses that an emulated PC has: auxiliary, I2C, serio, PNP, MMC.
#
# Machines: q35
# Timeout: 600

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./buses.sh

rounds=$(stress_count 5 100)

aux_in() {
	echo 1 >$fake/plugged
	echo overdrive_buses.dev.1
}

aux_out() {
	echo 0 >$fake/plugged
}

sensor_in() {
	echo lm75 0x48 >"/sys/bus/i2c/devices/$adapter/new_device"
	echo "${adapter#i2c-}-0048"
}

sensor_out() {
	echo 0x48 >"/sys/bus/i2c/devices/$adapter/delete_device"
}

require_module overdrive_buses
modprobe i2c-stub chip_addr=0x48 || skip_all "no i2c-stub"
for module in lm75 atkbd psmouse mmc_block; do
	modprobe $module || skip_all "no module $module"
done
for name in /sys/bus/i2c/devices/i2c-*/name; do
	! grep -q stub "$name" || adapter=$(basename "$(dirname "$name")")
done
load_overdrive
plan $((4 * bus_results + 2 * hotplug_results + 6))

check_bus auxiliary overdrive_buses.dev.0 overdrive_buses.foreign no
aux_out
check_hotplug auxiliary auxiliary_bus_probe "$rounds" aux_in aux_out device=overdrive_buses.dev.1

sensor=$(sensor_in)
wait_until 10 is_bound "/sys/bus/i2c/devices/$sensor" lm75
check_bus i2c "$sensor" dummy no
sensor_out
check_hotplug i2c lm75_i2c_probe "$rounds" sensor_in sensor_out "device=$sensor"

wait_until 20 test -e /sys/bus/serio/devices/serio0/driver
check_bus serio serio0 psmouse force

# Forced: the driver's probe is reached, but finds no mouse.
extend serio force
count_probes psmouse_connect
check_fails "serio: a driver that is forced on a foreign device refuses" rebind serio0 psmouse
check "serio: a driver that is forced on a foreign device is asked" test "$(probes psmouse_connect)" -gt 0
check "serio: a device is back after a forced driver refused" is_as serio0 atkbd "(null)"
stop_counting psmouse_connect
rmdir $buses/serio

# The second serial port: the first is the console's.
for dir in /sys/bus/pnp/drivers/serial/*:*; do
	[ -e "$dir/tty/ttyS0" ] || [ -n "$(ls -d "$dir"/*/*/tty/ttyS0 2>/dev/null)" ] || port=${dir##*/}
done
check_bus pnp "$port" system no

# The kernel's MMC bus has no match function: its one driver takes all cards.
check "mmc: the bus can't be extended" is "$(extend_error mmc)" EOPNOTSUPP
check "sdio: the bus can be extended" extend sdio
check "sdio: the bus can't have the scope force" fails_with EOPNOTSUPP $buses/sdio/scope force
rmdir $buses/sdio

unload_overdrive
modprobe -r i2c-stub
finish
