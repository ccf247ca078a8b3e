#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Rules that name a device by its node in the device tree.
#
# Machines: virt

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

# identity_of DEVICE KEY: the values of one key in its identity.
identity_of() {
	sed -n "s/^$2=//p" "$(of_device "$1" identity)"
}

device=fff51000.ethernet
node=/ethernet@fff51000
other=fff52000.reset-controller

plan 9

load_overdrive "rules=name=node,firmware=$node,driver=none"
check "a node of the device tree names its device" has_status $device by rule:node
check "the node is the one that the kernel links to" is "$(identity_of $device firmware)" \
	"$(readlink -f /sys/bus/platform/devices/$device/of_node | sed 's|.*/devicetree/base||')"
check "the device has the override of the rule for its node" is "$(cat /sys/bus/platform/devices/$device/driver_override)" none
check "another node is not meant" is "$(get_override $other)" "(null)"
unload_overdrive
check "the rule's override goes with the module" is "$(get_override $device)" "(null)"

load_overdrive
mkdir $rules/r
echo "/sys/firmware/devicetree/base$node" >$rules/r/firmware
check "a node as Linux shows it is put right" is "$(cat $rules/r/firmware)" $node
echo "/proc/device-tree$node" >$rules/r/firmware
check "a node as Linux showed it formerly is put right" is "$(cat $rules/r/firmware)" $node
check "a node that has no name is refused" fails_with EINVAL $rules/r/firmware "$node/"
rmdir $rules/r
rule node "firmware=$node" "device=fff5*" driver=none
echo 1 >$rules/node/apply
check "a rule by node can be applied" is_as $device none none
rmdir $rules/node
unload_overdrive
finish
