# SPDX-License-Identifier: GPL-2.0
#
# What the tests of the command share, on top of lib.sh and devices.sh.
# shellcheck shell=sh disable=SC2034

# What overdrive printed last, and its exit status.
out=/run/cli-out
err=/run/cli-err
# Tests save to a place of their own.
export OVERDRIVE_SAVED=/run/overdrive.d

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

# cli ARGUMENT...: the command, with what it prints kept.
cli() {
	overdrive "$@" >$out 2>$err
}

# exits STATUS ARGUMENT...: the command ends with this status.
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
