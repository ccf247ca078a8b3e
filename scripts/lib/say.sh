# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# What scripts/setup tells the user: messages, steps with their progress, and why a step failed.
#
# A step runs in the foreground, with its output in a log of its own, so that Ctrl-C reaches it; only the line that
# shows its progress comes from a background process.

program=setup
quiet=
step_number=0
step_count=0
progress_pid=
terminal=
[ ! -t 2 ] || terminal=1

say() {
	[ -n "$quiet" ] || printf '%s\n' "$*" >&2
}

warn() {
	printf '%s: %s\n' "$program" "$*" >&2
}

die() {
	warn "$@"
	exit 1
}

# Inside a step: ends it with a reason that the user can act on.
give_up() {
	printf 'reason: %s\n' "$*"
	exit 1
}

# Inside a step: tells the user something when the step is over.
note() {
	printf 'note: %s\n' "$*"
}

# need_space DIRECTORY MIB: inside a step, before it fills a disk.
need_space() {
	space_free=$(free_mib "$1")
	[ "$space_free" -ge "$2" ] ||
		give_up "the disk is too full: this step needs $2 MiB in $1, and $space_free MiB are free"
}

free_mib() {
	df -Pk "$1" | awk 'NR == 2 { print int($4 / 1024) }'
}

# elapsed SINCE
elapsed() {
	elapsed_seconds=$(($(date +%s) - $1))
	printf '%d:%02d' $((elapsed_seconds / 60)) $((elapsed_seconds % 60))
}

# progress_start TITLE LOG SINCE: on a terminal, keeps a line that ends with the last line of the log, which says
# best what a step is doing.
progress_start() {
	[ -n "$terminal" ] && [ -z "$quiet" ] || return 0
	(
		trap '' INT
		progress_wheel="|/-\\"
		while kill -0 $$ 2>/dev/null; do
			progress_rest=${progress_wheel#?}
			progress_spoke=${progress_wheel%"$progress_rest"}
			progress_wheel=$progress_rest$progress_spoke
			progress_line=$(tail -c 300 "$2" 2>/dev/null | tr '\r' '\n' | sed '/^[[:space:]]*$/d' | tail -n 1 |
				tr -c '[:print:]' ' ' | cut -c 1-60)
			printf '\r\033[K%s %s %s  %s' "$progress_spoke" "$1" "$(elapsed "$3")" "$progress_line" >&2
			sleep 1
		done
	) 9>&- &
	progress_pid=$!
}

progress_stop() {
	[ -n "$progress_pid" ] || return 0
	kill "$progress_pid" 2>/dev/null || :
	wait "$progress_pid" 2>/dev/null || :
	progress_pid=
	printf '\r\033[K' >&2
}

# explain LOG: the likely reason for a failure.
explain() {
	explain_reason=$(sed -n 's/^reason: //p' "$1" 2>/dev/null | tail -n 1)
	if [ -n "$explain_reason" ]; then
		printf '%s' "$explain_reason"
	elif explain_has 'No space left on device|Disk quota exceeded|enough free space' ||
		[ "$(free_mib "$cache")" -lt 8 ]; then
		printf 'the disk is full (%s)' "$cache"
	elif explain_has 'remove is disabled'; then
		printf 'an installed package stands in the way of one that is needed: install it by hand, or remove the other'
	elif explain_has 'sudo: .*(password|not allowed)|not in the sudoers'; then
		printf 'sudo refused'
	elif explain_has 'could not (resolve|connect)|unable to connect|temporary failure|connection (timed out|refused|failed|reset)|network is unreachable|spurious network error|failed to (fetch|download)|download of .* failed|invalid proxy|unsupported proxy'; then
		printf 'a package registry could not be reached (network? proxy?)'
	elif explain_has 'NO_PUBKEY|not signed|missing key|signatures? (couldn|were invalid)|EXPKEYSIG'; then
		printf 'the signature of a package list could not be checked (is debian-archive-keyring up to date?)'
	elif explain_has 'unable to locate package|no installation candidate'; then
		printf 'a package is unknown to the sources in /etc/apt'
	elif explain_has 'could not get lock|is another process using it'; then
		printf 'another package manager is at work'
	elif explain_has 'SIGKILL|signal 9|cannot allocate memory|out of memory'; then
		printf 'there was not enough memory'
	else
		printf 'the end of the log says why'
	fi
}

explain_has() {
	grep -qiE "$1" "$step_log" 2>/dev/null
}

# step NAME TITLE FUNCTION: runs FUNCTION in a subshell of its own.
step() {
	step_number=$((step_number + 1))
	[ "$step_number" -le "$step_count" ] || step_count=$step_number
	step_title="[$step_number/$step_count] $2"
	step_log=$cache/log/setup-$1.log
	step_start=$(date +%s)
	(: >"$step_log") 2>/dev/null || die "$step_title: cannot write $step_log (is the disk full?)"
	[ -n "$terminal" ] || say "$step_title ..."
	progress_start "$step_title" "$step_log" "$step_start"
	set +e
	(
		set -e
		"$3"
	) >"$step_log" 2>&1 </dev/null
	step_status=$?
	set -e
	progress_stop
	sed -n 's/^note: /    /p' "$step_log" >&2 || :
	if [ "$step_status" -ne 0 ]; then
		warn "$step_title failed after $(elapsed "$step_start"): $(explain "$step_log")"
		warn "the log is $step_log"
		warn "run it again when that is solved: what is complete is kept"
		exit 1
	fi
	say "$step_title: done ($(elapsed "$step_start"))"
}
