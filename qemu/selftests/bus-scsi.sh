#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# SCSI is extended, with a disk that is plugged in.
#
# Machines: q35
# Timeout: 600

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./buses.sh

rounds=$(stress_count 5 100)

disk_in() {
	remember_devices scsi
	plug scsi-hd disk0 ',"bus":"hba.0","drive":"scsidisk"'
	wait_until 20 new_disk >/dev/null
	new_disk
}

# new_disk: not its target.
new_disk() {
	new_devices scsi | grep '^[0-9]'
}

disk_out() {
	unplug disk0
	wait_until 20 no_disk
}

no_disk() {
	[ -z "$(new_disk)" ]
}

require_host
plug virtio-scsi-pci hba ',"bus":"rp3","disable-legacy":"on"' || skip_all "no controller"
disk scsidisk
wait_until 20 test -e /sys/bus/scsi/devices/host0
load_overdrive
plan $((bus_results - other_results + hotplug_results + 2))

disk_in >/dev/null
wait_until 20 bound_by scsi sd >/dev/null
found=$(bound_by scsi sd)
check_bus scsi "$found" - force

# The bus has devices of other kinds, whose drivers would be another struct's.
extend scsi force
target=$(readlink -f "/sys/bus/scsi/devices/$found/..")
set_override "$target" sd
probe "$target"
check "scsi: a target is forced on no driver" is_as "$target" none sd
check "scsi: a rebind forces no target on a driver" rebind_fails ENODEV "$target" sd
set_override "$target" ""
rmdir $buses/scsi
disk_out

check_hotplug scsi sd_probe "$rounds" disk_in disk_out "device=[0-9]*"
unload_overdrive
unplug hba
host blockdev-del '{"node-name":"scsidisk"}' >/dev/null
finish
