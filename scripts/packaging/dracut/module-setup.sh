#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Puts into the initramfs what overdrive save has kept: the module, and its parameters.
#
# dracut calls the functions, and sets the variables.
# shellcheck disable=SC2154

check() {
	# With nothing to decide, there is nothing to load early.
	[[ -n $(overdrive restore --print) ]]
}

depends() {
	return 0
}

installkernel() {
	hostonly='' instmods overdrive
}

install() {
	inst_multiple modprobe
	mkdir -p "$initdir/etc/modprobe.d"
	{
		echo '# What overdrive save kept.'
		overdrive restore --print
	} >"$initdir/etc/modprobe.d/overdrive-saved.conf"
	inst_hook pre-udev 10 "$moddir/load.sh"
}
