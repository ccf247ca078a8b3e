# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What scripts/setup tells the user: messages, steps with their progress, and why a step failed.
#
# A step runs in the foreground with its output in a log of its own, so that Ctrl-C reaches it; only the line that
# shows its progress is a background process.

quiet=
step_number=0
step_count=0
progress_pid=

say() {
	[ -n "$quiet" ] || printf '%s\n' "$*" >&2
}

warn() {
	printf 'setup: %s\n' "$*" >&2
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

# Inside a step: tells the user something while the step goes on.
note() {
	printf 'note: %s\n' "$*"
}

# need_space DIRECTORY MIB: inside a step, before it fills a disk.
need_space() {
	space_free=$(df -Pk "$1" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "$space_free" -ge "$2" ] ||
		give_up "the disk is too full: this step needs $2 MiB in $1, and $space_free MiB are free"
}

# file_mib PATTERN: size of the files that match, for the progress line.
elapsed() {
	elapsed_seconds=$(($(date +%s) - $1))
	printf '%d:%02d' $((elapsed_seconds / 60)) $((elapsed_seconds % 60))
}

# The last line of the log says best what a step is doing.
progress_start() {
	[ -z "$quiet" ] && [ -t 2 ] || return 0
	(
		trap '' INT
		while kill -0 $$ 2>/dev/null; do
			progress_line=$(tail -n 1 "$2" 2>/dev/null | tr -d '\r' | tr -c '[:print:]' ' ' | cut -c 1-50)
			printf '\r\033[K%s  %s  %s' "$1" "$(elapsed "$3")" "$progress_line" >&2
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
	elif grep -qiE 'No space left on device|Disk quota exceeded|enough free space' "$1" 2>/dev/null; then
		printf 'the disk is full'
	elif grep -qiE 'could not (resolve|connect)|unable to connect|temporary failure|connection (timed out|refused|failed|reset)|network is unreachable|spurious network error|failed to (fetch|download)|407 ' "$1" 2>/dev/null; then
		printf 'a package registry could not be reached (network, proxy?)'
	elif grep -qE 'NO_PUBKEY|not signed|signatures? (couldn|were invalid)|EXPKEYSIG' "$1" 2>/dev/null; then
		printf 'the signature of a package list could not be checked (is debian-archive-keyring up to date?)'
	elif grep -qE 'Unable to locate package|has no installation candidate' "$1" 2>/dev/null; then
		printf 'a package is unknown to the configured sources: %s' \
			"$(grep -hE 'Unable to locate package|has no installation candidate' "$1" | tail -n 1)"
	elif grep -qiE 'could not get lock|is another process using it' "$1" 2>/dev/null; then
		printf 'another package manager is at work'
	else
		printf 'see the end of the log'
	fi
}

# step NAME TITLE FUNCTION: runs FUNCTION in a subshell of its own.
step() {
	step_number=$((step_number + 1))
	[ "$step_number" -le "$step_count" ] || step_count=$step_number
	step_title="[$step_number/$step_count] $2"
	step_log=$cache/log/setup-$1.log
	step_start=$(date +%s)
	: >"$step_log" || die "$step_title: cannot write $step_log (is the disk full?)"
	[ -t 2 ] || say "$step_title ..."
	progress_start "$step_title" "$step_log" "$step_start"
	set +e
	(
		set -e
		"$3"
	) >"$step_log" 2>&1 </dev/null
	step_status=$?
	set -e
	progress_stop
	sed -n 's/^note: /      /p' "$step_log" >&2 || :
	if [ "$step_status" -ne 0 ]; then
		warn "$step_title failed after $(elapsed "$step_start"): $(explain "$step_log")"
		warn "log: $step_log"
		warn "run it again when that is solved: what is complete is kept"
		exit 1
	fi
	say "$step_title: done ($(elapsed "$step_start"))"
}
