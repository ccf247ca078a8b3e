# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2034,SC2153,SC2154
#
# bus: driver_override for buses that lack it.

extended=/sys/kernel/config/overdrive-buses

command_bus() {
	[ $# -gt 0 ] || usage_error 'bus needs one of: add, del, list'
	action=$1
	shift
	case $action in
	add | del | list) "bus_$action" "$@" ;;
	*) usage_error "bus has no '$action'" ;;
	esac
}

require_buses() {
	require_module
	[ -d "$extended" ] || die "$FAILED" "this overdrive can't extend buses: there is no $extended"
}

# bus_add [--scope SCOPE] BUS
bus_add() {
	scope=
	case ${1:-} in
	--scope)
		[ $# -ge 2 ] || usage_error '--scope is restrict or force'
		scope=$2
		shift 2
		;;
	--scope=*)
		scope=${1#*=}
		shift
		;;
	esac
	[ $# -eq 1 ] || usage_error 'bus add needs one bus'
	case $scope in
	'' | restrict | force) ;;
	*) usage_error '--scope is restrict or force' ;;
	esac
	[ -d "/sys/bus/$1" ] || die "$NOT_FOUND" "there is no bus $1"
	require_buses
	bus_extend "$1" "$scope" || die "$FAILED" "the bus $1 is as it was: $why"
}

# bus_extend BUS SCOPE: sets $why.
bus_extend() {
	# mkdir says why in its last words.
	why=$(mkdir "$extended/$1" 2>&1) || {
		why=${why##*: }
		return 1
	}
	[ -n "$2" ] || return 0
	write "$extended/$1/scope" "$2" && return
	rmdir "$extended/$1"
	return 1
}

bus_del() {
	[ $# -eq 1 ] || usage_error 'bus del needs one bus'
	require_buses
	[ -d "$extended/$1" ] || die "$NOT_FOUND" "the bus $1 is not extended"
	rmdir "$extended/$1" || die "$FAILED" "the bus $1 stays extended"
}

# all_buses: those that are extended, "NAME SCOPE" a line.
all_buses() {
	line "$module/parameters/buses"
	[ "$line" != '(null)' ] || line=
	[ -z "$line" ] || echo "$line" | tr ',:' '\n '
	for path in "$extended"/*; do
		[ -d "$path" ] || continue
		line "$path/scope"
		echo "${path##*/}${line:+ $line}"
	done
}

# bus_list: all buses, and where their devices' override comes from.
bus_list() {
	[ $# -eq 0 ] || usage_error 'bus list takes no arguments'
	have=$(all_buses)
	{
		printf 'head\tBUS\tDEVICES\tOVERRIDE\n'
		for path in /sys/bus/*; do
			bus=${path##*/}
			set -- "$path"/devices/*
			[ -e "$1" ] || continue
			scope=$(echo "$have" | awk -v bus="$bus" '$1 == bus { print $2 ? $2 : "restrict" }')
			if [ -n "$scope" ]; then
				printf 'user\t%s\t%s\t%s\n' "$bus" $# "overdrive's, $scope"
			elif [ -e "$1/driver_override" ]; then
				printf -- '-\t%s\t%s\t%s\n' "$bus" $# "the kernel's"
			else
				printf 'idle\t%s\t%s\t%s\n' "$bus" $# none
			fi
		done
	} | columns
}
