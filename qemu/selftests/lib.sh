# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What overdrive's selftests have in common. A test looks like this:
#
#	#!/bin/sh
#	# SPDX-License-Identifier: GPL-2.0
#	# Machines: q35
#	# Timeout: 30
#	. ./lib.sh
#
#	require_module overdrive
#	edu=$(require_pci 1234:11e8) || skip_all "no edu device"
#	plan 2
#	check "the override is set" set_override "$edu" vfio-meta
#	check "nothing else is" is "$(bound_driver "$edu")" none
#	finish
#
# It is run as root, in its own directory, under any POSIX shell. Its exit status is kselftest's:
# 0 passed, 1 failed, 4 skipped. Directives in the header, all optional:
#
#	# Machines: NAME...	where the harness runs it (all)
#	# Timeout: SECONDS	how long it may take (60)
#	# Append: WORDS		more kernel command line: a boot of its own
#	# Flavors: NAME...	flavours of the kernel that it is for (test debug)
#	# Optional: TEXT (WHY)	reason of a skip that is no failure with a kernel of the harness

# The kernel tree has the helpers; the harness puts them beside the tests.
if [ -z "${KTAP_HELPERS:-}" ]; then
	for KTAP_HELPERS in ./ktap_helpers.sh ../kselftest/ktap_helpers.sh; do
		[ ! -r "$KTAP_HELPERS" ] || break
	done
fi
# shellcheck source=/dev/null
. "$KTAP_HELPERS" || exit 1

#
# Plan and results.
#

ktap_print_header

# plan COUNT: how many results follow.
plan()
{
	ktap_set_plan "$1"
}

# skip_all WHY: nothing here can be tested on this machine.
skip_all()
{
	ktap_skip_all "$*"
	exit "$KSFT_SKIP"
}

# check NAME COMMAND...: a result, passed when the command succeeds.
check()
{
	_name=$1
	shift
	if "$@"; then
		ktap_test_pass "$_name"
	else
		_status=$?
		comment "failed with $_status: $*"
		ktap_test_fail "$_name"
	fi
}

# check_fails NAME COMMAND...: a result, passed when the command fails.
check_fails()
{
	_name=$1
	shift
	if "$@"; then
		comment "succeeded: $*"
		ktap_test_fail "$_name"
	else
		ktap_test_pass "$_name"
	fi
}

# skip NAME WHY: a result that cannot be had with this kernel. What a machine has nothing for is not in its plan.
skip()
{
	__ktap_test ok "$1" "SKIP $2"
	KTAP_CNT_SKIP=$((KTAP_CNT_SKIP + 1))
}

# finish: the totals, and the exit status.
finish()
{
	ktap_finished
}

# comment TEXT: a line for the reader.
comment()
{
	# ktap_print_msg would lose repeated blanks.
	printf '# %s\n' "$*"
}

# is ACTUAL EXPECTED: whether they are the same, telling when not.
is()
{
	[ "$1" = "$2" ] && return 0
	comment "is '$1', expected '$2'"
	return 1
}

# stress_count NORMAL STRESS: the repetitions for this kind of run.
stress_count()
{
	if [ "${OVERDRIVE_STRESS:-0}" = 1 ]; then
		echo "$2"
	else
		echo "$1"
	fi
}

#
# The machine.
#

# require_module NAME: loads it, or nothing here can be tested.
require_module()
{
	modprobe "$@" || skip_all "no module $1"
}

# pci_devices VENDOR:DEVICE: the addresses of all such devices, lowest first, one a line.
pci_devices()
{
	for _dev in /sys/bus/pci/devices/*; do
		[ -e "$_dev/vendor" ] || continue
		read -r _vendor <"$_dev/vendor"
		read -r _device <"$_dev/device"
		[ "${_vendor#0x}:${_device#0x}" != "$1" ] || echo "${_dev##*/}"
	done
}

# device_path DEVICE: its directory in sysfs, for a name on any bus or a path.
device_path()
{
	case $1 in
	/*)
		echo "$1"
		return
		;;
	esac
	for _dev in /sys/bus/*/devices/"$1"; do
		if [ -e "$_dev" ]; then
			readlink -f "$_dev"
			return
		fi
	done
	return 1
}

