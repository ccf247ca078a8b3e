# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Debian packages on the host.

# The compiler, for the kernel and the module and, with libclang, for bindgen.
llvm=19
packages="clang-$llvm lld-$llvm llvm-$llvm libclang-$llvm-dev"
# What the kernel's build asks for.
packages="$packages make flex bison bc libelf-dev libssl-dev kmod rsync xz-utils cpio python3"
# The linker and the C library for host tools, bindgen, the harness and static guest programs.
packages="$packages gcc libc6-dev"
# Downloads from the crates registry.
packages="$packages ca-certificates"

packages_survey() {
	packages_wanted="$packages qemu-system-x86"
	[ "$arch" != arm64 ] || packages_wanted="$packages_wanted qemu-system-arm"
	packages_missing $packages_wanted
}

# packages_missing PACKAGE...: sets $missing_packages to those which are not installed.
packages_missing() {
	packages_installed=$(dpkg-query -W -f '${db:Status-Status} ${Package} \n' "$@" 2>/dev/null |
		sed -n 's/^installed//p' | tr -d '\n')
	missing_packages=
	for package; do
		case $packages_installed in
		*" $package "*) ;;
		*) missing_packages="$missing_packages${missing_packages:+ }$package" ;;
		esac
	done
}

# Before a step that installs: only a terminal can ask for a password, and a step has none.
packages_prepare() {
	[ "$(id -u)" -ne 0 ] || return 0
	command -v sudo >/dev/null ||
		die "installing packages needs root, and there is no sudo; as root: apt-get install $*"
	sudo -n true 2>/dev/null && return 0
	[ -t 0 ] && sudo -v ||
		die "installing packages needs root, and sudo needs a password; as root: apt-get install $*"
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

# Sources that have nothing to do with us may be broken: only the installation itself decides.
packages_update() {
	as_root apt-get update || :
}

packages_install() {
	eval "$(apt-config shell packages_lists Dir::State::lists/d)"
	need_space /usr 2500
	if [ -z "$(find "$packages_lists" -maxdepth 1 -name '*_Packages*' 2>/dev/null | head -n 1)" ] ||
		[ -z "$(find "$packages_lists/partial" -maxdepth 0 -mmin -1440 2>/dev/null)" ]; then
		packages_update
	fi
	packages_try "$@" && return 0
	# Lists that name files which are gone, or an installation that was interrupted.
	as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a
	packages_update
	packages_try "$@"
}

packages_try() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
		-o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold "$@"
}

packages_step() {
	packages_install $missing_packages
}
