#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Errors of the bus are told to whoever has the device, and nothing else happens to it.
#
# Machines: q35
# Timeout: 120

. ./lib.sh
. ./devices.sh
. ./pci.sh
. ./pci-hold.sh

# inject ERROR: the device that was plugged in reports an error to its port.
inject() {
	host human-monitor-command \
		"{\"command-line\":\"pcie_aer_inject_error hp-rp1 $1\"}" >/dev/null
}

require_host
# The firmware lets the kernel have the ports' error reporting only if the kernel could do all else
# that comes with it, CONFIG_PCIEASPM for instance.
reporting=$(find /sys/bus/pci_express/devices/ -name '*:pcie002' 2>/dev/null)
[ -n "$reporting" ] || skip_all "the kernel does not have the ports' error reporting"
load_overdrive
drivers="vfio-meta"
modprobe vfio-pci && drivers="$drivers vfio-pci"
# shellcheck disable=SC2086 # a word each
set -- $drivers
plan $(($# * 4))

# Few of QEMU's devices can report errors.
rng=$(plug 1af4:1044 rp1 '"driver":"virtio-rng-pci","aer":true')
[ -n "$rng" ] || ktap_exit_fail_msg "no random number generator could be plugged in"
for driver; do
	take_pci "$rng" "$driver"
	check "somebody has a device of $driver" hold rng "$rng" error
	check "the device of $driver has an error" inject COMP_TIME
	check "whoever has the device of $driver is told of the error" told rng '^error 00ff0001'
	check "$driver has the device after the error" is_bound "$rng" "$driver"
done
return_pci "$rng"
unplug rp1

[ $# -eq 1 ] || rmmod vfio-pci
unload_overdrive
finish
