#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Errors of the bus are told to whoever has the device, and nothing else happens to it.
#
# The firmware need not let the kernel have the ports' error reporting: the kernel takes it.
#
# Machines: q35
# Timeout: 120
# Append: pcie_ports=native

. ./lib.sh
. ./devices.sh
. ./pci.sh
. ./pci-hold.sh

# inject ERROR: the device that was plugged in reports an error to its port.
inject() {
	host human-monitor-command \
		"{\"command-line\":\"pcie_aer_inject_error hp-rp2 $1\"}" >/dev/null
}

require_host
load_overdrive
drivers="vfio-meta"
modprobe vfio-pci && drivers="$drivers vfio-pci"
# shellcheck disable=SC2086 # a word each
set -- $drivers
plan $(($# * 4))

nic=$(plug 8086:10d3 rp2 '"driver":"e1000e","romfile":""')
[ -n "$nic" ] || ktap_exit_fail_msg "no network card could be plugged in"
for driver; do
	take_pci "$nic" "$driver"
	check "somebody has a device of $driver" hold nic "$nic" error
	check "it has an error" inject COMP_TIME
	check "whoever has it is told" told nic '^error 02000000'
	check "$driver still has it" is_bound "$nic" "$driver"
done
return_pci "$nic"
unplug rp2

[ $# -eq 1 ] || rmmod vfio-pci
unload_overdrive
finish
