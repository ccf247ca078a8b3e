#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Rules that name a device by what it is and by where it is: serial number, path, firmware node, what
# is above it; and devices that take the place of others.
#
# Machines: q35
# Timeout: 600

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

# identity_of DEVICE KEY: the values of one key in its identity.
identity_of() {
	sed -n "s/^$2=//p" "$(of_device "$1" identity)"
}

# plug TYPE ID PORT [PROPERTIES]: PROPERTIES are JSON, with a comma before.
plug() {
	host device_add "{\"driver\":\"$1\",\"id\":\"$2\",\"bus\":\"$3\"$4}" >/dev/null
}

unplug() {
	host device_del "{\"id\":\"$1\"}" >/dev/null
}

nic() {
	plug e1000e "$1" "$2" ",\"romfile\":\"\",\"mac\":\"52:54:00:aa:bb:$3\""
}

# in_port PORT: the device in the port of that address.
in_port() {
	for _dir in "/sys/bus/pci/devices/$1"/????:??:??.?; do
		[ -e "$_dir" ] && basename "$_dir" && return
	done
	return 1
}

is_in_port() {
	[ -e "/sys/bus/pci/devices/$(in_port "$1")/overdrive/status" ]
}

is_empty() {
	! in_port "$1" >/dev/null
}

# come PORT: waits for the device in a port, and prints its address.
come() {
	wait_until 20 is_in_port "$1"
	in_port "$1"
}

# gone ID PORT: takes the device out.
gone() {
	unplug "$1"
	wait_until 20 is_empty "$2"
}

replug() {
	echo 1 >"/sys/bus/pci/devices/$1/remove"
	echo 1 >/sys/bus/pci/rescan
	wait_until 20 test -e "/sys/bus/pci/devices/$1/overdrive/status"
}

rp0=0000:00:10.0
rp1=0000:00:11.0
edu=0000:00:04.0
nic=0000:00:06.0

require_host
load_overdrive
plan 41

# What tells one device from all others.
check "the identity has the name of the device" is "$(identity_of $nic device)" $nic
check "the identity has the name of the bus" is "$(identity_of $nic bus)" pci
check "the path of what is on the root bus is its address" is "$(identity_of $nic path)" $nic
check "the serial number is that of the card" is "$(identity_of $nic serial)" \
	"$(cat /sys/bus/pci/devices/$nic/serial_number 2>/dev/null || echo 52-54-00-ff-ff-12-34-56)"
check "the firmware node is the one that the kernel links to" is "$(identity_of $edu firmware)" \
	"$(sed 's/_*\(\.\|$\)/\1/g' /sys/bus/pci/devices/$edu/firmware_node/path)"
check "the module alias is the device's" is "$(identity_of $edu modalias)" \
	"$(cat /sys/bus/pci/devices/$edu/modalias)"
check "a device without a serial number has no line for it" is "$(identity_of $edu serial)" ""
check "a bridge is said to be one" grep -q '^# a bridge' "$(of_device $rp0 identity)"
bad=0
for key in device path serial firmware modalias; do
	mkdir $rules/id
	identity_of $nic $key >$rules/id/$key
	[ "$(cat $rules/id/$key)" = "$(identity_of $nic $key)" ] || bad=$((bad + 1))
	rmdir $rules/id
done
check "each line of the identity is good for a rule, as it stands" is $bad 0
check "only root reads the identity" is "$(stat -c %a "$(of_device $nic identity)")" 400

# A card has its rule wherever it is.
rule card serial=0x525400FFFFAABB01 driver=none
nic one rp0 01
check "a card with the serial number of a rule is taken" is_as "$(come $rp0)" none none
nic two rp1 02
device=$(come $rp1)
wait_until 20 test -e "/sys/bus/pci/devices/$device/driver"
check "another card of the kind is not" is_as "$device" e1000e "(null)"
gone one $rp0
gone two $rp1
nic one rp1 01
check "in another port the card still has its rule" is_as "$(come $rp1)" none none
gone one $rp1
check "the rule counts the card each time" is "$(hits card)" 2
rmdir $rules/card

# A place that another device has now.
plug edu mine rp0
device=$(come $rp0)
rule mine "device=$device" "modalias=pci:v00001234d000011e8*" driver=none
gone mine $rp0
plug edu mine rp0
check "a rule for a device in a place acts on it" is_as "$(come $rp0)" none none
gone mine $rp0
mark=$(log_mark)
nic other rp0 03
device=$(come $rp0)
wait_until 20 test -e "/sys/bus/pci/devices/$device/driver"
check "another device in that place keeps its driver" is_as "$device" e1000e "(null)"
check "the log says once that the rule did not act, and why" \
	is "$(log_since "$mark" | grep -c "rule mine does not act: its modalias is another device's")" 1
rmdir $rules/mine

