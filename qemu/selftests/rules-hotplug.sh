#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A device with a rule is never probed by its standard driver: hot-plugged ones, and virtual
# functions. The calls of the standard driver's probe are counted.
#
# Machines: q35
# Timeout: 600

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

plugs=$(stress_count 10 500)
creations=$(stress_count 3 50)
vfs=4
probe=virtio_pci_probe

rng=1af4:1044

new_rng() {
	pci_devices $rng | grep -vxFf /tmp/before
}

# plug ID PORT
plug() {
	host device_add "{\"driver\":\"virtio-rng-pci\",\"id\":\"$1\",\"bus\":\"$2\",\"disable-legacy\":\"on\"}" \
		>/dev/null
}

unplug() {
	host device_del "{\"id\":\"$1\"}" >/dev/null
}

# plugged: the new device has a driver, or nobody is going to give it one.
settled() {
	device=$(new_rng)
	[ -n "$device" ] && [ "$(bound_driver "$device")" != none ]
}

require_host
load_overdrive
pci_devices $rng >/tmp/before
plan 12

# Without a rule: shows that the count works.
count_probes $probe || ktap_exit_fail_msg "no kprobe on $probe"
plug hp rp0
wait_until 10 settled
check "the standard driver has a plugged device without a rule" is_bound "$device" virtio-pci
check "the standard driver's probe is called without a rule" is "$(probes $probe)" 1
port=$(basename "$(readlink -f "$(device_path "$device")/..")")
unplug hp
stop_counting $probe

# The device that comes there next.
rule plug "device=$device" driver=vfio-meta
count_probes $probe
good=0
for _ in $(seq "$plugs"); do
	plug hp rp0
	wait_until 10 settled
	[ "$(bound_driver "$device")" = vfio-meta ] && good=$((good + 1))
	last=$(status_of "$device" by)
	unplug hp
done
check "$plugs times plugged, $plugs times bound by rule" is "$good" "$plugs"
check "the standard driver's probe was never called in plugs by address" is "$(probes $probe)" 0
check "the rule counts its devices" is "$(hits plug)" "$plugs"
check "the device's state names the rule" is "$last" rule:plug
rmdir $rules/plug

# By what it is plugged into, and by what it is.
rule parent "parent=$port" driver=none
plug hp rp0
wait_until 10 test -e "/sys/bus/pci/devices/$device/overdrive"
check "a rule for what is plugged into a port" is_as "$device" none none
unplug hp
rule alias "modalias=pci:v00001AF4d00001044sv*" driver=vfio-meta
plug hp rp1
wait_until 10 settled
check "a rule for what a device is" is_bound "$device" vfio-meta
unplug hp
check "the standard driver's probe was never called" is "$(probes $probe)" 0
stop_counting $probe
rmdir $rules/parent $rules/alias

# Virtual functions.
pf=
for dir in /sys/bus/pci/devices/*; do
	if [ -e "$dir/sriov_totalvfs" ] && [ "$(cat "$dir/sriov_totalvfs")" -ge $vfs ]; then
		pf=${dir##*/}
	fi
done
if [ -z "$pf" ]; then
	skip "virtual functions are bound by rule when they are made" "no SR-IOV"
	skip "virtual functions of a rule are never probed by another driver" "no SR-IOV"
	skip "the physical function stays when its functions are bound by rule" "no SR-IOV"
	finish
fi
owner=$(bound_driver "$pf")
rule vfs "parent=$pf" driver=vfio-meta
count_probes nvme_probe
good=0
for _ in $(seq "$creations"); do
	echo $vfs >"/sys/bus/pci/devices/$pf/sriov_numvfs"
	for vf in "/sys/bus/pci/devices/$pf"/virtfn*; do
		[ "$(bound_driver "$(basename "$(readlink "$vf")")")" = vfio-meta ] && good=$((good + 1))
	done
	echo 0 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
done
check "virtual functions are bound by rule when they are made" is $good $((creations * vfs))
check "virtual functions of a rule are never probed by another driver" is "$(probes nvme_probe)" 0
check "the physical function stays when its functions are bound by rule" is_bound "$pf" "$owner"
stop_counting nvme_probe
rmdir $rules/vfs
unload_overdrive
finish
