# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# Where things are kept outside the clone, and that only one process works there.

# Sets $host_arch, $cache and $work; changes nothing.
place_survey() {
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		die 'this is not a Debian machine: there is no apt'
	fi
	host_arch=$(dpkg --print-architecture)
	cache=${OVERDRIVE_CACHE:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/overdrive}
	case $cache in
	*[!A-Za-z0-9/._-]* | [!/]*)
		die "a build cannot work in '$cache': set OVERDRIVE_CACHE to an absolute path of letters, digits, '.', '_', '-'"
		;;
	esac
	# Half-done work, gone with the next run at the latest.
	work=$cache/setup.tmp
}

# For programs that have something to end themselves.
at_exit() {
	:
}

# Makes an empty $work, when nobody else has one.
place_begin() {
	mkdir -p "$cache/log" || die "cannot create $cache (is the disk full?); OVERDRIVE_CACHE chooses another place"
	exec 9>"$cache/setup.lock"
	if ! flock -n 9; then
		say 'waiting for another set-up to finish'
		flock 9
	fi
	trap 'progress_stop; at_exit; rm -rf "$work"' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	rm -rf "$work"
	mkdir "$work"
}

# Lets others in.
place_end() {
	rm -rf "$work"
	exec 9>&-
}

# keep NEW PLACE: what is complete goes to its place, in one go.
keep() {
	mkdir -p "${2%/*}"
	rm -rf "$2"
	# A crash must not leave the name without the contents.
	sync -f "$1"
	mv "$1" "$2"
}
