# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# What Debian's headers package of a kernel with CONFIG_RUST lacks to build Rust modules: the metadata of the kernel's
# crates. The same compilers make the same metadata from the same source and configuration; that it is the same, the
# symbols tell, which carry a hash of all of it.

# The exit status of a kernel for which there is not everything any more.
metadata_absent=77

# The files, relative to the kernel's build folder.
metadata_files='rust/*.rmeta rust/*.so rust/kernel/generated_*.rs scripts/target.json'

# metadata_versions PACKAGE SUITE...: its versions in these suites.
metadata_versions() {
	metadata_package=$1
	shift
	apt_private "$host_arch" apt-cache madison "$metadata_package" | awk -F '|' -v suites="$*" '
		BEGIN { count = split(suites, suite, " ") }
		{
			gsub(/ /, "", $2)
			split($3, place, " ")
			for (i = 1; i <= count; i++)
				if (place[2] == suite[i] "/main")
					print $2
		}'
}

# metadata_suites SUITE: those that a package of SUITE may need others from.
metadata_suites() {
	case $1 in
	*-backports) printf '%s %s' "${1%-backports}" "$1" ;;
	*) printf '%s' "$1" ;;
	esac
}

# metadata_newest SUITE FLAVOUR: sets $release and $version to the newest kernel of the flavour there that has
# everything, or $release to nothing.
metadata_newest() {
	suite=$1
	metadata_flavour=$2
	for metadata_found in $(apt_private "$host_arch" apt-cache pkgnames linux-headers- |
		sed -n "s/^linux-headers-\([0-9][0-9.]*+deb[0-9]*-$metadata_flavour\)\$/\1/p" | sort -rV); do
		release=$metadata_found
		version=$(metadata_versions "linux-headers-$release" "$suite" | apt_newest)
		[ -n "$version" ] || continue
		metadata_fetch
		! metadata_plan || return 0
	done
	release=
}

# metadata_of RELEASE VERSION: sets $release, $version and $suite for a kernel that is installed.
metadata_of() {
	release=$1
	version=$2
	for suite in $apt_release $apt_suites "$apt_release-backports"; do
		! metadata_versions "linux-headers-$release" "$suite" | grep -qxF "$version" || return 0
	done
	return "$metadata_absent"
}

# metadata_config OPTION: its value in the kernel's configuration, without quotes.
metadata_config() {
	sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "$metadata_headers/.config"
}

# metadata_tool PACKAGE TEXT PATTERN: adds the package in the version that begins as PATTERN, a basic regular
# expression, says. TEXT is what the configuration calls it.
metadata_tool() {
	# shellcheck disable=SC2086
	metadata_version=$(metadata_versions "$1" $suites | grep -x "$3" | apt_newest)
	if [ -z "$metadata_version" ]; then
		echo "reason: $release was built by $2, which is in $suites no more"
		return "$metadata_absent"
	fi
	metadata_packages="$metadata_packages $1=$metadata_version"
}

# Gets the kernel's configuration.
metadata_fetch() {
	metadata_dir=$cache/stock/$release-$(printf '%s' "$version" | tr -c 'A-Za-z0-9.' '-')
	metadata_headers=$metadata_dir/config
	if [ ! -e "$metadata_headers/.config" ]; then
		apt_unpack "$host_arch" "linux-headers-$release" "$version" "$work/headers" \
			--strip-components=4 "./usr/src/linux-headers-$release/.config"
		keep "$work/headers" "$metadata_headers"
	fi
}

# Reads which tools built the kernel, and sets $metadata_packages to all that it takes to do it again, or tells what is
# not to be had.
metadata_plan() {
	suites=$(metadata_suites "$suite")
	for metadata_option in RUST MODULES; do
		if [ "$(metadata_config "CONFIG_$metadata_option")" != y ]; then
			echo "reason: $release is built without CONFIG_$metadata_option"
			return "$metadata_absent"
		fi
	done

	metadata_packages="make flex bison bc libelf-dev libssl-dev openssl kmod rsync xz-utils cpio perl python3 libc6-dev"
	for metadata_package in linux-headers linux-binary linux-modules; do
		metadata_tool "$metadata_package-$release" 'this version' "$version" || return
	done
	metadata_series=$(printf '%s' "$release" | cut -d . -f 1,2)
	metadata_tool "linux-source-$metadata_series" 'this version' "$version" || return
	metadata_text=$(metadata_config CONFIG_RUSTC_VERSION_TEXT)
	metadata_rustc=$(printf '%s' "$metadata_text" | cut -d ' ' -f 2)
	metadata_tool rustc "$metadata_text" "$metadata_rustc+.*" || return
	metadata_tool rust-src "$metadata_text" "$metadata_rustc+.*" || return
	metadata_tool rustfmt "$metadata_text" "$metadata_rustc+.*" || return
	metadata_text=$(metadata_config CONFIG_BINDGEN_VERSION_TEXT)
	metadata_tool bindgen "$metadata_text" "${metadata_text#bindgen }-.*" || return
	metadata_text=$(metadata_config CONFIG_CC_VERSION_TEXT)
	metadata_gcc=$(printf '%s' "$metadata_text" | sed -n 's/.*gcc-[0-9]* (Debian \([^)]*\)).*/\1/p')
	metadata_tool "gcc-${metadata_gcc%%.*}" "$metadata_text" "$metadata_gcc" || return
	metadata_text=$(metadata_config CONFIG_PAHOLE_VERSION)
	metadata_pahole=$((metadata_text / 100)).$((metadata_text % 100))
	metadata_tool pahole "pahole $metadata_pahole" "$metadata_pahole-.*" || return
}

