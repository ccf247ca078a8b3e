# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# Debian packages on the host.

# The compiler, for the kernel and the module and, with libclang, for bindgen.
llvm=19
packages="clang-$llvm lld-$llvm llvm-$llvm libclang-$llvm-dev"
# What the kernel's build asks for, python3 for its rust-analyzer target.
packages="$packages make flex bison bc libelf-dev libssl-dev kmod rsync xz-utils cpio python3"
# The linker and the C library for host tools, bindgen, the harness and static guest programs.
packages="$packages gcc libc6-dev"
# The kernel's VFIO selftests link with libuuid.
packages="$packages uuid-dev"
# Downloads from the crates registry.
packages="$packages ca-certificates"
packages="$packages qemu-system-x86"
# For make check.
packages="$packages shellcheck perl patch codespell mandoc"

# The emulator, and the linker and the C library for static guest programs, where they are not the host's own.
packages_arm64() {
	printf 'qemu-system-arm'
	[ "$host_arch" = arm64 ] || printf ' gcc-aarch64-linux-gnu libc6-dev-arm64-cross'
}

# Sets $missing_packages. rust_survey must have run: where there is no rustc at all, the distribution's comes along.
packages_survey() {
	# shellcheck disable=SC2046,SC2086
	missing_packages=$(packages_missing $packages $([ "$arch" != arm64 ] || packages_arm64) \
		$([ -n "$RUSTC$rust_sourceless" ] || rust_packages))
}

# packages_missing PACKAGE...: prints those which are not installed.
packages_missing() {
	packages_installed=$(dpkg-query -W -f '${db:Status-Status} ${Package} \n' "$@" 2>/dev/null |
		sed -n 's/^installed//p' | tr -d '\n')
	packages_separator=
	for package; do
		case $packages_installed in
		*" $package "*) ;;
		*)
			printf '%s%s' "$packages_separator" "$package"
			packages_separator=' '
			;;
		esac
	done
}

packages_ready() {
	[ -z "$missing_packages" ]
}

packages_report() {
	printf 'Debian packages: %s\n    apt-get install --no-install-recommends %s\n' "$missing_packages" "$missing_packages"
}

packages_title() {
	printf 'Debian packages'
}

# Before the step: only a terminal can ask for a password.
packages_prepare() {
	[ "$(id -u)" -ne 0 ] || return 0
	packages_by_hand="as root: apt-get install --no-install-recommends $missing_packages"
	command -v sudo >/dev/null || die "installing packages needs root, and there is no sudo; $packages_by_hand"
	sudo -n true 2>/dev/null && return 0
	if [ ! -t 0 ] || ! sudo -v; then
		die "installing packages needs root, and sudo wants a password; $packages_by_hand"
	fi
}

packages_step() {
	# shellcheck disable=SC2086
	packages_install $missing_packages
}

# Without the lock of the set-up, which a daemon that a package starts would keep. sudo forgets the proxies.
as_root() {
	set -- env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"
	if [ "$(id -u)" -eq 0 ]; then
		"$@" 9>&-
	else
		shift
		sudo -n env ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
			${no_proxy:+"no_proxy=$no_proxy"} "$@" 9>&-
	fi
}

packages_install() {
	eval "$(apt-config shell packages_lists Dir::State::lists/d)"
	if [ -z "$(find "$packages_lists" -maxdepth 1 -name '*_Packages*' 2>/dev/null | head -n 1)" ] ||
		[ -z "$(find "$packages_lists/partial" -maxdepth 0 -mmin -1440 2>/dev/null)" ]; then
		packages_update
	fi
	need_space /usr "$(packages_size "$@")"
	packages_try "$@" && return 0
	# Lists that name files which are gone, or an installation that was interrupted.
	as_root dpkg --configure -a || :
	packages_update
	packages_try --fix-broken "$@" && return 0
	packages_try_backports "$@"
}

# What is installed already may come from the release's backports, without that suite being among the machine's
# sources any more, and then goes only with packages from there.
packages_try_backports() {
	apt_configure "$host_arch"
	packages_suite=$apt_release-backports
	packages_dir=$cache/apt/backports
	rm -rf "$packages_dir"
	mkdir -p "$packages_dir/parts" "$packages_dir/lists/partial"
	eval "$(apt-config shell packages_parts Dir::Etc::sourceparts/d)"
	find "$packages_parts" -maxdepth 1 \( -name '*.list' -o -name '*.sources' \) \
		-exec cp {} "$packages_dir/parts" \;
	sed "s/^Suites: .*/Suites: $packages_suite/" "$cache/apt/$host_arch/parts/debian.sources" \
		>"$packages_dir/parts/overdrive-backports.sources"
	# The cache's path is without spaces.
	packages_options="-o Dir::Etc::sourceparts=$packages_dir/parts -o Dir::State::lists=$packages_dir/lists
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root
		-o APT::Default-Release=$packages_suite"
	echo "trying again with $packages_suite"
	# shellcheck disable=SC2086
	as_root apt-get $packages_options update || :
	# shellcheck disable=SC2086
	packages_try $packages_options "$@"
}

# Sources that have nothing to do with us may be broken: the installation itself decides.
packages_update() {
	as_root apt-get update || :
}

packages_try() {
	as_root apt-get install --yes --no-install-recommends --no-remove \
		-o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold "$@"
}

# What apt says an installation will take, downloads and all, in MiB.
packages_size() {
	as_root apt-get install --assume-no --no-install-recommends --no-remove "$@" 2>&1 | awk '
		function mib(number, unit) {
			gsub(/,/, "", number)
			return unit == "GB" ? number * 1000 : unit == "MB" ? number : 1
		}
		/^Need to get / {
			split($4, left, "/")
			total += mib(left[1], $5)
		}
		/^After this operation, .* will be used/ { total += mib($4, $5) }
		END { print int(total) }
	'
}
