#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What may be written into driver_override, and what reads back. The attribute of PCI and platform
# devices is the kernel's; whoever adds one elsewhere must behave the same, so this is the measure.
#
# Machines: q35 microvm virt

. ./lib.sh
. ./devices.sh

# TEXT_BUS and TEXT_DEVICE name another device to try.
bus=${TEXT_BUS:-} device=${TEXT_DEVICE:-}
if [ -z "$bus" ]; then
	if [ -n "$(pci_devices 1234:11e8)" ]; then
		bus=pci
		device=$(pci_devices 1234:11e8 | head -n 1)
	else
		bus=platform
		device=$(virtio_mmio_devices 4 | head -n 1)
	fi
fi
file=/sys/bus/$bus/devices/$device/driver_override

# stored TEXT EXPECTED: TEXT (with printf's escapes) is accepted, and EXPECTED reads back.
stored() {
	printf '%b' "$1" >"$file" && test "$(cat "$file")" = "$2"
}

# name LENGTH: a driver's name of that many bytes.
name() {
	head -c "$1" /dev/zero | tr '\0' a
}

# too_long LENGTH: refused, and the override is what it was.
too_long() {
	echo before >"$file"
	name "$1" >/tmp/name
	test "$(write_error "$file" /tmp/name)" = EINVAL && test "$(cat "$file")" = before
}

[ -f "$file" ] || skip_all "no device with a driver_override"
page=$(getconf PAGE_SIZE 2>/dev/null || echo 4096)
plan 12

echo >"$file"
check "a driver_override that is not set reads as (null)" test "$(cat "$file")" = "(null)"
check "a driver_override is stored without a newline" stored 'vfio-meta' vfio-meta
check "a trailing newline is stripped from a driver_override" stored 'none\n' none
check "what follows a newline in a driver_override is ignored" stored 'one\ntwo\n' one
check "a NUL ends a driver_override" stored 'three\0four' three
check "a driver_override keeps UTF-8 as it is" stored 'tr\303\244iber\n' "$(printf 'tr\303\244iber')"
check "a driver_override keeps spaces" stored ' a b \n' ' a b '
stored 'x' x
check "an empty line clears a driver_override" stored '\n' "(null)"
stored 'x' x
check "a lone NUL clears a driver_override" stored '\0' "(null)"

# A write of nothing never reaches the attribute.
stored 'kept' kept
: >"$file"
check "an empty write changes no driver_override" test "$(cat "$file")" = kept

longest=$(name $((page - 2)))
check "the longest driver_override fits in a page with its newline" stored "$longest" "$longest"
check "a driver_override over a page is refused and changes nothing" too_long $((page - 1))

echo >"$file"
finish
