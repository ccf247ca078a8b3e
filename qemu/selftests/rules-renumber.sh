#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Rules after buses were numbered anew: the same machine, booted without and with a card in front.
#
# The network card in the port 10.0 and the edu device in 11.0 are the same in both. The card in front is
# another network card of the same kind, in the port 02.0, so that it has the address that the first one
# has without it, and that one has the edu device's.
#
# Machines: q35-alone q35-card

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

# What `rule add --for` writes for the two, whichever boot it was in.
nic_rule='path=0000:00:10.0/00.0 serial=52-54-00-ff-ff-aa-bb-01'
edu_rule='path=0000:00:11.0/00.0'
edu_alias='pci:v00001234d000011E8*'

# in_port PORT: the device in the port of that address.
in_port() {
	for _dir in "/sys/bus/pci/devices/$1"/????:??:??.?; do
		[ -e "$_dir" ] && basename "$_dir"
	done
}

# applied NAME FIELD=VALUE...: puts a rule in force, and has it act on what is there.
applied() {
	rule "$@" driver=none && echo 1 >"$rules/$1/apply"
}

# removed NAME DEVICE...: takes a rule back, and its driver from the devices.
removed() {
	rmdir "$rules/$1"
	shift
	for _device; do
		rebind "$_device" ""
	done
}

# untouched DEVICE: no rule acted on it.
untouched() {
	is "$(get_override "$1")" "(null)"
}

load_overdrive
nic=$(in_port 0000:00:10.0)
edu=$(in_port 0000:00:11.0)
plan 14

case $OVERDRIVE_MACHINE in
q35-alone)
	front=
	check "the network card is on the first bus of a machine without a card in front" is "$nic" 0000:01:00.0
	check "the edu device is on the second bus of a machine without a card in front" is "$edu" 0000:02:00.0
	;;
*)
	front=$(in_port 0000:00:02.0)
	check "the card in front has the address of the network card" is "$front" 0000:01:00.0
	check "the network card has the address of the edu device" is "$nic" 0000:02:00.0
	;;
esac
check "the rule that is made for the network card is the same in both boots" \
	sh -c "overdrive rule add --for $nic nic driver=none >/dev/null &&
		[ \"path=\$(cat $rules/nic/path) serial=\$(cat $rules/nic/serial)\" = '$nic_rule' ]"
[ ! -d $rules/nic ] || rmdir $rules/nic

applied path "${nic_rule% *}"
check "a rule by path follows the card" is_as "$nic" none none
check "a rule by path counts one device" is "$(hits path)" 1
removed path "$nic"
applied serial "${nic_rule#* }"
check "a rule by serial number follows the card" is_as "$nic" none none
check "a rule by serial number counts one device" is "$(hits serial)" 1
removed serial "$nic"
applied below below=0000:00:10.0
check "a rule for a port follows what is in it" is_as "$nic" none none
removed below "$nic"
applied edu "$edu_rule" "modalias=$edu_alias"
check "a rule by path and kind follows the edu device" is_as "$edu" none none
removed edu "$edu"

# Rules by address, made while there was no card in front, with what tells the device.
rule old device=0000:01:00.0 "${nic_rule#* }" driver=none
rule older device=0000:02:00.0 "modalias=$edu_alias" driver=none
echo 1 >$rules/old/apply
echo 1 >$rules/older/apply
if [ -n "$front" ]; then
	check "a rule by address and serial number does not take the card in front" untouched "$front"
	check "a rule by address that the card has left does not take it either" untouched "$nic"
	check "a rule by address and kind does not take what is there now" is "$(hits older)" 0
	check "the edu device is not taken by its old address" untouched "$edu"
	echo 1 >"/sys/bus/pci/devices/$front/remove"
	echo 1 >/sys/bus/pci/rescan
	wait_until 20 test -e "/sys/bus/pci/devices/$front/overdrive/status"
	check "the log says that the place has another card now" sh -c \
		"dmesg | grep -q 'rule old does not act: its serial is another device'"
else
	check "a rule by address and serial number takes its card" is_as "$nic" none none
	check "a rule by address and serial number counts its card" is "$(hits old)" 1
	check "a rule by address and kind takes its device" is "$(hits older)" 1
	check "the edu device is taken by its address" is_as "$edu" none none
	check "the log has nothing of another device" sh -c "! dmesg | grep 'does not act'"
fi
rmdir $rules/old $rules/older
unload_overdrive
finish
