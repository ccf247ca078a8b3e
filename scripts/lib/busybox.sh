# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A static busybox for the guest: the host's own where it has one, else unpacked from the package of the guest's
# architecture. Nothing is installed: busybox-static would drive out a host's other busybox.

# busybox_find DEBIAN-ARCHITECTURE
busybox_find() {
	if [ "$1" = "$host_arch" ]; then
		packages_missing busybox-static
		for busybox in /usr/bin/busybox /bin/busybox; do
			if [ -z "$missing_packages" ] && [ -x "$busybox" ]; then
				printf '%s' "$busybox"
				return 0
			fi
		done
	fi
	if [ -x "$cache/busybox/$1/busybox" ]; then
		printf '%s' "$cache/busybox/$1/busybox"
	fi
}

busybox_survey() {
	BUSYBOX=$(busybox_find amd64)
	BUSYBOX_ARM64=$(busybox_find arm64)
}

# busybox_fetch DEBIAN-ARCHITECTURE
busybox_fetch() {
	apt_lists "$1"
	busybox_version=$(apt_versions "$1" busybox-static | apt_newest)
	[ -n "$busybox_version" ] || give_up "there is no busybox-static for $1"
	rm -rf "$cache/tmp/busybox"
	apt_unpack "$1" busybox-static "$busybox_version" "$cache/tmp/busybox"
	mkdir -p "$cache/busybox/$1"
	busybox=$cache/tmp/busybox/usr/bin/busybox
	[ -e "$busybox" ] || busybox=$cache/tmp/busybox/bin/busybox
	mv "$busybox" "$cache/busybox/$1/busybox"
	rm -rf "$cache/tmp/busybox"
}

busybox_step() {
	[ -n "$BUSYBOX" ] || busybox_fetch amd64
	[ "$arch" != arm64 ] || [ -n "$BUSYBOX_ARM64" ] || busybox_fetch arm64
}
