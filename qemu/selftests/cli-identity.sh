#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A rule for a device means that device: another one in its place keeps its own driver, and somebody is told.
#
# Machines: q35
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

# plug DRIVER ID: plugs a device into the port, and waits for it.
plug() {
	host device_add "{\"driver\":\"$1\",\"id\":\"$2\",\"bus\":\"rp0\"${3:-}}" >/dev/null &&
		wait_until 20 in_port >/dev/null
}

# in_port: the address of the device in the port.
in_port() {
	for _path in "$port"/0000:*; do
		case $_path in
		*:pcie*) continue ;;
		esac
		[ ! -e "$_path/vendor" ] || {
			basename "$_path"
			return
		}
	done
	return 1
}

port_is_empty() {
	! in_port >/dev/null
}

unplug() {
	host device_del "{\"id\":\"$1\"}" >/dev/null
	wait_until 20 port_is_empty
}

# driver_is DRIVER: of what is in the port.
driver_is() {
	is_bound "$(in_port)" "$1"
}

require_host
port=$(realpath /sys/bus/pci/devices/0000:00:10.0)
rm -rf $OVERDRIVE_SAVED
load_overdrive
plan 23

plug edu first
device=$(in_port)
exits 0 bind "$device" vfio-meta
check "bind tells that a device in a port can be unplugged" says "bind --save makes a rule"
check "a device in a port is bound and saved" exits 0 bind --save "$device" vfio-meta
file=$(ls $OVERDRIVE_SAVED/*.rule)
check "the saved rule says which kind of device it is" grep -q '^modalias = pci:v00001234d000011E8' "$file"
check "the saved rule says where it is plugged in" grep -qx 'path = 0000:00:10.0/00.0' "$file"
check "check finds nothing wrong in what bind saved" exits 0 check
check "the saved rule is in force" exits 0 rule list
check "rule list tells that a rule of bind is saved" says " saved "
check "explain says that it wins" exits 0 explain "$device"
check "explain names the rule that wins" says "by the rule"
unplug first
plug edu again
check "the same device in the same port has its driver again" driver_is vfio-meta
unplug again
plug e1000e other ',"romfile":""'
check "another device in its place keeps its own driver" driver_is e1000e
check "doctor tells that another device is in the place" finds rule-near-miss
check "explain tells what differs" exits 0 explain "$(in_port)"
check "explain tells that the kind differs" says "modalias differs"
exits 0 plan --boot
check "plan leaves the other device alone" says_not "$(in_port)"
unplug other
name=$(basename "$file" .rule)
check "the rule is removed by its name" exits 0 rule del --save "$name"

# A rule that a person writes.
plug edu second
exits 0 rule add --save mine "device=$device" driver=vfio-meta
check "a rule for a device that is here means that device" grep -q '^modalias = ' $OVERDRIVE_SAVED/mine.rule
unplug second
plug e1000e third ',"romfile":""'
check "a rule for a device takes no other in its place" driver_is e1000e
unplug third
cli rule del --save mine
plug edu fourth
exits 0 rule add --place mine "device=$device" driver=none
check "a rule for a place means whatever is there" is "$(cat $rules/mine/modalias)" ""
cli rule del mine
exits 0 rule add --for "$device" mine driver=vfio-meta
check "rule add --for writes the kind of the device" test -n "$(cat $rules/mine/modalias)"
check "rule add --for takes the driver that is given" is "$(cat $rules/mine/driver)" vfio-meta
unplug fourth
plug edu fifth
check "a rule that was made for a device takes it" driver_is vfio-meta
unplug fifth
cli rule del mine
check "no rule is left of those made for a device" is "$(ls $rules)" ""
unload_overdrive
finish
