# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# A rustc that the kernel accepts, together with the source of exactly its library.

rust_minimum=1.85.0

# The distribution's own pair, where there is no rustc, or no library source for it.
rust_packages() {
	# shellcheck source=/dev/null
	case $(. /etc/os-release && printf '%s' "${VERSION_ID:-}") in
	12) printf 'rustc-web rust-web-src cargo-web rustfmt-web rust-web-clippy' ;;
	*) printf 'rustc rust-src cargo rustfmt rust-clippy' ;;
	esac
}

# Sets RUSTC and its companions to the first rustc that has everything. $rust_sourceless gets the versions of those
# which lack only the library's source.
rust_survey() {
	RUSTC='' RUSTC_VERSION='' RUSTDOC='' RUSTFMT='' CARGO='' CLIPPY_DRIVER='' RUST_LIB_SRC=''
	rust_sourceless=
	for rustc in "$(command -v rustc)" "${CARGO_HOME:-$HOME/.cargo}/bin/rustc" /usr/bin/rustc; do
		rust_probe "$rustc" || continue
		rust_source || {
			case " $rust_sourceless " in
			*" $rust_version "*) ;;
			*) rust_sourceless="$rust_sourceless${rust_sourceless:+ }$rust_version" ;;
			esac
			continue
		}
		RUSTC=$rust_bin/rustc
		RUSTC_VERSION=$rust_version
		RUSTDOC=$(rust_tool rustdoc)
		RUSTFMT=$(rust_tool rustfmt)
		CARGO=$(rust_tool cargo)
		CLIPPY_DRIVER=$(rust_tool clippy-driver)
		return 0
	done
}

# rust_probe RUSTC: sets $rust_sysroot, $rust_bin and $rust_version if it serves. The binary in the sysroot itself is
# taken: a proxy chooses by the current folder.
rust_probe() {
	[ -x "$1" ] || return 1
	rust_sysroot=$(cd / && RUSTUP_AUTO_INSTALL=0 "$1" --print sysroot 2>/dev/null) || return 1
	rust_bin=$rust_sysroot/bin
	[ -x "$rust_bin/rustc" ] || rust_bin=$(dirname "$(readlink -f "$1")")
	[ -x "$rust_bin/cargo" ] || return 1
	rust_version=$("$rust_bin/rustc" -vV 2>/dev/null | sed -n 's/^release: //p')
	case $rust_bin/$rust_version in
	*[!A-Za-z0-9/._-]* | */) return 1 ;;
	esac
	dpkg --compare-versions "$rust_version" ge "$rust_minimum"
}

# Sets RUST_LIB_SRC for the rustc just probed, if its source is there.
rust_source() {
	for RUST_LIB_SRC in "$rust_sysroot/lib/rustlib/src/rust/library" "/usr/src/rustc-$rust_version/library" \
		"$cache/rust-src/$rust_version/library"; do
		[ ! -e "$RUST_LIB_SRC/core/src/lib.rs" ] || return 0
	done
	RUST_LIB_SRC=
	return 1
}

rust_tool() {
	if [ -x "$rust_bin/$1" ]; then
		printf '%s' "$rust_bin/$1"
	fi
}

# Where there is no rustc at all, the packages bring it.
rust_ready() {
	[ -n "$RUSTC" ] || [ -z "$rust_sourceless" ]
}

rust_report() {
	printf "the source of exactly the library of rustc %s: rustup's component rust-src, or unpacked from rust-src\n" \
		"$rust_sourceless"
}

rust_title() {
	printf "source of rustc's library"
}

rust_step() {
	apt_lists "$host_arch"
	for rust_version in $rust_sourceless; do
		for rust_package in rust-src rust-web-src; do
			rust_debian=$(apt_versions "$host_arch" "$rust_package" |
				awk -v version="$rust_version" 'index($0, version "+") == 1 || index($0, version "-") == 1' | apt_newest)
			[ -n "$rust_debian" ] || continue
			need_space "$cache" 500
			apt_unpack "$host_arch" "$rust_package" "$rust_debian" "$work/rust-src" \
				--strip-components=4 --wildcards './usr/src/rustc-*/library'
			[ -e "$work/rust-src/library/core/src/lib.rs" ] ||
				give_up "$rust_package $rust_debian does not contain the library's source"
			keep "$work/rust-src" "$cache/rust-src/$rust_version"
			return 0
		done
		note "no package has the library source of rustc $rust_version; installing the distribution's rustc"
	done
	# shellcheck disable=SC2046
	packages_install $(rust_packages)
}
