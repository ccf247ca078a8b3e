# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A rustc that the kernel accepts, together with the source of exactly its library, and bindgen built with it.

rust_minimum=1.85.0
bindgen_version=0.72.1

# The distribution's own pair, where there is no rustc or no library source for it.
rust_packages() {
	# shellcheck source=/dev/null
	case $(. /etc/os-release && printf '%s' "${VERSION_ID:-}") in
	12) printf 'rustc-web rust-web-src cargo-web rustfmt-web rust-web-clippy' ;;
	*) printf 'rustc rust-src cargo rustfmt rust-clippy' ;;
	esac
}

# rust_probe RUSTC: sets $rust_bin and $rust_version, if it is new enough. The sysroot's own binary is taken
# instead of a proxy, which would choose by the current folder.
rust_probe() {
	rust_sysroot=$(cd / && RUSTUP_AUTO_INSTALL=0 "$1" --print sysroot 2>/dev/null) || return 1
	rust_bin=$rust_sysroot/bin
	[ -x "$rust_bin/rustc" ] || rust_bin=$(dirname "$(readlink -f "$1")")
	rust_version=$("$rust_bin/rustc" -vV | sed -n 's/^release: //p')
	dpkg --compare-versions "$rust_version" ge "$rust_minimum"
}

# Sets $RUST_LIB_SRC for the rustc just probed, if its source is there.
rust_source() {
	for RUST_LIB_SRC in "$rust_sysroot/lib/rustlib/src/rust/library" "/usr/src/rustc-$rust_version/library" \
		"$cache/rust-src/$rust_version/library"; do
		[ ! -e "$RUST_LIB_SRC/core/src/lib.rs" ] || return 0
	done
	RUST_LIB_SRC=
	return 1
}

# Prints what may be a rustc, best first.
rust_candidates() {
	{
		command -v rustc || :
		printf '%s\n' "${CARGO_HOME:-$HOME/.cargo}/bin/rustc" /usr/bin/rustc
	} | awk '!seen[$0]++'
}

# Sets RUSTC and its companions; $rust_sourceless lists "VERSION" of rustcs that only lack their source.
rust_survey() {
	RUSTC=
	rust_sourceless=
	for rustc in $(rust_candidates); do
		[ -x "$rustc" ] && rust_probe "$rustc" || continue
		if rust_source; then
			RUSTC=$rust_bin/rustc
			RUSTC_VERSION=$rust_version
			RUSTDOC=$(rust_tool rustdoc)
			RUSTFMT=$(rust_tool rustfmt)
			CARGO=$(rust_tool cargo)
			CLIPPY_DRIVER=$(rust_tool clippy-driver)
			[ -z "$CARGO" ] || return 0
			RUSTC=
		else
			rust_sourceless="$rust_sourceless $rust_version"
		fi
	done
}

rust_tool() {
	if [ -x "$rust_bin/$1" ]; then
		printf '%s' "$rust_bin/$1"
	fi
}

rust_step() {
	apt_lists "$host_arch"
	for rust_version in $rust_sourceless; do
		for rust_package in rust-src rust-web-src; do
			rust_debian=$(apt_versions "$host_arch" "$rust_package" | grep "^$(printf '%s' "$rust_version" | sed 's/\./\\./g')[+-]" | apt_newest)
			[ -n "$rust_debian" ] || continue
			need_space "$cache" 600
			rm -rf "$cache/tmp/rust-src"
			apt_unpack "$host_arch" "$rust_package" "$rust_debian" "$cache/tmp/rust-src" \
				--strip-components=4 --wildcards './usr/src/rustc-*/library'
			[ -e "$cache/tmp/rust-src/library/core/src/lib.rs" ] ||
				give_up "$rust_package $rust_debian does not contain the library's source"
			mkdir -p "$cache/rust-src"
			rm -rf "$cache/rust-src/$rust_version"
			mv "$cache/tmp/rust-src" "$cache/rust-src/$rust_version"
			return 0
		done
		note "no package has the library source of rustc $rust_version"
	done
	packages_install $(rust_packages)
}

bindgen_survey() {
	BINDGEN=
	[ -n "$RUSTC" ] || return 0
	bindgen_dir=$cache/bindgen/$bindgen_version-rustc-$RUSTC_VERSION-$host_arch
	# An older C library than the one it was built with makes it useless: only running it tells.
	if [ -x "$bindgen_dir/bindgen" ] && "$bindgen_dir/bindgen" --version >/dev/null 2>&1; then
		BINDGEN=$bindgen_dir/bindgen
	fi
}

# bindgen loads the newest libclang it finds, or that of the unversioned llvm-config; the kernel wants the compiler's.
bindgen_step() {
	need_space "$cache" 700
	bindgen_tmp=$cache/tmp/bindgen
	rm -rf "$bindgen_tmp"
	mkdir -p "$bindgen_tmp"
	(
		cd "$bindgen_tmp"
		unset MAKEFLAGS MFLAGS RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
		PATH=$(dirname "$RUSTC"):$PATH RUSTC=$RUSTC CARGO_TARGET_DIR=$bindgen_tmp/target "$CARGO" install --locked \
			--root "$bindgen_tmp/root" --version "$bindgen_version" bindgen-cli
	)
	cat >"$bindgen_tmp/root/bindgen" <<-WRAPPER
		#!/bin/sh
		LIBCLANG_PATH=\${LIBCLANG_PATH:-/usr/lib/llvm-$llvm/lib} exec "$bindgen_dir/bin/bindgen" "\$@"
	WRAPPER
	chmod +x "$bindgen_tmp/root/bindgen"
	mkdir -p "$cache/bindgen"
	rm -rf "$bindgen_dir"
	mv "$bindgen_tmp/root" "$bindgen_dir"
	rm -rf "$bindgen_tmp"
	"$bindgen_dir/bindgen" --version
}
