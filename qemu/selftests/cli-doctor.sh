#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Every finding of the doctor, from its cause.
#
# Machines: q35
# Timeout: 400

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

edu=$(pci_devices 1234:11e8 | head -n 1)
nic=$(pci_devices 8086:10d3 | head -n 1)
member=$(pci_devices 8086:100e | head -n 1)
testdev=$(pci_devices 1b36:0005 | head -n 1)
require "$edu" "$nic" "$member" "$testdev"
module=$(find "/lib/modules/$(uname -r)" -name overdrive.ko)
require_module overdrive_test

# noiommu Y|N
noiommu() {
	echo "$1" >$noiommu
}
noiommu=/sys/module/vfio/parameters/enable_unsafe_noiommu_mode

# json_finds ID
json_finds() {
	cli doctor --json
	says "\"id\": \"$1\""
}

tests() {
	check "a module that is not loaded is told" finds module-not-loaded
	check "a module that is not loaded is bad" exits 1 doctor
	mv "$module" /run/overdrive.ko
	mv "/lib/modules/$(uname -r)/modules.dep" /run/modules.dep
	grep -v overdrive.ko: /run/modules.dep >"/lib/modules/$(uname -r)/modules.dep"
	check "a module that is not there is told" finds module-missing
	mv /run/modules.dep "/lib/modules/$(uname -r)/modules.dep"
	mv /run/overdrive.ko "$module"

	load_overdrive
	# Other tests may have left it on.
	[ ! -e $noiommu ] || noiommu N
	check "doctor finds nothing on a machine that has all" exits 0 doctor
	check "doctor says that nothing is wrong" says "Nothing is wrong."
	check "the machine has an IOMMU" finds_not iommu-off
	mount -t tmpfs none /sys/kernel/iommu_groups
	check "the machine has no IOMMU" finds iommu-off
	umount /sys/kernel/iommu_groups
	if [ -e $noiommu ]; then
		noiommu Y
		check "devices without an IOMMU may be handed out" finds noiommu-mode
		check "devices without an IOMMU are no more than a note" exits 0 doctor
		noiommu N
	else
		for name in "devices without an IOMMU may be handed out" "devices without an IOMMU are no more than a note"; do
			skip "$name" "the kernel has no CONFIG_VFIO_NOIOMMU"
		done
	fi

	# Rules.
	mkdir $rules/r
	check "a rule is not in force" finds rule-disabled
	echo "$edu" >$rules/r/device
	echo no-such-driver >$rules/r/driver
	echo 1 >$rules/r/enabled
	check "a rule names a driver that is not there" finds rule-without-driver
	cli save r
	rmdir $rules/r
	check "a saved rule is not in force" finds saved-not-in-force
	mkdir -p /boot
	touch -d "2020-01-01 00:00" "/boot/initrd.img-$(uname -r)"
	check "the initramfs is older than a rule" finds initramfs-stale
	touch -d "2037-01-01 00:00" "/boot/initrd.img-$(uname -r)"
	check "the initramfs is not older than a rule once it was built" finds_not initramfs-stale
	rm -r $OVERDRIVE_SAVED "/boot/initrd.img-$(uname -r)"

	# Failures.
	echo -5 >$knobs/probe-b
	cli bind "$nic" test-b
	check "a rebind failed" finds rolled-back
	check "a rebind that failed is told with what the kernel says" says "the kernel log: "
	echo -22 >$knobs/probe-a
	cli bind "$nic" test-a
	echo 0 >$knobs/probe-a
	cli bind "$nic" test-a
	echo -22 >$knobs/probe-a
	cli bind "$nic" test-b
	check "a device lost its driver" finds stranded
	check "what is wrong is also JSON" json_finds stranded
	echo 0 >$knobs/probe-a
	echo 10000 >$knobs/probe-b
	echo test-b >"$(of_device "$nic" rebind)" &
	wait_until 20 has_status "$nic" rebind busy >/dev/null
	check "a rebind is under way" finds rebind-busy "$nic"
	echo 0 >$knobs/probe-b
	wait $!
	cli release "$nic"

	# Overrides.
	set_override "$edu" no-such-driver
	check "an override without a driver is told" finds override-without-driver
	set_override "$edu" vfio-meta
	check "a device does not have the driver that it should" finds driverless
	set_override "$edu" ""
	set_override "$nic" vfio-meta
	check "an override that another driver outlives is told" finds override-later
	set_override "$nic" ""
	check "a bus without overrides is told" finds no-override virtio0

	# For userspace.
	cli bind "$testdev" vfio-meta
	check "a device can be opened" finds_not no-vfio-node "$testdev"
	check "a device without a reset is told" finds no-reset "$testdev"
	for _node in /dev/vfio/vfio /dev/iommu; do
		[ ! -e $_node ] || mv $_node "/run/$(basename $_node)"
	done
	check "a device that no node opens is told" finds no-vfio-node "$testdev"
	for _node in /dev/vfio/vfio /dev/iommu; do
		[ ! -e "/run/$(basename $_node)" ] || mv "/run/$(basename $_node)" $_node
	done
	cli release "$testdev"

	check "a terminal that is in use is told" finds in-use ttyS0
	check "another driver is in its IOMMU group" finds group-not-viable "$(pci_devices 1234:11e8 | tail -n 1)"
	check "the device with another driver in a group is named" says "$member of the same IOMMU group"
	check "a device in no IOMMU group is told" finds no-group serial8250
	cli release "$nic"
	unload_overdrive
}

plan 30
tests
rmmod overdrive_test
finish