# Sets $metadata_root, the folder with the tools, and $metadata_done, that with what they made.
metadata_survey() {
	metadata_key=$(printf '%s ' "$metadata_packages" | cat - "$top/scripts/lib/metadata.sh" "$top/scripts/lib/root.sh" |
		cksum | cut -d ' ' -f 1)
	metadata_root=$metadata_dir/root-$metadata_key
	metadata_done=$metadata_dir/metadata-$metadata_key
}

metadata_ready() {
	[ -e "$metadata_done" ] && [ -e "$metadata_root/complete" ]
}

# Makes the folder with the kernel's own tools, and its headers, source, image and modules.
metadata_root_step() {
	need_space "$cache" 6000
	for metadata_old in "$metadata_dir"/root-* "$metadata_dir"/metadata-*; do
		[ ! -e "$metadata_old" ] || as_root rm -rf "$metadata_old"
	done
	# shellcheck disable=SC2086
	root_make "$metadata_root" "$suites" $metadata_packages
	metadata_text=$(root_run "$metadata_root" rustc --version)
	[ "$metadata_text" = "$(metadata_config CONFIG_RUSTC_VERSION_TEXT)" ] ||
		give_up "the package's rustc is '$metadata_text', the kernel's was '$(metadata_config CONFIG_RUSTC_VERSION_TEXT)'"
	as_root touch "$metadata_root/unpacked"
}

# Builds the crates, and takes nothing that differs from what the kernel was built from.
metadata_build_step() {
	metadata_build=$metadata_root/tmp/kernel
	metadata_inside=/usr/src/linux-headers-$release
	as_root rm -rf "$metadata_build"
	as_root mkdir "$metadata_build"
	root_run "$metadata_root" tar -C /tmp/kernel --strip-components=1 \
		-xJf "/usr/src/linux-source-$metadata_series.tar.xz"
	for metadata_file in .config .kernelvariables Module.symvers; do
		as_root cp "$metadata_root$metadata_inside/$metadata_file" "$metadata_build/"
	done
	root_run "$metadata_root" make -C /tmp/kernel olddefconfig
	cmp -s "$metadata_build/.config" "$metadata_root$metadata_inside/.config" || {
		diff "$metadata_root$metadata_inside/.config" "$metadata_build/.config" || :
		give_up "these tools change the kernel's configuration"
	}
	root_run "$metadata_root" make -C /tmp/kernel "-j$(nproc)" modules_prepare
	cmp "$metadata_build/include/generated/utsrelease.h" \
		"$metadata_root$metadata_inside/include/generated/utsrelease.h" ||
		give_up 'the source is that of another release'
	cat "$metadata_build"/rust/exports_*_generated.h | sed -n 's/^EXPORT_SYMBOL_RUST_GPL(\(.*\));$/\1/p' |
		sort >"$work/exports"
	cut -f 2 "$metadata_root$metadata_inside/Module.symvers" | sort >"$work/symbols"
	metadata_foreign=$(comm -23 "$work/exports" "$work/symbols" | wc -l)
	[ -s "$work/exports" ] || give_up 'the crates export nothing'
	[ "$metadata_foreign" -eq 0 ] ||
		give_up "$metadata_foreign symbols of the crates are not in the kernel: a module would not load"
	note "$(wc -l <"$work/exports") symbols of the crates, all of them in the kernel"

	mkdir "$work/metadata"
	# shellcheck disable=SC2086
	(cd "$metadata_build" && tar -cf - $metadata_files) | tar -C "$work/metadata" -xf -
	metadata_install "$metadata_root$metadata_inside"
	as_root rm -rf "$metadata_build" "$metadata_root/usr/src/linux-source-$metadata_series.tar.xz"
	as_root touch "$metadata_root/complete"
	keep "$work/metadata" "$metadata_done"
}

# metadata_install FOLDER: what was made joins the kernel's headers there.
metadata_install() {
	metadata_from=$metadata_done
	[ -e "$metadata_from" ] || metadata_from=$work/metadata
	# Files only: a folder may be a link there.
	(cd "$metadata_from" && find . -type f -exec tar --owner=0 --group=0 -cf - {} +) | as_root tar -C "$1" -xf -
}

# All of it, as steps with a log each.
metadata_make() {
	metadata_survey
	! metadata_ready || return 0
	step_count=2
	if [ ! -e "$metadata_root/unpacked" ]; then
		step "stock-root" "tools of Linux $release" metadata_root_step
	else
		step_count=1
	fi
	step "stock-metadata" "Rust metadata of Linux $release" metadata_build_step
}
