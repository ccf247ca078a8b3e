# SPDX-License-Identifier: GPL-2.0
#
# What the selftests of the PCI meta driver share, on top of devices.sh.
# shellcheck shell=sh

# take_pci DEVICE DRIVER: the PCI device is bound to DRIVER by its override.
take_pci() {
	set_override "/sys/bus/pci/devices/$1" "$2" &&
		rebind_by_hand "/sys/bus/pci/devices/$1" && is_bound "$1" "$2"
}

# return_pci DEVICE: the PCI device goes back to its standard driver.
return_pci() {
	set_override "/sys/bus/pci/devices/$1" "" && rebind_by_hand "/sys/bus/pci/devices/$1"
}

# group_of DEVICE: the endpoints of its IOMMU group, itself among them.
group_of() {
	for _member in "/sys/bus/pci/devices/$1"/iommu_group/devices/*; do
		case $(cat "$_member/class") in
		0x0604*) ;;
		*) echo "${_member##*/}" ;;
		esac
	done
}
