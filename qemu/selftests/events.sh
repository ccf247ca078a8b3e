# SPDX-License-Identifier: GPL-2.0
#
# What the selftests hear of the kernel's uevents, on top of lib.sh.
# shellcheck shell=sh

# What the listener wrote, and how many lines of it were looked at.
events=/run/uevents
events_seen=/run/uevents-seen

# listen: from now on, no uevent is missed.
listen() {
	: >$events
	echo 0 >$events_seen
	overdrive-uevents >$events &
	listener=$!
	wait_until 10 grep -qx listening $events || ktap_exit_fail_msg "nobody listens to uevents"
}

stop_listening() {
	kill "$listener"
	! grep -qx lost $events || ktap_exit_fail_msg "uevents were lost"
}

# heard DEVICE: what the kernel has told of the device since the last time, "ACTION OVERDRIVE OVERDRIVE_BY
# OVERDRIVE_DRIVER;" each. The kernel tells in order: when its answer to a question of our own is here, all from before
# is.
heard() {
	_path=$(device_path "$1") || _path=$1
	_question=$(cat /proc/sys/kernel/random/uuid)
	echo "change $_question" >/sys/devices/virtual/mem/null/uevent
	wait_until 10 grep -q " $_question\$" $events || {
		echo "no answer to a question"
		return
	}
	_from=$(($(cat $events_seen) + 1))
	wc -l <$events >$events_seen
	tail -n "+$_from" $events |
		awk -v path="${_path#/sys}" '$2 == path { printf "%s %s %s %s;", $1, $3, $4, $5 }'
}

# hears DEVICE EVENTS: these, and no others, are told. What a worker tells may take its time.
hears() {
	: >/run/uevents-heard
	wait_until 10 has_heard "$1" "$2" || is "$(cat /run/uevents-heard)" "$2"
}

has_heard() {
	heard "$1" >>/run/uevents-heard
	[ "$(cat /run/uevents-heard)" = "$2" ]
}