# Paths.
rule path path=00:10.0/0.0 driver=none
gone other $rp0
nic other rp0 03
check "a path leads to the device in a port" is_as "$(come $rp0)" none none
gone other $rp0
nic other rp1 03
device=$(come $rp1)
wait_until 20 test -e "/sys/bus/pci/devices/$device/driver"
check "the same device in another port is elsewhere" is_as "$device" e1000e "(null)"
gone other $rp1
rmdir $rules/path

# Firmware.
rule node "firmware=$(cat /sys/bus/pci/devices/$edu/firmware_node/path)" driver=none
replug $edu
check "a firmware node as the kernel's file has it names its device" is_as $edu none none
rmdir $rules/node
replug $edu
check "nothing is left of a rule's override without the rule" is_as $edu none "(null)"

# A switch: bridges between a port and a device.
rps=0000:00:16.0
upstream=$(in_port $rps)
downstream=$(in_port "$upstream")
leaf=$(in_port "$downstream")
path=$rps/00.0/00.0/00.0

# new_switch DEVICE: finds a part of the switch, and what is behind it, anew.
new_switch() {
	echo 1 >"/sys/bus/pci/devices/$1/remove"
	echo 1 >/sys/bus/pci/rescan
	wait_until 20 test -e "/sys/bus/pci/devices/$leaf/overdrive/status"
}

check "the path of a device behind a switch goes through it" \
	sh -c "sed -n 's/^path=//p' $(of_device "$leaf" identity) | grep -qx $path"
check "a path that begins at the switch is one as well" \
	sh -c "sed -n 's/^path=//p' $(of_device "$leaf" identity) | grep -qx $downstream/00.0"
rule port parent=00:16.0 driver=none
rule all-below below=00:16.0 driver=none
new_switch "$upstream"
check "a switch in a port keeps its driver" is_as "$upstream" pcieport "(null)"
check "the ports of the switch keep theirs" is_as "$downstream" pcieport "(null)"
check "a rule for all below a port takes what is behind the switch" is_as "$leaf" none none
check "a rule for what is in a port does not take the switch" is "$(hits port)" 0
check "a rule for all below leaves bridges alone" is "$(hits all-below)" 1
rmdir $rules/port

rule leaf "path=$path" driver=@standard
rule switch "path=$downstream/00.0" driver=none
new_switch "$leaf"
wait_until 20 test -e "/sys/bus/pci/devices/$leaf/driver"
check "the older of two rules by path wins" is "$(hits leaf) $(hits switch)" "1 0"
check "an exception gives the standard driver" is_as "$leaf" e1000e "(null)"
rmdir $rules/leaf $rules/switch $rules/all-below
rule bridge "device=$downstream" driver=none
new_switch "$downstream"
check "a bridge is taken by its exact name" is_as "$downstream" none none
rmdir $rules/bridge
set_override "$downstream" ""
rebind "$downstream" ""

# Patterns, and slots.
rule some 'device=0000:00:*' driver=none
replug 0000:00:13.0
check "a pattern of addresses leaves a port alone" is_as 0000:00:13.0 pcieport "(null)"
rmdir $rules/some
echo '0000:00:*.*' >/sys/bus/pci/drivers/vfio-meta/new_slot
check "a slot of all devices of a bus has its devices" has_status $edu by slot
check "a slot of all devices of a bus has no host bridge" is "$(get_override 0000:00:00.0)" "(null)"
check "a slot of all devices of a bus has no port" is "$(get_override $rp0)" "(null)"
echo '0000:00:*.*' >/sys/bus/pci/drivers/vfio-meta/remove_slot
rule bridge device=0000:00:00.0 driver=none
echo 1 >$rules/bridge/apply
check "a host bridge is taken by its exact name" is "$(get_override 0000:00:00.0)" none
rmdir $rules/bridge

# Virtual functions.
pf=
for dir in /sys/bus/pci/devices/*; do
	if [ -e "$dir/sriov_totalvfs" ] && [ "$(cat "$dir/sriov_totalvfs")" -ge 4 ]; then
		pf=${dir##*/}
	fi
done
vf() {
	basename "$(readlink "/sys/bus/pci/devices/$pf/virtfn$1")"
}
rule some "parent=$pf" vf=3,0-1 driver=none
rule place "path=$pf" driver=none
echo 4 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
check "virtual functions are named by their indices and ranges of them" is \
	"$(for i in 0 1 2 3; do get_override "$(vf $i)"; done | tr '\n' ' ')" "none none (null) none "
check "the identity of a virtual function has its index" is "$(identity_of "$(vf 2)" vf)" 2
check "a virtual function has no path" is "$(identity_of "$(vf 2)" path)" ""
check "the parents of a virtual function are the port and the physical function" \
	sh -c "sed -n 's/^parent=//p' $(of_device "$(vf 2)" identity) | grep -qx $pf"
echo 0 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
rmdir $rules/some
rule one "parent=$pf" vf=0 driver=none
echo 1 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
check "a single virtual function has the index 0" is_as "$(vf 0)" none none
echo 0 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
rmdir $rules/one $rules/place
unload_overdrive
finish
