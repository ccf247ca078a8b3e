#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Borrowers that are killed at random moments, some of which a user through VFIO outlives: each device comes
# back to where it was.
#
# Machines: q35 microvm virt
# Timeout: 3600

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

borrowers=$(stress_count 40 1000)

require_module overdrive_test
load_overdrive
if [ -n "$(pci_devices 1234:11e8 2>/dev/null)" ]; then
	bus=pci meta=vfio-meta
	# shellcheck disable=SC2046 # a list
	set -- $(pci_devices 1234:11e8)
else
	bus=platform meta=vfio-platform
	# shellcheck disable=SC2046 # a list
	set -- $(virtio_mmio_devices 4)
	allow_noiommu
fi
[ $# -ge 2 ] || skip_all "no two devices to play with"
first=$1 second=$2
can_hold=0
[ $bus != pci ] || ! command -v overdrive-hold >/dev/null || can_hold=1
seed=1

# random BELOW
random() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	number=$((seed / 65536 % $1))
}

# as_before: what the devices have when nobody borrows them.
as_before() {
	[ "$(bound_driver "$first")$(get_override "$first")" = "test-a(null)" ] &&
		[ "$(bound_driver "$second")$(get_override "$second")" = "nonenone" ] &&
		grep -q "lent=no" "$(of_device "$first" status)" && grep -q "lent=no" "$(of_device "$second" status)"
}

# borrow DRIVER: starts a borrower of both devices.
borrow() {
	# shellcheck disable=SC2016 # another shell expands it
	sh -c 'exec 8<>/dev/overdrive; echo "lend driver='"$1 $bus/$first $bus/$second"'" >&8; exec sleep 1000' 2>/dev/null &
	borrower=$!
}

# pause: for up to a tenth of a second.
pause() {
	random 10
	sleep 0.0$number
}

plan $((4 + can_hold))
rebind "$first" test-a
set_override "$first" ""
rebind "$second" none
slab_before=$(slab_used)
held=0
for turn in $(seq "$borrowers"); do
	random 3
	case $number in
	0) driver=test-b ;;
	1) driver=none ;;
	*) driver=$meta ;;
	esac
	random 4
	[ $number != 0 ] || echo 12 >$knobs/probe-b
	holder=
	borrow $driver
	if [ $can_hold = 1 ] && [ $((turn % 10)) = 5 ]; then
		kill -9 $borrower
		wait $borrower 2>/dev/null
		wait_until 20 as_before
		borrow $meta
		if wait_until 10 is_bound "$first" $meta >/dev/null; then
			rm -f /tmp/hold /tmp/held
			mkfifo /tmp/hold
			overdrive-hold "$first" </tmp/hold >/tmp/held 2>&1 &
			holder=$!
			exec 5>/tmp/hold
			wait_until 20 grep -q open /tmp/held && held=$((held + 1))
		fi
	else
		pause
	fi
	kill -9 $borrower
	wait $borrower 2>/dev/null
	if [ -n "$holder" ]; then
		wait_until 10 has_status "$first" lent returning >/dev/null || bad="${bad:-} $turn:not-returning"
		is_bound "$first" $meta >/dev/null || bad="${bad:-} $turn:taken"
		exec 5>&-
		wait $holder
	fi
	wait_until 20 as_before || bad="${bad:-} $turn"
	echo 0 >$knobs/probe-b
done
# What the last one had asked for can still have to begin.
sleep 1
wait_until 20 as_before
check "all devices of borrowers that were killed are where they were" is "${bad:-}" ""
[ $can_hold = 0 ] || check "a user has outlived some of the borrowers" test $held -gt 0
check "no driver is left with a device that was lent" is "$(cut -d " " -f 1,2 "$(of_device "$first" status)")" \
	"driver=test-a override=-"
slab_after=$(slab_used)
comment "borrowers: $borrowers, outlived: $held, slab: $slab_before to $slab_after KiB"
check "borrowers leave no memory behind" test $((slab_after - slab_before)) -lt 4096
rebind "$first" ""
rebind "$second" ""
check "the module can be unloaded after the last borrower" rmmod overdrive
rmmod overdrive_test
finish
