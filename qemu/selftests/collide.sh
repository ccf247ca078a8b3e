# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What tests have in common that let operations on devices collide, on top of lib.sh, devices.sh and
# overdrive.sh.

# start NAME COMMAND...: runs a command in the background; its status is in /tmp/status-NAME. It does not
# keep a user alive who ends when descriptor 5 is closed.
start() {
	_started=$1
	shift
	rm -f "/tmp/status-$_started"
	(
		"$@" >/dev/null 2>&1
		echo $? >"/tmp/status-$_started"
	) 5>&- &
}

# is_over NAME
is_over() {
	[ -e "/tmp/status-$1" ]
}

# runs NAME: it has not ended, and has had the time to.
runs() {
	sleep 0.3
	! is_over "$1"
}

# ends NAME: it ends in time. If not, the kernel log has the stacks of all tasks.
ends() {
	wait_until 20 is_over "$1" && return
	comment "$1 does not end"
	echo w >/proc/sysrq-trigger
	echo t >/proc/sysrq-trigger
	return 1
}

# all_end NAME...
all_end() {
	_bad=0
	for _name; do
		ends "$_name" || _bad=1
	done
	return $_bad
}

# write_to FILE TEXT
write_to() {
	echo "$2" >"$1"
}

# is_consistent DEVICE: its status says what sysfs does.
is_consistent() {
	[ -e "$(of_device "$1" status)" ] || return 0
	is_as "$1" "$(bound_driver "$1")" "$(get_override "$1")" || return
	case $(status_of "$1" rebind) in
	busy) comment "$1 is busy" && return 1 ;;
	esac
}
