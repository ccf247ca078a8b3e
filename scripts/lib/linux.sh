# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# The kernel's source: the newest point release of a series that the distribution has.

# linux_folder VERSION: make cannot live with some of the characters of a Debian version.
linux_folder() {
	printf '%s/linux/%s' "$cache" "$(printf '%s' "$1" | tr -c 'A-Za-z0-9.' '-')"
}

# Sets KERNEL_SRC and KERNEL_VERSION to the newest source of the series that is here.
linux_survey() {
	KERNEL_SRC='' KERNEL_VERSION=''
	for linux_stamp in "$cache/linux/$KERNEL_SERIES".*/.debian-version; do
		[ -e "$linux_stamp" ] || continue
		read -r linux_version <"$linux_stamp"
		if [ -z "$KERNEL_VERSION" ] || dpkg --compare-versions "$linux_version" gt "$KERNEL_VERSION"; then
			KERNEL_VERSION=$linux_version
			KERNEL_SRC=${linux_stamp%/*}
		fi
	done
}

linux_ready() {
	[ -n "$KERNEL_SRC" ] && [ -z "$refresh" ]
}

linux_report() {
	printf 'the source of Linux %s: unpacked from the package linux-source-%s\n' "$KERNEL_SERIES" "$KERNEL_SERIES"
}

linux_title() {
	printf 'source of Linux %s' "$KERNEL_SERIES"
}

linux_step() {
	apt_lists "$host_arch"
	linux_package=linux-source-$KERNEL_SERIES
	linux_version=$(apt_versions "$host_arch" "$linux_package" | apt_newest)
	[ -n "$linux_version" ] ||
		give_up "there is no package $linux_package; the series that exist are $(linux_series)$apt_partial"
	linux_dir=$(linux_folder "$linux_version")
	[ ! -e "$linux_dir/.debian-version" ] || return 0
	need_space "$cache" 2800
	apt_unpack "$host_arch" "$linux_package" "$linux_version" "$work/linux" \
		--strip-components=3 "./usr/src/$linux_package.tar.xz"
	echo 'unpacking'
	mkdir "$work/linux/source"
	tar -C "$work/linux/source" --strip-components=1 -xJf "$work/linux/$linux_package.tar.xz"
	[ -e "$work/linux/source/Kbuild" ] || give_up "$linux_package $linux_version does not contain a kernel's source"
	printf '%s\n' "$linux_version" >"$work/linux/source/.debian-version"
	keep "$work/linux/source" "$linux_dir"
}

linux_series() {
	apt_private "$host_arch" apt-cache pkgnames linux-source- | sed -n 's/^linux-source-\([0-9.]*\)$/\1/p' |
		sort -V | paste -s -d ' '
}
