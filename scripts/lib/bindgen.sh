# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# bindgen, built from the crates registry: not every release has one that fits the kernel.

bindgen_version=0.72.1

bindgen_survey() {
	BINDGEN=
	bindgen_dir=$cache/bindgen/$bindgen_version-rustc-$RUSTC_VERSION-$host_arch
	# An older C library than the one it was built with makes it useless: only running it tells.
	if [ -x "$bindgen_dir/bindgen" ] && "$bindgen_dir/bindgen" --version >/dev/null 2>&1; then
		BINDGEN=$bindgen_dir/bindgen
	fi
}

bindgen_ready() {
	[ -n "$BINDGEN" ]
}

bindgen_report() {
	printf 'bindgen %s: built with cargo from the crate bindgen-cli\n' "$bindgen_version"
}

bindgen_title() {
	printf 'bindgen %s' "$bindgen_version"
}

bindgen_step() {
	need_space "$cache" 500
	mkdir "$work/bindgen"
	(
		cd "$work/bindgen" || exit
		# Settings of the caller's own build, and a wrapper that may leave a daemon behind.
		unset MAKEFLAGS MFLAGS MAKELEVEL RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
		export RUSTC_WRAPPER='' CARGO_TARGET_DIR="$work/bindgen/target" RUSTC RUSTDOC
		"$CARGO" install --locked --root "$work/bindgen/tree" --version "$bindgen_version" bindgen-cli
	)
	# bindgen would load the newest libclang there is, or that of the unversioned llvm-config.
	cat >"$work/bindgen/tree/bindgen" <<-WRAPPER
		#!/bin/sh
		LIBCLANG_PATH=\${LIBCLANG_PATH:-/usr/lib/llvm-$llvm/lib} exec "\${0%/*}/bin/bindgen" "\$@"
	WRAPPER
	chmod +x "$work/bindgen/tree/bindgen"
	"$work/bindgen/tree/bindgen" --version
	keep "$work/bindgen/tree" "$bindgen_dir"
}
