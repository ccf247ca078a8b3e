#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Timeout: 20
#
# The guest is what the other tests take it for.

. ./lib.sh

machine_has_its_devices()
{
	case $OVERDRIVE_MACHINE in
	q35)
		# Two identical ones, and two behind the bridge in one group.
		is "$(pci_devices 1234:11e8 | wc -l)" 4
		;;
	microvm)
		is "$(find /sys/bus/platform/devices/ -name 'virtio-mmio.*' | wc -l)" 5
		;;
	virt)
		is "$(pci_devices 1234:11e8 | wc -l)" 4 &&
			is "$(bound_driver 9010000.pl031)" rtc-pl031 &&
			is "$(bound_driver fff51000.ethernet)" calxedaxgmac
		;;
	esac
}

groups_are_as_expected()
{
	case $OVERDRIVE_MACHINE in
	q35 | virt)
		# shellcheck disable=SC2046
		set -- $(for dev in $(pci_devices 1234:11e8); do iommu_group "$dev"; done)
		[ "$1" != "$2" ] && [ "$1" != none ] && is "$3" "$4"
		;;
	microvm)
		is "$(iommu_group virtio-mmio.0)" none
		;;
	esac
}

host_answers()
{
	is "$(host query-status '{}' | grep -o '"running":true')" '"running":true'
}

host_refuses_nonsense()
{
	! host no-such-command '{}' 2>/dev/null && ! host device_add 'no json' 2>/dev/null
}

load_and_unload()
{
	modprobe overdrive && [ -d /sys/module/overdrive ] && rmmod overdrive &&
		[ ! -d /sys/module/overdrive ]
}

[ -n "${OVERDRIVE_MACHINE:-}" ] || skip_all "not a guest of the harness"
plan 5
check "the machine has its devices" machine_has_its_devices
check "the machine's IOMMU groups are as expected" groups_are_as_expected
check "the host answers what a guest asks" host_answers
check "the host refuses what is no request" host_refuses_nonsense
check "the module can be loaded and unloaded" load_and_unload
finish
