# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# A private apt configuration: it looks into suites that the machine itself does not use, and fetches packages
# without installing them. It is derived from the machine's own sources and lives in $cache/apt/ARCHITECTURE;
# /etc/apt is only read.

# Where newer kernels and toolchains come from, besides the machine's own release.
apt_suites='trixie trixie-backports sid'
apt_partial=

# apt_private ARCHITECTURE TOOL ARGUMENT...
apt_private() {
	apt_arch=$1
	apt_tool=$2
	shift 2
	"$apt_tool" -c "$cache/apt/$apt_arch/apt.conf" "$@"
}

# apt_trust FILE URI: the fields of FILE's entry for URI that say what to trust, in deb822 form.
apt_trust() {
	awk -v uri="${2%/}" '
		function wanted(name) {
			name = tolower(name)
			return name == "signed-by" || name == "trusted" || name == "check-valid-until" || name == "check-date"
		}
		function named(line) {
			return index(line " ", " " uri " ") || index(line " ", " " uri "/ ")
		}
		function end_of_entry() {
			if (found)
				printf "%s", fields
			done = found
			fields = ""
			found = copying = in_uris = 0
		}
		FILENAME ~ /\.list$/ {
			if ($1 != "deb" || !named($0))
				next
			if (match($0, /\[[^]]*\]/)) {
				count = split(substr($0, RSTART + 1, RLENGTH - 2), option, " ")
				for (i = 1; i <= count; i++) {
					at = index(option[i], "=")
					if (wanted(substr(option[i], 1, at - 1)))
						print substr(option[i], 1, at - 1) ": " substr(option[i], at + 1)
				}
			}
			exit
		}
		/^#/ { next }
		/^[[:space:]]*$/ {
			end_of_entry()
			if (done)
				exit
			next
		}
		/^[^[:space:]]/ {
			name = substr($0, 1, index($0, ":") - 1)
			copying = wanted(name)
			in_uris = tolower(name) == "uris"
		}
		copying { fields = fields $0 "\n" }
		in_uris && named($0) { found = 1 }
		END { end_of_entry() }
	' "$1"
}

# Prints "URI FILE" of the first entry that serves Debian's main archive. What an entry serves, its signed Release
# file tells, not its address.
apt_find_debian() {
	apt_probe=$cache/apt/probe
	mkdir -p "$apt_probe/lists/partial"
	set -- -o "Dir::State::lists=$apt_probe/lists" -o APT::Sandbox::User=root -o Acquire::Languages=none \
		-o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20
	for apt_target in Packages DEP-11 DEP-11-icons DEP-11-icons-small DEP-11-icons-large Contents-deb; do
		set -- "$@" -o "Acquire::IndexTargets::deb::$apt_target::DefaultEnabled=false"
	done
	apt-get "$@" -qq update >&2 || :
	# "URI SUITE NAME-OF-LIST" as the update has them, "URI SUITE FILE:ENTRY" as /etc/apt has them.
	apt-get "$@" --print-uris update |
		sed -n "s|^'\\(.*\\)/dists/\\(.*\\)/InRelease' \\([^ ]*\\)_InRelease .*|\\1 \\2 \\3|p" >"$apt_probe/releases"
	# shellcheck disable=SC2016
	apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(SOURCESENTRY)' 'Created-By: Packages' |
		awk '!seen[$0]++' >"$apt_probe/sources"
	while read -r apt_uri apt_suite apt_file; do
		apt_name=$(awk -v uri="${apt_uri%/}" -v suite="${apt_suite%/}" \
			'$1 == uri && $2 == suite { print $3; exit }' "$apt_probe/releases")
		for apt_release in "$apt_probe/lists/${apt_name}_InRelease" "$apt_probe/lists/${apt_name}_Release"; do
			if grep -qx 'Origin: Debian' "$apt_release" 2>/dev/null && grep -qx 'Label: Debian' "$apt_release"; then
				printf '%s %s\n' "${apt_uri%/}" "${apt_file%:*}"
				return 0
			fi
		done
	done <"$apt_probe/sources"
	return 1
}

