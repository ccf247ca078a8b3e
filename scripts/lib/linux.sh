# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The kernel's source: the newest point release of a series that the distribution has.

# make cannot live with some of the characters of a Debian version.
linux_folder() {
	printf '%s/linux/%s' "$cache" "$(printf '%s' "$1" | tr -c 'A-Za-z0-9.\n' '-')"
}

# Sets KERNEL_SRC and KERNEL_VERSION to the newest complete source of the series.
linux_survey() {
	KERNEL_SRC=
	KERNEL_VERSION=
	for linux_stamp in "$cache/linux/$KERNEL_SERIES".*/.debian-version; do
		[ -e "$linux_stamp" ] || continue
		read -r linux_version <"$linux_stamp"
		if [ -z "$KERNEL_VERSION" ] || dpkg --compare-versions "$linux_version" gt "$KERNEL_VERSION"; then
			KERNEL_VERSION=$linux_version
			KERNEL_SRC=${linux_stamp%/*}
		fi
	done
}

linux_step() {
	apt_lists "$host_arch"
	linux_package=linux-source-$KERNEL_SERIES
	linux_version=$(apt_versions "$host_arch" "$linux_package" | apt_newest)
	[ -n "$linux_version" ] ||
		give_up "there is no $linux_package; these series exist: $(apt_private "$host_arch" apt-cache pkgnames linux-source- |
			sed -n 's/^linux-source-\([0-9.]*\)$/\1/p' | sort -V | tr '\n' ' ')"
	linux_dir=$(linux_folder "$linux_version")
	if [ -e "$linux_dir/.debian-version" ]; then
		return 0
	fi
	need_space "$cache" 3000
	linux_tmp=$cache/tmp/linux
	rm -rf "$linux_tmp"
	apt_unpack "$host_arch" "$linux_package" "$linux_version" "$linux_tmp" \
		--strip-components=3 "./usr/src/$linux_package.tar.xz"
	mkdir "$linux_tmp/source"
	tar -C "$linux_tmp/source" --strip-components=1 -xJf "$linux_tmp/$linux_package.tar.xz"
	[ -e "$linux_tmp/source/Kbuild" ] || give_up "$linux_package $linux_version does not contain a kernel source"
	printf '%s\n' "$linux_version" >"$linux_tmp/source/.debian-version"
	mkdir -p "$cache/linux"
	rm -rf "$linux_dir"
	mv "$linux_tmp/source" "$linux_dir"
	rm -rf "$linux_tmp"
}
