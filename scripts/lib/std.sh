# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# Rust's library for guest programs of another architecture than the host's: rustc's own where it has one, else built
# from the library's source, which the kernel needs anyway. Not every registry of packages has the library of the
# rustc found for another architecture.

std_target=aarch64-unknown-linux-gnu

# Sets SYSROOT_ARM64 to a sysroot that has the library. Only the very rustc that built it can use it.
std_survey() {
	SYSROOT_ARM64=
	[ -n "$RUSTC" ] || return 0
	std_dir=$cache/rust-std/$RUSTC_VERSION-$std_target-$("$RUSTC" -vV | cksum | cut -d ' ' -f 1)
	for std_sysroot in "$("$RUSTC" --print sysroot)" "$std_dir"; do
		if [ -n "$(find "$std_sysroot/lib/rustlib/$std_target/lib" -name 'libstd-*.rlib' 2>/dev/null)" ]; then
			SYSROOT_ARM64=$std_sysroot
			return 0
		fi
	done
}

std_ready() {
	[ "$arch" != arm64 ] || [ -n "$SYSROOT_ARM64" ]
}

std_report() {
	printf "rustc's library for %s: built with cargo from the library's source\n" "$std_target"
}

std_title() {
	printf "rustc's library for arm64"
}

std_step() {
	need_space "$cache" 700
	mkdir "$work/std"
	# cargo may write beside a manifest.
	cp -R "$RUST_LIB_SRC" "$work/std/library"
	(
		cd "$work/std/library" || exit
		# Settings of the caller's own build, and a wrapper that may leave a daemon behind.
		unset MAKEFLAGS MFLAGS MAKELEVEL CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
		# The library is made of unstable features, and says of itself which of it is stable. The name keeps its
		# dependencies apart from a program's own of the same versions.
		export RUSTC_WRAPPER='' RUSTC RUSTDOC RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zforce-unstable-if-unmarked
		export __CARGO_DEFAULT_LIB_METADATA=overdrive
		"$CARGO" rustc --release --package std --crate-type rlib --features panic-unwind,backtrace \
			--target "$std_target" --target-dir "$work/std/target"
	)
	mkdir -p "$work/std/tree/lib/rustlib/$std_target/lib"
	mv "$work/std/target/$std_target/release/deps"/*.rlib "$work/std/tree/lib/rustlib/$std_target/lib/"
	keep "$work/std/tree" "$std_dir"
}
