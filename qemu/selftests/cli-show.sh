#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The command line shows devices, finds them by any of their names, and teaches.
#
# Machines: q35
# Timeout: 400

. ./lib.sh
. ./devices.sh
. ./cli.sh

edu=$(pci_devices 1234:11e8 | head -n 1)
nic=$(pci_devices 8086:10d3 | head -n 1)
testdev=$(pci_devices 1b36:0005 | head -n 1)
require "$edu" "$nic" "$testdev"
interface=$(ls "/sys/bus/pci/devices/$nic/net")
virtio=$(first /sys/bus/pci/devices/*/virtio*/net/..)
behind=${virtio%/*}
behind=${behind##*/}
virtio=${virtio##*/}

# is_json: what was printed is JSON as far as brackets and quotes go.
is_json() {
	awk '
		{
			for (i = 1; i <= length($0); i++) {
				c = substr($0, i, 1)
				if (quoted && c == "\\")
					i++
				else if (c == "\"")
					quoted = !quoted
				else if (!quoted && c ~ /[[{]/)
					open = open c
				else if (!quoted && c ~ /[]}]/) {
					want = c == "]" ? "[" : "{"
					if (substr(open, length(open)) != want)
						bad = 1
					open = substr(open, 1, length(open) - 1)
				}
			}
			if (quoted)
				bad = 1
		}
		END { exit bad || open != "" || NR == 0 }
	' $out
}

# names_it WORD: status of WORD is about the device.
names_it() {
	exits 0 status "$1" && is "$(awk '$1 == "device" { print $2 }' $out)" "$2"
}

# row DEVICE: list's columns but the last, with single blanks.
row() {
	awk -v device="$1" '$1 == device { print $1, $2, $3, $4, $5 }' $out
}

tests() {
	exits 0 list
	check "list tells group, driver and override" \
		is "$(row "$nic")" "$nic $(iommu_group "$nic") e1000e - -"
	check "list tells what a device is" says "network 8086:10d3 ($interface)"
	check "a device without a driver has none" is "$(row "$edu")" "$edu $(iommu_group "$edu") - - -"
	check "no colour in a pipe" is "$(grep -c "$(printf '\033')" $out)" 0
	check "platform devices without a driver are left out" says_not pcspkr
	exits 0 list --all
	check "list --all has platform devices without a driver" says "$virtio"
	exits 0 list --bus virtio
	check "list --bus has one bus only" test "$(wc -l <$out)" -gt 1 -a "$(grep -c "$nic" $out)" = 0
	check "list refuses a bus that is not there" exits 4 list --bus nonsense

	exits 0 tree
	check "tree has buses" grep -qx pci $out
	check "tree has IOMMU groups" grep -qx "  IOMMU group $(iommu_group "$nic")" $out
	check "tree has devices" grep -qE "^    $nic +e1000e" $out

	exits 0 list --json
	check "the JSON of list is complete" is_json
	check "the JSON of list has a device" says "\"device\": \"$nic\", \"bus\": \"pci\""
	exits 0 status --json "$nic" "$edu"
	check "status has JSON" is_json
	check "the JSON of status has groups as numbers" says "\"group\": $(iommu_group "$edu"), \"driver\": null"

	check "a device is found by its name" names_it "$nic" "$nic"
	check "a device is found by a short address" names_it "${nic#0000:}" "$nic"
	check "a device is found by its folder" names_it "/sys/bus/pci/devices/$nic" "$nic"
	check "a device is found by its interface" names_it "$interface" "$nic"
	check "a virtio interface is of a PCI device" \
		names_it "$(ls "/sys/bus/virtio/devices/$virtio/net")" "$behind"
	check "a device is found by its ID" names_it 1b36:0005 "$testdev"
	check "a device is not found by an ID that two have" exits 4 status 8086:10d3
	check "an ID that two have is told with both" says "$nic"
	check "status refuses a device that is not there" exits 4 status 0000:ff:1f.7
	check "status refuses a folder that is no device's" exits 4 status /sys/bus

	check "a call without a command is wrong" exits 2
	check "an unknown command is wrong" exits 2 fly
	check "an unknown option is wrong" exits 2 list --fast
	check "--help explains the commands" exits 0 --help
	check "--help explains the exit statuses" says "refused: the device is in use"
	for word in list tree status bind unbind release rule slot bus variant save restore doctor; do
		exits 0 $word --help && says "overdrive $word"
	done >/run/cli-help
	check "every command has help" is "$(cat /run/cli-help)" ""
}

plan 31
tests
finish
