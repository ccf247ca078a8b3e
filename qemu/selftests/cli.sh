# SPDX-License-Identifier: GPL-2.0
#
# What the tests of the command line share, on top of lib.sh and devices.sh: every test runs under each shell.
# shellcheck shell=sh disable=SC2034

# What overdrive printed last, and its exit status.
out=/run/cli-out
err=/run/cli-err
# Tests save to a place of their own.
export OVERDRIVE_SAVED=/run/overdrive.d

# shells: those that there are, a line each.
shells() {
	echo "busybox sh"
	command -v dash
}

# in_each_shell COUNT FUNCTION: calls it with $shell set, after a plan of COUNT results for each.
in_each_shell() {
	plan $(($(shells | wc -l) * $1))
	shells >/run/cli-shells
	while IFS= read -r shell <&8; do
		"$2"
	done 8</run/cli-shells
}

# require TEXT...: none of them is empty, or nothing here can be tested.
require() {
	for _text; do
		[ -n "$_text" ] || skip_all "this machine lacks a device"
	done
}

# first PATH...: the first of what a pattern matches.
first() {
	[ ! -e "$1" ] || realpath "$1"
}

# cli ARGUMENT...: the command line under this shell.
cli() {
	# The shell can have arguments.
	# shellcheck disable=SC2086
	$shell /bin/overdrive "$@" >$out 2>$err 8<&-
}

# ok NAME: a check's name with the shell.
ok() {
	_title="${shell##*/}: $1"
	shift
	check "$_title" "$@"
}

# exits STATUS ARGUMENT...: the command line ends with this status.
exits() {
	_expected=$1
	shift
	_actual=0
	cli "$@" || _actual=$?
	[ "$_actual" = "$_expected" ] && return
	comment "overdrive $*: exit status $_actual, expected $_expected"
	sed 's/^/# /' $out $err
	return 1
}

# says TEXT: it is in what was printed last.
says() {
	grep -qF -- "$1" $out $err && return
	comment "'$1' is not in:"
	sed 's/^/# /' $out $err
	return 1
}

# says_not TEXT
says_not() {
	grep -qF -- "$1" $out $err || return 0
	comment "'$1' is in:"
	sed 's/^/# /' $out $err
	return 1
}

# finds ID ARGUMENT...: doctor has a finding of this name.
finds() {
	_id=$1
	shift
	cli doctor "$@"
	says "[$_id]"
}

# finds_not ID ARGUMENT...
finds_not() {
	_id=$1
	shift
	cli doctor "$@"
	says_not "[$_id]"
}
