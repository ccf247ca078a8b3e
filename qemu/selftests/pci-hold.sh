# SPDX-License-Identifier: GPL-2.0
#
# PCI devices that are plugged in, and that somebody in userspace has while something happens to them;
# on top of pci.sh.
# shellcheck shell=sh

new_device() {
	pci_devices "$1" | grep -vxFf /tmp/before
}

# plug VENDOR:DEVICE PORT JSON: plugs a device in, and prints its address once it is there.
plug() {
	pci_devices "$1" >/tmp/before
	host device_add "{\"id\":\"hp-$2\",\"bus\":\"$2\",$3}" >/dev/null || return
	wait_until 10 new_device "$1" >/dev/null && new_device "$1"
}

unplug() {
	host device_del "{\"id\":\"hp-$1\"}" >/dev/null
}

gone() {
	test ! -e "/sys/bus/pci/devices/$1"
}

# hold NAME ADDRESS ARGUMENT...: somebody opens the device, and tells what happens in /tmp/NAME.
hold() {
	# check has a _name of its own.
	_holder=$1
	shift
	# The shell in the background may come to empty it only after somebody has looked.
	: >"/tmp/$_holder"
	vfio-pci-hold "$@" >"/tmp/$_holder" 2>&1 &
	eval "holder_$_holder=$!"
	wait_until 10 grep -q '^ready' "/tmp/$_holder" && return
	sed 's/^/# /' "/tmp/$_holder"
	return 1
}

# told NAME PATTERN: the holder was told, and has gone.
told() {
	eval "wait \$holder_$1" && grep -q "$2" "/tmp/$1" && return
	sed 's/^/# /' "/tmp/$1"
	return 1
}
