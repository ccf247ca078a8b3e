# SPDX-License-Identifier: GPL-2.0
#
# What the selftests say about extended buses, on top of overdrive.sh.
# shellcheck shell=sh

buses=/sys/kernel/config/overdrive-buses
fake=/sys/kernel/debug/overdrive_buses

# has_override DEVICE
has_override() {
	test -e "$(device_path "$1")/driver_override"
}

# extend BUS [SCOPE]
extend() {
	mkdir "$buses/$1" && echo "${2:-restrict}" >"$buses/$1/scope"
}

# extend_error BUS: the errno's name of trying to extend it; success is undone.
extend_error() {
	mkdir "$buses/$1" 2>&1 | errno_name
	[ ! -d "$buses/$1" ] || rmdir "$buses/$1"
}

# hooks: the functions that are redirected, one a line.
hooks() {
	awk '$3 ~ /I/ || $4 ~ /I/ || $5 ~ /I/ { print $1 }' /sys/kernel/tracing/enabled_functions
}

# on_bus BUS DEVICE: its directory there; other buses can have devices of the same name.
on_bus() {
	readlink -f "/sys/bus/$1/devices/$2"
}

# clear_log_of_errors: nothing.

# bus_results: how many results check_bus has.
bus_results=23

# check_bus BUS DEVICE OTHER FORCE: what an override does for a bound device, whose bus can be left
# without it for a moment. OTHER is a driver of the bus that doesn't match the device. FORCE is "force"
# if it could be forced on that driver nevertheless, which is not tried, else "no".
check_bus() {
	bus=$1
	device=$(on_bus "$bus" "$2")
	other=$3
	driver=$(bound_driver "$device")

	check_fails "$bus: has no override without us" has_override "$device"
	check "$bus: can be extended" mkdir "$buses/$bus"
	check "$bus: restricts by default" is "$(cat "$buses/$bus/scope")" restrict
	if [ "$4" = force ]; then
		check "$bus: can force" sh -c "echo force >$buses/$bus/scope"
		echo restrict >"$buses/$bus/scope"
	else
		check "$bus: can't force" fails_with EOPNOTSUPP "$buses/$bus/scope" force
	fi
	check "$bus: keeps its scope" is "$(cat "$buses/$bus/scope")" restrict
	check "$bus: devices keep their drivers, and have no override" is_as "$device" "$driver" "(null)"

	# With the kernel's own files.
	set_override "$device" none
	check "$bus: an override leaves the driver" is_as "$device" "$driver" none
	rebind_by_hand "$device"
	check "$bus: none is no driver" is_as "$device" none none
	set_override "$device" no-such-driver
	probe "$device"
	check "$bus: a wrong name is no driver either" is_as "$device" none no-such-driver
	set_override "$device" "$other"
	probe "$device"
	check "$bus: nor is one that doesn't match" is_as "$device" none "$other"
	set_override "$device" "$driver"
	probe "$device"
	check "$bus: the driver that it names is" is_as "$device" "$driver" "$driver"
	set_override "$device" ""
	rebind_by_hand "$device"
	check "$bus: without one, the standard driver" is_as "$device" "$driver" "(null)"

	# By rebind.
	check "$bus: rebind to none" rebind "$device" none
	check "$bus: has no driver then" is_as "$device" none none
	check "$bus: rebind to the standard driver" rebind "$device" ""
	check "$bus: has it then" is_as "$device" "$driver" "(null)"
	check "$bus: rebind to a driver that is none" rebind_fails ENOENT "$device" no-such-driver
	check "$bus: rebind to one that doesn't match" rebind_fails ENODEV "$device" "$other"
	check "$bus: is rolled back" is_as "$device" "$driver" "(null)"

	# By rule.
	rule "$bus" "bus=$bus" "device=${device##*/}" driver=none
	echo 1 >"$rules/$bus/apply"
	check "$bus: a rule moves it" is_as "$device" none none
	check "$bus: the rule is named" has_status "$device" by "rule:$bus"
	rmdir "$rules/$bus"
	probe "$device"
	check "$bus: without the rule it has its driver" is_as "$device" "$driver" "(null)"
	rmdir "$buses/$bus"
	check_fails "$bus: undone, nothing is left" has_override "$device"
}
