# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# A folder with programs of another release, which run in it as in a system of their own. Nothing is configured
# there: packages are only unpacked.

# What every build takes for granted, and mmdebstrap leaves out where packages are only unpacked.
root_essential='base-files bash coreutils dash debianutils diffutils findutils grep gzip mawk sed tar'

# Gets the program that unpacks the packages, if it is not there.
root_need() {
	command -v mmdebstrap >/dev/null || step packages mmdebstrap root_need_step
}

root_need_step() {
	packages_install mmdebstrap
}

# root_make FOLDER SUITES PACKAGE...: a new folder with these packages, each NAME or NAME=VERSION, and all that they
# depend on.
root_make() {
	root_folder=$1
	root_sources=$work/root.sources
	sed "s/^Suites: .*/Suites: $2/" "$cache/apt/$host_arch/parts/debian.sources" >"$root_sources"
	# mmdebstrap's apt has a configuration of its own; what leads to the archive is the machine's.
	apt_private "$host_arch" apt-config dump Acquire >"$work/root.conf"
	shift 2
	# shellcheck disable=SC2086
	root_packages=$(printf '%s,' $root_essential "$@")
	as_root mmdebstrap --variant=extract --aptopt="$work/root.conf" --include="${root_packages%,}" \
		'' "$root_folder" "$root_sources"
	# This one is an alternative elsewhere, which nobody has chosen here.
	[ -e "$root_folder/usr/bin/awk" ] || as_root ln -s mawk "$root_folder/usr/bin/awk"
}

# root_run FOLDER COMMAND...: the compilers look for themselves in /proc.
root_run() {
	root_folder=$1
	shift
	# shellcheck disable=SC2016
	as_root unshare --mount sh -c 'mount -t proc proc "$1/proc" && exec chroot "$@"' - "$root_folder" \
		env -i PATH=/usr/sbin:/usr/bin LC_ALL=C HOME=/root "$@"
}
