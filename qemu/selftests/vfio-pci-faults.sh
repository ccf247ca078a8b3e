#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# PCI devices go away while somebody in userspace has them open and mapped.
#
# Machines: q35
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./pci.sh
. ./pci-hold.sh

# port_of DEVICE: the port that it is behind.
port_of() {
	basename "$(readlink -f "/sys/bus/pci/devices/$1/..")"
}

# cut_off PORT, reconnect PORT: whether accesses reach what is behind the port. The kernel does not
# notice.
cut_off() {
	dd if="/sys/bus/pci/devices/$1/config" of=/tmp/bridge bs=1 skip=24 count=12 2>/dev/null &&
		# No bus, and memory windows that end before they begin.
		printf '\000\000\000' |
		dd of="/sys/bus/pci/devices/$1/config" bs=1 seek=24 conv=notrunc 2>/dev/null
}

reconnect() {
	dd if=/tmp/bridge of="/sys/bus/pci/devices/$1/config" bs=1 seek=24 count=3 conv=notrunc 2>/dev/null
}

require_host
load_overdrive enable_sriov=1
plan 16

edu=$(plug 1234:11e8 rp0 '"driver":"edu"')
check "a device that is plugged in is handed over" take_pci "$edu" vfio-meta
check "somebody has the plugged device open and mapped" hold edu "$edu" request
check "a device that is open can be unplugged" unplug rp0
check "the user of the unplugged device was asked to go" told edu '^request 00ff0010'
check "the unplugged device is gone" wait_until 10 gone "$edu"

# The device does not answer any more; the kernel learns it by and by.
edu=$(plug 1234:11e8 rp0 '"driver":"edu"')
take_pci "$edu" vfio-meta
port=$(port_of "$edu")
check "somebody has the device that will not answer" hold edu "$edu" request
cut_off "$port"
mark=$(log_mark)
remove_it() {
	echo 1 >"/sys/bus/pci/devices/$edu/remove"
}
check "a device that does not answer is removed" remove_it
check "the user of a device that does not answer sees nothing but ones" told edu '^request ffffffff'
said() {
	log_since "$mark" | grep -q "$edu: can't be reset after use"
}
check "the kernel log tells that the device could not be brought to rest" said
reconnect "$port"
unplug rp0

# A physical function with its virtual one, both in use. The kernel does with it what it does with one
# that is unplugged; QEMU itself does not survive that.
token=7b3d6f8a-5c1e-4a0b-9d52-3e8f0a6c4b17
pf=$(pci_devices 1b36:0010 | head -n 1)
if [ -n "$pf" ] && [ -e "/sys/bus/pci/devices/$pf/sriov_numvfs" ]; then
	take_pci "$pf" vfio-meta
	check "somebody has a physical function" hold pf "$pf" request "$token"
	echo 1 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
	vf=$(basename "$(readlink "/sys/bus/pci/devices/$pf/virtfn0")")
	check "somebody has a virtual function of it" hold vf "$vf" request "$token"
	remove_pf() {
		echo 1 >"/sys/bus/pci/devices/$pf/remove"
	}
	check "a physical function in use is removed" remove_pf
	check "the user of the virtual function was asked to go" told vf '^request'
	check "the user of the physical function was asked to go" told pf '^request'
	both_gone() {
		gone "$pf" && gone "$vf"
	}
	check "a physical function and the virtual function of it that was in use are gone" both_gone
	echo 1 >/sys/bus/pci/rescan
	check "the physical function comes back to its standard driver" wait_until 10 is_bound "$pf" nvme
else
	for name in "somebody has a physical function" "somebody has a virtual function of it" \
		"a physical function in use is removed" "the user of the virtual function was asked to go" \
		"the user of the physical function was asked to go" "a physical function and the virtual function of it that was in use are gone" \
		"the physical function comes back to its standard driver"; do
		skip "$name" "no device with virtual functions"
	done
fi

unload_overdrive
finish
