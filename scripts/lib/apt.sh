# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A private apt configuration: it looks into suites that the machine itself does not use, and fetches packages
# without installing them. It is derived from the machine's own sources and lives in the cache; /etc/apt is only read.
#
# Everything here takes a Debian architecture as its first argument and works in $cache/apt/ARCHITECTURE.

# Where newer kernels and toolchains come from, besides the machine's own release.
apt_suites='trixie trixie-backports sid'

apt_private() {
	apt_arch=$1
	shift
	apt_tool=$1
	shift
	"$apt_tool" -c "$cache/apt/$apt_arch/apt.conf" "$@"
}

# The machine's sources as apt itself understands them: "URI SUITE FILE", one line each.
apt_machine_sources() {
	apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(SOURCESENTRY)' 'Created-By: Packages' |
		sed 's/:[0-9]*$//' | sort -u
}

# apt_trust FILE URI: the fields of FILE's entry for URI that say whether to trust it, in deb822 form.
apt_trust() {
	awk -v uri="${2%/}" '
		function wanted(name) {
			name = tolower(name)
			return name == "signed-by" || name == "trusted" || name == "check-valid-until" || name == "check-date"
		}
		function finish() {
			if (found && !done) {
				printf "%s", fields
				done = 1
			}
			found = 0
			fields = ""
			copying = 0
		}
		FILENAME ~ /\.list$/ {
			if ($1 != "deb" || index($0 " ", " " uri " ") + index($0 " ", " " uri "/ ") == 0)
				next
			if (match($0, /\[[^]]*\]/)) {
				count = split(substr($0, RSTART + 1, RLENGTH - 2), option, " ")
				for (i = 1; i <= count; i++) {
					at = index(option[i], "=")
					name = substr(option[i], 1, at - 1)
					if (wanted(name))
						printf "%s: %s\n", name, substr(option[i], at + 1)
				}
			}
			exit
		}
		/^#/ { next }
		/^[[:space:]]*$/ { finish(); next }
		/^[^[:space:]]/ {
			name = $0
			sub(/:.*/, "", name)
			copying = wanted(name)
			in_uris = tolower(name) == "uris"
		}
		copying { fields = fields $0 "\n" }
		in_uris && (index($0 " ", " " uri " ") || index($0 " ", " " uri "/ ")) { found = 1 }
		END { finish() }
	' "$1"
}

# Prints "URI FILE" of the first entry that serves Debian's main archive; what an archive is, its signed Release
# file says, not its address.
apt_find_debian() {
	apt_probe=$cache/apt/probe
	mkdir -p "$apt_probe/lists/partial"
	set -- -o "Dir::State::lists=$apt_probe/lists" -o Acquire::Languages=none
	for apt_target in Packages DEP-11 DEP-11-icons DEP-11-icons-small DEP-11-icons-large Contents-deb Translations; do
		set -- "$@" -o "Acquire::IndexTargets::deb::$apt_target::DefaultEnabled=false"
	done
	set -- "$@" -o APT::Sandbox::User=root -o APT::Update::Post-Invoke-Success::=true
	apt-get "$@" -qq update >&2 || :
	apt-get "$@" --print-uris update | sed -n "s|^'\\(.*\\)/dists/\\(.*\\)/InRelease' \\([^ ]*\\)_InRelease .*|\\1 \\2 \\3|p" \
		>"$apt_probe/releases"
	apt_machine_sources >"$apt_probe/sources"
	while read -r apt_uri apt_suite apt_file; do
		while read -r apt_base apt_dist apt_name; do
			[ "${apt_uri%/} ${apt_suite%/}" = "$apt_base $apt_dist" ] || continue
			for apt_release in "$apt_probe/lists/${apt_name}_InRelease" "$apt_probe/lists/${apt_name}_Release"; do
				if grep -qx 'Origin: Debian' "$apt_release" 2>/dev/null && grep -qx 'Label: Debian' "$apt_release"; then
					printf '%s %s\n' "${apt_uri%/}" "$apt_file"
					return 0
				fi
			done
		done <"$apt_probe/releases"
	done <"$apt_probe/sources"
	return 1
}

# apt_configure ARCHITECTURE: writes the private configuration, without lists.
apt_configure() {
	apt_dir=$cache/apt/$1
	mkdir -p "$apt_dir/parts" "$apt_dir/state/lists/partial" "$apt_dir/cache/archives/partial"
	: >"$apt_dir/state/status"
	cat >"$apt_dir/apt.conf" <<-CONF
		#clear APT::Architectures;
		#clear APT::Default-Release;
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		#clear DPkg::Post-Invoke;
		APT::Architecture "$1";
		APT::Architectures { "$1"; };
		APT::Sandbox::User "root";
		APT::Update::Error-Mode "any";
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
	apt_found=$(apt_find_debian) ||
		give_up "no source in /etc/apt serves Debian's main archive, or none can be reached"
	apt_uri=${apt_found% *}
	apt_file=${apt_found##* }
	apt_own=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-sid}")
	case " $apt_suites " in
	*" $apt_own "*) apt_own= ;;
	esac
	{
		printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nTargets: Packages\n' \
			"$apt_uri" "$apt_suites${apt_own:+ $apt_own}"
		apt_trust "$apt_file" "$apt_uri"
	} >"$apt_dir/parts/debian.sources"
}

# apt_lists ARCHITECTURE: package lists at most a day old. Older ones are kept if they cannot be refreshed.
apt_lists() {
	apt_dir=$cache/apt/$1
	if [ -z "$refresh" ] && [ -n "$(find "$apt_dir/updated" -mmin -1440 2>/dev/null)" ]; then
		return 0
	fi
	if (apt_configure "$1" && apt_private "$1" apt-get update); then
		touch "$apt_dir/updated"
	elif [ -e "$apt_dir/updated" ]; then
		note "the package lists could not be refreshed; going on with those of $(date -r "$apt_dir/updated" +%F)"
	else
		exit 1
	fi
}

# apt_versions ARCHITECTURE PACKAGE: every version in the private lists.
apt_versions() {
	apt_private "$1" apt-cache madison "$2" | awk -F '|' '{ gsub(/ /, "", $2); print $2 }' | sort -u
}

# Of the Debian versions on standard input, the newest.
apt_newest() {
	apt_best=
	while read -r apt_version; do
		if [ -z "$apt_best" ] || dpkg --compare-versions "$apt_version" gt "$apt_best"; then
			apt_best=$apt_version
		fi
	done
	printf '%s\n' "$apt_best"
}

# apt_unpack ARCHITECTURE PACKAGE VERSION DIRECTORY TAR-ARGUMENTS...: fetches a package, which apt verifies, and
# gives its files to tar in DIRECTORY.
apt_unpack() {
	apt_arch=$1
	apt_what=$2=$3
	apt_into=$4
	shift 4
	rm -rf "$apt_into.deb"
	mkdir -p "$apt_into.deb" "$apt_into"
	(cd "$apt_into.deb" && apt_private "$apt_arch" apt-get download "$apt_what")
	dpkg-deb --fsys-tarfile "$apt_into.deb"/*.deb >"$apt_into.deb/files.tar"
	tar -C "$apt_into" -xf "$apt_into.deb/files.tar" "$@"
	rm -rf "$apt_into.deb"
}
