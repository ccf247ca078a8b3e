#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Puts into the initramfs what overdrive save has kept: the program, the saved files, the module, and the modules of the
# drivers and buses that the saved rules name. An entry that is bad is named here, and costs no other.
#
# dracut calls the functions, and sets the variables.
# shellcheck disable=SC2154

check() {
	# With nothing to decide, there is nothing to load early.
	[[ -d /etc/overdrive.d && -n $(ls /etc/overdrive.d) ]]
}

depends() {
	return 0
}

installkernel() {
	local module
	hostonly='' instmods overdrive configfs
	overdrive restore --modules 2>/dev/null | while read -r module; do
		hostonly='' instmods -s "$module"
	done
}

install() {
	local file
	overdrive check >/dev/null || {
		dwarn 'overdrive: what is bad in /etc/overdrive.d holds neither now nor at boot:'
		dwarn "$(overdrive check)"
	}
	modinfo -k "$kernel" overdrive >/dev/null 2>&1 ||
		dwarn "overdrive: there is no module for the kernel $kernel: no saved rule holds when it is booted"
	inst_multiple modprobe overdrive
	for file in /etc/overdrive.d/*; do
		# What is no file was named above.
		[[ ! -f $file ]] || inst_simple "$file"
	done
	inst_hook pre-udev 10 "$moddir/load.sh"
}
