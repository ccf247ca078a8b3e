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
plan 22
check "nobody has the device" has_status "$device" owned no
rebind "$device" vfio-meta
check "a driver that could hand it out has it, nobody else" has_status "$device" owned no
hold
# The node by which it was opened has no name anymore that would lead to the device.
group=$(iommu_group "$device")
mv "/dev/vfio/$group" /dev/vfio/elsewhere
check "the state says that a user has it" has_status "$device" owned yes
check "a rebind is refused" refused rebind_fails EBUSY "$device" test-a
check "so is one of the group" \
	refused fails_with EBUSY "$(of_device "$device" rebind_group)" none
check "so is a set" refused fails_with EBUSY /dev/overdrive "bind driver=none pci/$device"
check "so is a loan" refused fails_with EBUSY /dev/overdrive "lend driver=none pci/$device"
rule take "device=$device" driver=test-a
set_override "$device" ""
check "so is a rule that is applied" refused fails_with EBUSY $rules/take/apply 1
rmdir $rules/take
check "what touches nothing is not" rebind "$device" vfio-meta
check "and touches nothing" refused is_as "$device" vfio-meta vfio-meta
exec 6<>/dev/overdrive
echo "bind driver=none pci/$device" >&6 2>/dev/null
check "the answer names the device, and why" is "$(cat <&6)" \
	"device=pci/$device state=untouched error=-16 reason=open"
exec 6>&-
start wait write_to /dev/overdrive "bind wait driver=test-a pci/$device"
check "who says so waits for the user" runs wait
check "before anything is touched" refused is_as "$device" vfio-meta vfio-meta
mv /dev/vfio/elsewhere "/dev/vfio/$group"
let_go
check "and no longer" ends wait
check "then the device has moved" is_as "$device" test-a test-a

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
	overdrive-own-group "$group" </tmp/owner &
	owner=$!
	exec 5>/tmp/owner
	sleep 2
	check "a group that userspace has is told" has_status "$device" owned yes
	check "its device is not given to the kernel" rebind_fails EBUSY "$device" test-a
	check "nor is it taken at all" rebind_fails EBUSY "$device" none
	check "the owner stays" kill -0 $owner
	exec 5>&-
	wait $owner
	check "when nobody has it, it is not owned" has_status "$device" owned no
	check "and can be taken" rebind "$device" test-a
else
	for name in "a group that userspace has is told" "its device is not given to the kernel" \
		"nor is it taken at all" "the owner stays" "when nobody has it, it is not owned" \
		"and can be taken"; do
		skip "$name" "no vfio-pci, or nobody to own the group"
	done
fi
rebind "$device" ""
rmmod overdrive_test
unload_overdrive
finish