# apt_configure ARCHITECTURE: writes the private configuration, without lists. If Debian's archive cannot be found,
# an older configuration stays.
apt_configure() {
	apt_dir=$cache/apt/$1
	mkdir -p "$apt_dir/parts" "$apt_dir/state/lists/partial" "$apt_dir/cache/archives/partial"
	: >"$apt_dir/state/status"
	cat >"$apt_dir/apt.conf.new" <<-CONF
		#clear APT::Architectures;
		#clear APT::Default-Release;
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		APT::Architecture "$1";
		APT::Architectures { "$1"; };
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$apt_dir/parts";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State "$apt_dir/state";
		Dir::State::lists "$apt_dir/state/lists";
		Dir::State::status "$apt_dir/state/status";
		Dir::Cache "$apt_dir/cache";
		Dir::Cache::pkgcache "pkgcache.bin";
		Dir::Cache::srcpkgcache "srcpkgcache.bin";
	CONF
	mv "$apt_dir/apt.conf.new" "$apt_dir/apt.conf"
	apt_found=$(apt_find_debian) || {
		[ ! -e "$apt_dir/parts/debian.sources" ] || return 0
		[ -n "$(find "$cache/apt/probe/lists" -name '*Release')" ] ||
			give_up 'no package registry named in /etc/apt could be reached (network? proxy?)'
		give_up "no source in /etc/apt serves Debian's main archive"
	}
	apt_uri=${apt_found% *}
	apt_file=${apt_found##* }
	# shellcheck source=/dev/null
	apt_release=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-sid}")
	apt_own=$apt_release
	if [ "$1" = "$host_arch" ]; then
		apt_own=$(printf '%s' "$apt_own $apt_suites" | tr ' ' '\n' | awk '!seen[$0]++' | tr '\n' ' ')
	fi
	{
		printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nTargets: Packages\n' "$apt_uri" "${apt_own% }"
		apt_trust "$apt_file" "$apt_uri"
	} >"$apt_dir/debian.sources.new"
	mv "$apt_dir/debian.sources.new" "$apt_dir/parts/debian.sources"
}

# apt_lists ARCHITECTURE: package lists at most a day old. Older ones serve if they cannot be refreshed.
apt_lists() {
	apt_dir=$cache/apt/$1
	if [ -z "$refresh" ] && [ -n "$(find "$apt_dir/updated" -mmin -1440 2>/dev/null)" ]; then
		return 0
	fi
	apt_configure "$1"
	if ! apt_update "$1" && grep -qiE 'NO_PUBKEY|not signed|missing key' "$apt_dir/update.log"; then
		apt_standard_keyring "$1"
		apt_update "$1" || :
	fi
	if apt_whole; then
		touch "$apt_dir/updated"
	elif [ -n "$(find "$apt_dir/state/lists" -maxdepth 1 -name '*_Packages*')" ]; then
		apt_partial='; not every package list could be read, the log says why'
		note 'not every package list could be refreshed; going on with what is there'
	else
		exit 1
	fi
}

apt_update() {
	apt_private "$1" apt-get update >"$apt_dir/update.log" 2>&1 || :
	cat "$apt_dir/update.log"
	apt_whole
}

# apt's exit status also calls an update good that kept old lists.
apt_whole() {
	grep -q '^Reading package lists' "$apt_dir/update.log" && ! grep -qE '^(Err:|E: )' "$apt_dir/update.log"
}

# apt_standard_keyring ARCHITECTURE: the machine's keyring may be too old for the suites that it does not use.
apt_standard_keyring() {
	note "the machine's keyring does not know a suite: taking that of debian-archive-keyring"
	packages_install debian-archive-keyring
	apt_keyring=$(find /usr/share/keyrings -name 'debian-archive-keyring.?pg' | head -n 1)
	[ -n "$apt_keyring" ] || give_up 'debian-archive-keyring is installed, but its keyring is not there'
	sed -i -e '/^[Ss]igned-[Bb]y:/,$d' "$apt_dir/parts/debian.sources"
	printf 'Signed-By: %s\n' "$apt_keyring" >>"$apt_dir/parts/debian.sources"
}

# apt_versions ARCHITECTURE PACKAGE: every version in the private lists.
apt_versions() {
	apt_private "$1" apt-cache madison "$2" | awk -F '|' '{ gsub(/ /, "", $2); print $2 }'
}

# The newest of the Debian versions on standard input.
apt_newest() {
	apt_best=
	while read -r apt_version; do
		if [ -z "$apt_best" ] || dpkg --compare-versions "$apt_version" gt "$apt_best"; then
			apt_best=$apt_version
		fi
	done
	printf '%s\n' "$apt_best"
}

# apt_unpack ARCHITECTURE PACKAGE VERSION DIRECTORY TAR-ARGUMENT...: fetches a package, which apt verifies, and
# unpacks its files with tar in the new DIRECTORY.
apt_unpack() {
	apt_from=$1
	apt_what=$2=$3
	apt_into=$4
	shift 4
	rm -rf "$apt_into" "$apt_into.deb"
	mkdir -p "$apt_into" "$apt_into.deb"
	(cd "$apt_into.deb" && apt_private "$apt_from" apt-get ${terminal:+-o quiet=0} download "$apt_what")
	# Not a pipe: it would hide that dpkg-deb failed.
	dpkg-deb --fsys-tarfile "$apt_into.deb"/*.deb >"$apt_into.deb/files.tar"
	tar -C "$apt_into" -xf "$apt_into.deb/files.tar" "$@"
	rm -rf "$apt_into.deb"
}
