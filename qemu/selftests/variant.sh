#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Which VFIO driver is the best for a device: by the aliases of modules, and only for whoever asks.
#
# Machines: q35 virt
# Timeout: 60

. ./lib.sh
. ./devices.sh
. ./pci.sh

alias_of_edu='vfio_pci:v00001234d000011E8sv*sd*bc*sc*i*'
aliases=/lib/modules/$(uname -r)/modules.alias

# vfio_aliases_of MODULE: the aliases that are for VFIO.
vfio_aliases_of() {
	awk -v module="$1" '$1 == "alias" && $2 ~ /^vfio_/ && $3 == module { print $2 }' "$aliases"
}

# loads MODALIAS: whether loading by this name loads overdrive.
loads() {
	modprobe "$1" 2>/dev/null
	grep -q '^overdrive ' /proc/modules
}

# candidate_count DEVICE COUNT: so many modules are listed.
candidate_count() {
	overdrive variant --all "$1" | tee /tmp/candidates
	is "$(wc -l </tmp/candidates)" "$2"
}

edu=$(pci_devices 1234:11e8 | head -n 1)
nic=$(pci_devices 8086:10d3 | head -n 1)
[ -n "$edu" ] || skip_all "no edu device"
[ -n "$nic" ] || skip_all "no e1000e device"
command -v overdrive >/dev/null || skip_all "no overdrive command"
plan 14

check "overdrive's only VFIO alias is that of the edu device" \
	is "$(vfio_aliases_of overdrive)" "$alias_of_edu"
check "vfio-pci's only VFIO alias is that for every device" \
	is "$(vfio_aliases_of vfio_pci)" 'vfio_pci:v*d*sv*sd*bc*sc*i*'
check_fails "the edu device's own alias does not load overdrive" \
	loads "$(cat "/sys/bus/pci/devices/$edu/modalias")"
check "the best VFIO module for edu is overdrive" is "$(overdrive variant --print "$edu")" overdrive
check "the best VFIO module for e1000e is vfio-pci" is "$(overdrive variant --print "$nic")" vfio_pci
check "there are two VFIO modules for edu" candidate_count "$edu" 2
check "the best alias for edu has 5 asterisks" \
	is "$(awk 'NR == 1 { print $1, $2 }' /tmp/candidates)" "5 overdrive"
check "the second best alias for edu has 7 asterisks" \
	is "$(awk 'NR == 2 { print $1, $2 }' /tmp/candidates)" "7 vfio_pci"
check_fails "asking for VFIO modules loads none" grep -q '^overdrive ' /proc/modules

check "overdrive variant hands edu over by its name" overdrive variant "$edu"
check "overdrive variant finds a driver that is not named like its module" is_bound "$edu" vfio-meta
check "overdrive variant hands e1000e over by its path" overdrive variant "/sys/bus/pci/devices/$nic"
check "overdrive variant gives e1000e to vfio-pci" is_bound "$nic" vfio-pci
check_fails "overdrive variant refuses a device that is not there" overdrive variant 0000:ff:1f.7

return_pci "$edu"
return_pci "$nic"
rmmod vfio-pci
unload_overdrive
finish