# require_device DEVICE...: all of them, or nothing here can be tested.
require_device()
{
	for _wanted; do
		device_path "$_wanted" >/dev/null || skip_all "no device $_wanted"
	done
}

# bound_driver DEVICE: the name of its driver, or "none".
bound_driver()
{
	_path=$(device_path "$1") || return 1
	if [ -e "$_path/driver" ]; then
		_driver=$(readlink "$_path/driver")
		echo "${_driver##*/}"
	else
		echo none
	fi
}

# iommu_group DEVICE: its number, or "none".
iommu_group()
{
	_path=$(device_path "$1") || return 1
	if [ -e "$_path/iommu_group" ]; then
		_group=$(readlink "$_path/iommu_group")
		echo "${_group##*/}"
	else
		echo none
	fi
}

# set_override DEVICE DRIVER: an empty driver clears it.
set_override()
{
	_path=$(device_path "$1") || return 1
	echo "$2" >"$_path/driver_override"
}

# get_override DEVICE: "(null)" when there is none.
get_override()
{
	_path=$(device_path "$1") || return 1
	cat "$_path/driver_override"
}

# unbind DEVICE: from whatever driver has it, if any.
unbind()
{
	_path=$(device_path "$1") || return 1
	[ ! -e "$_path/driver" ] || echo "${_path##*/}" >"$_path/driver/unbind"
}

# probe DEVICE: has the bus look for a driver.
probe()
{
	_path=$(device_path "$1") || return 1
	_bus=$(readlink -f "$_path/subsystem") || return 1
	echo "${_path##*/}" >"$_bus/drivers_probe"
}

# wait_until SECONDS COMMAND...: runs the command until it succeeds.
wait_until()
{
	_tries=$(($1 * 10))
	shift
	until "$@"; do
		_tries=$((_tries - 1))
		[ $_tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# kunit_suites MODULE: the KUnit suites that it brought, one a line.
kunit_suites()
{
	for _results in /sys/kernel/debug/kunit/*/results; do
		if grep -q "^ *# module: $1\$" "$_results" 2>/dev/null; then
			_suite=${_results%/results}
			echo "${_suite##*/}"
		fi
	done
}

# check_kunit SUITE: a result, with the suite's cases as its subtests.
check_kunit()
{
	_results=/sys/kernel/debug/kunit/$1/results
	# The suite's own lines are indented; the line after them is its verdict.
	grep '^ ' "$_results"
	if grep -q '^ok ' "$_results"; then
		ktap_test_pass "$1"
	else
		ktap_test_fail "$1"
	fi
}

#
# The host, through the port that only QEMU guests of the harness have.
#

HOST_PORT=/dev/virtio-ports/org.overdrive.control

require_host()
{
	[ -c "$HOST_PORT" ] || skip_all "no host that would plug devices"
}

# host COMMAND JSON: has QEMU execute a command; prints its answer in JSON.
# device_del returns when the device is gone.
host()
{
	[ -c "$HOST_PORT" ] || return 1
	_tries=300
	# The port can be opened once at a time. A shell whose redirection fails says nothing.
	until _answer=$(
		exec 9<>"$HOST_PORT"
		printf '%s\n' "$*" >&9
		read -r _line <&9
		echo "$_line"
	) 2>/dev/null; do
		_tries=$((_tries - 1))
		[ $_tries -gt 0 ] || return 1
		sleep 0.1
	done
	case $_answer in
	'ok '*)
		echo "${_answer#ok }"
		;;
	*)
		echo "host: $1: ${_answer#error }" >&2
		return 1
		;;
	esac
}

#
# The kernel log.
#

# log_mark: a place in the log to look from.
log_mark()
{
	_mark="overdrive-mark: $$.$(cut -d ' ' -f 1 /proc/uptime)"
	echo "$_mark" >/dev/kmsg
	echo "$_mark"
}

# log_since MARK: what the kernel said after it.
log_since()
{
	dmesg | sed "1,/$1\$/d"
}
