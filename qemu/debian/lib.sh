# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the tests of whole Debian systems share. They are called with three arguments: the environment that
# scripts/setup writes, the build folder of a test kernel, and overdrive.ko for it. They need root, because they make
# the initramfs where a user would, in a Debian system, and mmdebstrap. Nothing but KTAP is printed.

here=$(dirname "$(realpath "$0")")
top=$(dirname "$(dirname "$here")")
test=${0##*/}

[ $# -eq 3 ] || {
	echo "Usage: $0 ENVIRONMENT KERNEL MODULE" >&2
	exit 2
}
# shellcheck source=/dev/null
. "$1"
kernel=$(realpath "$2")
module=$(realpath "$3")
release=$(cat "$kernel/include/config/kernel.release")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
log=$top/build/log
mkdir -p "$log"
number=0
failed=0

# check NAME COMMAND...
check() {
	number=$((number + 1))
	name=$1
	shift
	if "$@"; then
		echo "ok $number $name"
	else
		echo "not ok $number $name"
		failed=1
	fi
}

# finish: the exit status.
finish() {
	exit "$failed"
}

# plan COUNT
plan() {
	echo 'TAP version 13'
	if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap >/dev/null; then
		echo '1..0 # SKIP it needs root and mmdebstrap'
		exit 4
	fi
	echo "1..$1"
}

# make_system PACKAGES: a system of this machine's release with them is kept in the cache, as $system.
make_system() {
	codename=$(
		# shellcheck source=/dev/null
		. /etc/os-release && echo "$VERSION_CODENAME"
	)
	# shellcheck disable=SC2154 # of the environment
	system=$OVERDRIVE_CACHE/debian/$codename-$(echo "$1" | cksum | cut -d ' ' -f 1).tar
	[ ! -e "$system" ] || return 0
	mkdir -p "${system%/*}"
	mmdebstrap --quiet --format=tar --variant=minbase --include="$1" "$codename" "$system.new" || return
	mv "$system.new" "$system"
}

# install_all: a user's system is in $root: with our package, the kernel's modules and ours.
install_all() {
	mkdir "$root"
	tar -C "$root" -xf "$system"
	mkdir -p "$root/lib/modules"
	cp -r "$kernel/overdrive-modules/lib/modules/$release" "$root/lib/modules/"
	mkdir -p "$root/lib/modules/$release/updates"
	cp "$module" "$root/lib/modules/$release/updates/"
	depmod -b "$root" "$release"
	cp "$kernel/.config" "$root/boot/config-$release"

	# shellcheck disable=SC2154 # of the environment
	CARGO_TARGET_DIR=$top/build/cargo CARGO=$CARGO "$top/scripts/packaging/deb/make" "$work/deb" >/dev/null
	cp "$work"/deb/overdrive-tools_*.deb "$root/tmp/"
	chroot "$root" sh -c 'dpkg -i /tmp/overdrive-tools_*.deb' >"$log/$test-install.log" 2>&1

	# The kernel of the tests knows no other compression. In the initramfs before everything else, the driver's
	# probes are counted.
	if [ -d "$root/etc/initramfs-tools" ]; then
		sed -i 's/^COMPRESS=.*/COMPRESS=gzip/' "$root/etc/initramfs-tools/initramfs.conf"
		install -m 755 "$here/count" "$root/etc/initramfs-tools/scripts/init-top/000count"
	else
		echo 'compress="gzip"' >"$root/etc/dracut.conf.d/compress.conf"
		install -D -m 755 "$here/count" "$root/usr/lib/dracut/modules.d/00count/count.sh"
		echo 'install() { inst_hook pre-udev 00 "$moddir/count.sh"; }' \
			>"$root/usr/lib/dracut/modules.d/00count/module-setup.sh"
	fi
}

# make_initramfs: the system's own tool makes its initramfs anew.
make_initramfs() {
	if [ -d "$root/etc/initramfs-tools" ]; then
		chroot "$root" update-initramfs -c -k "$release" >"$log/$test-initramfs.log" 2>&1 && return
	else
		# For whatever machine: this one is not where it is booted.
		chroot "$root" dracut --force --no-hostonly --kver "$release" \
			"/boot/initrd.img-$release" >"$log/$test-initramfs.log" 2>&1 && return
	fi
	sed 's/^/# /' "$log/$test-initramfs.log"
	return 1
}

# The cards that are plugged in: two equal SD controllers, unless a test takes one out.
two_cards='-device sdhci-pci,addr=0e.0 -device sdhci-pci,addr=0f.0'
cards=$two_cards

# run NAME INITRAMFS APPEND ARGUMENT...: boots, with the cards that are plugged in. What the guest says in lines that begin
# with "user: " goes to $work/NAME; its last line is "the end".
run() {
	name_of_run=$1
	initramfs=$2
	append=$3
	shift 3
	# shellcheck disable=SC2086 # a list of words
	timeout 900 qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -nic none -display none \
		-M q35,kernel-irqchip=split -cpu max -m 1024 -device intel-iommu,intremap=on \
		$cards "$@" \
		-serial "file:$log/$test-$name_of_run.log" -kernel "$kernel/vmlinux" -initrd "$initramfs" \
		-append "console=ttyS0 reboot=t no_timer_check tsc=reliable panic=-1 \
			kunit.enable=0 $append" >/dev/null 2>&1 || :
	tr -d '\r' <"$log/$test-$name_of_run.log" | sed -n 's/^.*user: //p' >"$work/$name_of_run"
	grep -qx 'the end' "$work/$name_of_run" && return
	tail -n 20 "$log/$test-$name_of_run.log" | sed 's/^/# /'
	return 1
}

# has NAME LINE: the guest said so.
has() {
	grep -qx "$2" "$work/$1" && return
	sed 's/^/# /' "$work/$1"
	return 1
}
