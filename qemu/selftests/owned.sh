#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A device that userspace has is not taken, and that is said at once: by whatever name it was opened, and
# whichever VFIO driver has it.
#
# Machines: q35 virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./collide.sh

device=$(pci_devices 1234:11e8 | head -n 1)
[ -n "$device" ] || skip_all "no edu device"
command -v overdrive-hold >/dev/null || skip_all "nobody to use the device"

# hold: starts to use the device, by names that nobody looks for.
hold() {
	rm -f /tmp/hold /tmp/held
	mkfifo /tmp/hold
	overdrive-hold "$device" </tmp/hold >/tmp/held &
	holder=$!
	exec 5>/tmp/hold
	wait_until 20 grep -q open /tmp/held
}

let_go() {
	exec 5>&-
	wait $holder
}

# refused COMMAND...: it fails, and the user still has the device and was not asked for it.
refused() {
	"$@" || return
	has_status "$device" owned yes && kill -0 "$holder" && ! grep asked /tmp/held
}

require_module overdrive_test
load_overdrive
plan 25
check "a device without a driver is not owned" has_status "$device" owned no
rebind "$device" vfio-meta
check "a device with a VFIO driver and no user is not owned" has_status "$device" owned no
hold
# The node by which it was opened has no name anymore that would lead to the device.
group=$(iommu_group "$device")
mv "/dev/vfio/$group" /dev/vfio/elsewhere
check "the state says that a user has the device" has_status "$device" owned yes
check "a rebind of an owned device is refused" refused rebind_fails EBUSY "$device" test-a
check "a rebind of an owned device's group is refused" \
	refused fails_with EBUSY "$(of_device "$device" rebind_group)" none
check "a set with an owned device is refused" refused fails_with EBUSY /dev/overdrive "bind driver=none pci/$device"
check "a loan of an owned device is refused" refused fails_with EBUSY /dev/overdrive "lend driver=none pci/$device"
rule take "device=$device" driver=test-a
set_override "$device" ""
check "a rule that is applied to an owned device is refused" refused fails_with EBUSY $rules/take/apply 1
rmdir $rules/take
check "a rebind of an owned device to its driver is not refused" rebind "$device" vfio-meta
check "a rebind of an owned device to its driver touches nothing" refused is_as "$device" vfio-meta vfio-meta
exec 6<>/dev/overdrive
echo "bind driver=none pci/$device" >&6 2>/dev/null
check "the answer names the owned device, and why" is "$(cat <&6)" \
	"device=pci/$device state=untouched error=-16 reason=open"
exec 6>&-
start wait write_to /dev/overdrive "bind wait driver=test-a pci/$device"
check "a request that says wait waits for the user" runs wait
check "a request that waits has touched nothing" refused is_as "$device" vfio-meta vfio-meta
mv /dev/vfio/elsewhere "/dev/vfio/$group"
let_go
check "a request that waits ends when the user lets go" ends wait
check "a device has moved when the wait for its user ended" is_as "$device" test-a test-a

# A borrower who goes while a user has the device.
rebind "$device" test-a
set_override "$device" ""
exec 8<>/dev/overdrive
echo "lend driver=vfio-meta pci/$device" >&8
hold 8>&-
exec 8>&-
sleep 1
check "a device that is lent and in use is about to be returned" has_status "$device" lent returning
check "a device that is about to be returned stays with its user" refused is_bound "$device" vfio-meta
let_go
check "a device is returned when its user has let it go" wait_until 20 is_as "$device" test-a "(null)"

# A wait that is called off.
rebind "$device" vfio-meta
hold
echo "bind wait driver=test-a pci/$device" >/dev/overdrive &
writer=$!
sleep 0.5
kill -9 $writer
wait $writer 2>/dev/null
check "a wait can be killed, and has touched nothing" refused is_as "$device" vfio-meta vfio-meta
let_go

# The C driver: the group tells.
if command -v overdrive-own-group >/dev/null && modprobe vfio-pci; then
	rebind "$device" vfio-pci
	group=$(iommu_group "$device")
	mkfifo /tmp/owner
	overdrive-own-group "$group" </tmp/owner >/tmp/owned &
	owner=$!
	exec 5>/tmp/owner
	wait_until 20 grep -qx owned /tmp/owned
	check "a group that userspace has is told" has_status "$device" owned yes
	check "a device of an owned group is not given to the kernel" rebind_fails EBUSY "$device" test-a
	check "a device of an owned group is not taken at all" rebind_fails EBUSY "$device" none
	check "the owner of a group stays when its devices are asked for" kill -0 $owner
	exec 5>&-
	wait $owner
	check "a group that nobody has is not owned" has_status "$device" owned no
	check "a device of a group that nobody has can be taken" rebind "$device" test-a
else
	for name in "a group that userspace has is told" "a device of an owned group is not given to the kernel" \
		"a device of an owned group is not taken at all" "the owner of a group stays when its devices are asked for" "a group that nobody has is not owned" \
		"a device of a group that nobody has can be taken"; do
		skip "$name" "no vfio-pci, or nobody to own the group"
	done
fi
rebind "$device" ""
rmmod overdrive_test
unload_overdrive
finish
