# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# A static busybox for the guest: the host's own where it has one, else unpacked from the package of the guest's
# architecture. None is installed: busybox-static would drive out the host's other busybox.

busybox_survey() {
	BUSYBOX=$(busybox_find amd64)
	BUSYBOX_ARM64=$(busybox_find arm64)
}

# busybox_find DEBIAN-ARCHITECTURE
busybox_find() {
	if [ "$1" = "$host_arch" ] && [ -x /bin/busybox ] && [ -z "$(packages_missing busybox-static)" ]; then
		printf '/bin/busybox'
	elif [ -x "$cache/busybox/$1/busybox" ]; then
		printf '%s' "$cache/busybox/$1/busybox"
	fi
}

busybox_ready() {
	[ -n "$BUSYBOX" ] && { [ "$arch" != arm64 ] || [ -n "$BUSYBOX_ARM64" ]; }
}

busybox_report() {
	printf 'a static busybox for the guest: unpacked from the package busybox-static\n'
}

busybox_title() {
	printf 'busybox for the guest'
}

busybox_step() {
	[ -n "$BUSYBOX" ] || busybox_fetch amd64
	[ "$arch" != arm64 ] || [ -n "$BUSYBOX_ARM64" ] || busybox_fetch arm64
}

# busybox_fetch DEBIAN-ARCHITECTURE
busybox_fetch() {
	apt_lists "$1"
	busybox_version=$(apt_versions "$1" busybox-static | apt_newest)
	[ -n "$busybox_version" ] || give_up "there is no busybox-static for $1$apt_partial"
	apt_unpack "$1" busybox-static "$busybox_version" "$work/busybox"
	mkdir "$work/busybox-$1"
	find "$work/busybox" -type f -path '*/bin/busybox' -exec mv {} "$work/busybox-$1/" \;
	[ -x "$work/busybox-$1/busybox" ] ||
		give_up "busybox-static $busybox_version does not contain a busybox"
	keep "$work/busybox-$1" "$cache/busybox/$1"
}
