#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The commands that users are told work: each block of the README and of Documentation is run as it is there, in its
# order, with the names of this machine's devices.
#
# Machines: q35
# Timeout: 400

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

documents=/usr/share/doc/overdrive
blocks=/run/blocks
export OVERDRIVE_SAVED=/etc/overdrive.d

nic=$(pci_devices 8086:10d3 | head -n 1)
edu=$(pci_devices 1234:11e8 | head -n 1)
require "$nic" "$edu"
[ -r $documents/README.md ] || skip_all "no documents"
interface=$(ls "/sys/bus/pci/devices/$nic/net")
# One that the harness does not need: the random number generator.
for virtio in /sys/bus/virtio/devices/*; do
	[ $(($(cat "$virtio/device"))) -ne 4 ] || rng=${virtio##*/}
done
require "$rng"

# localise BLOCK: the documents' devices become those of this machine.
localise() {
	sed -i -e "s/0000:03:00\.0/$nic/g" -e "s/0000:65:00\.0/$edu/g" -e "s/\beth1\b/$interface/g" \
		-e "s/\bvirtio3\b/$rng/g" -e 's|scripts/overdrive|overdrive|g' "$1"
}

# is_for_host BLOCK: it builds something, or is for a whole Debian system.
is_for_host() {
	grep -qE '^(sudo )?(make|dkms|apt-get|update-initramfs|dracut)\b' "$1"
}

# lacks BLOCK: prints what this overdrive does not have that the block needs.
lacks() {
	if grep -q 'overdrive bus\|bus=usb\|rule del stick' "$1" && [ ! -d /sys/kernel/config/overdrive-buses ]; then
		echo "this overdrive can't extend buses"
	fi
}

# run BLOCK
run() {
	sh -eu "$1" >/run/block-out 2>&1 && return
	_status=$?
	sed 's/^/# | /' "$1" /run/block-out
	return $_status
}

# clean_up: as before a document.
clean_up() {
	[ -d /sys/module/overdrive ] || modprobe overdrive
	for _made in "$rules"/* /sys/kernel/config/overdrive-buses/*; do
		[ ! -d "$_made" ] || rmdir "$_made"
	done
	overdrive release "$nic" >/dev/null 2>&1
	overdrive release "$edu" >/dev/null 2>&1
	rm -rf $OVERDRIVE_SAVED
	rmmod overdrive
}

rm -rf $blocks
mkdir $blocks
for document in README.md $(cd $documents && find Documentation -name '*.rst' | sort); do
	name=$(echo "$document" | tr / _)
	awk -v "out=$blocks/$name" -f blocks.awk "$documents/$document"
done
# Not in the plan: what is for the host.
for block in "$blocks"/*; do
	! is_for_host "$block" || rm "$block"
done
set -- $blocks/*
plan $#
last=
for block; do
	name=${block##*/}
	document=${name%-*}
	[ -z "$last" ] || [ "$document" = "$last" ] || clean_up
	last=$document
	localise "$block"
	reason=$(lacks "$block")
	if [ -n "$reason" ]; then
		skip "$name" "$reason"
	else
		check "$name: $(head -n 1 "$block")" run "$block"
	fi
done
clean_up
finish
