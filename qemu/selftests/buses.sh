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

# hooks: the match functions that are redirected, one a line.
hooks() {
	redirects | grep -vx bus_register
}

# redirects: all functions that are redirected, one a line.
redirects() {
	awk '$3 ~ /I/ || $4 ~ /I/ || $5 ~ /I/ { print $1 }' /sys/kernel/tracing/enabled_functions
}

# new_devices BUS: those that came after the last call of remember_devices BUS, one a line.
new_devices() {
	ls "/sys/bus/$1/devices" | grep -vxFf "/tmp/devices-$1"
}

remember_devices() {
	# Never empty: grep takes no pattern for one that matches all.
	{
		echo /
		ls "/sys/bus/$1/devices"
	} >"/tmp/devices-$1"
}

# bound_by BUS DRIVER: the first new device of that driver.
bound_by() {
	for _device in $(new_devices "$1"); do
		if [ "$(bound_driver "/sys/bus/$1/devices/$_device")" = "$2" ]; then
			echo "$_device"
			return
		fi
	done
	return 1
}

# plug TYPE ID PROPERTIES: a device for the machine. PROPERTIES are JSON, with a comma before.
plug() {
	host device_add "{\"driver\":\"$1\",\"id\":\"$2\"$3}" >/dev/null
}

unplug() {
	host device_del "{\"id\":\"$1\"}" >/dev/null
}

# disk ID: something without content for a drive.
disk() {
	host blockdev-add "{\"driver\":\"null-co\",\"node-name\":\"$1\",\"size\":1048576,\"read-zeroes\":true}" \
		>/dev/null
}

# How many results check_bus has, and how many of them need another driver.
bus_results=24
# shellcheck disable=SC2034 # for who has none
other_results=3

# check_bus BUS DEVICE OTHER FORCE: what an override does for a bound device that the guest can do
# without for a moment. OTHER is a driver of the bus that doesn't match the device ("-" if there is
# none). FORCE is "force" if the bus lets drivers be forced on devices, which is not tried, else "no".
check_bus() {
	bus=$1
	device=$(readlink -f "/sys/bus/$1/devices/$2")
	other=$3
	driver=$(bound_driver "$device")

	comment "$bus: $2 of $driver"
	check_fails "$bus: devices have no override without us" has_override "$device"
	check "$bus: the bus can be extended" mkdir "$buses/$bus"
	check "$bus: the scope is restrict by default" is "$(cat "$buses/$bus/scope")" restrict
	if [ "$4" = force ]; then
		check "$bus: the scope can become force" sh -c "echo force >$buses/$bus/scope"
		check "$bus: the scope is force when that was written" is "$(cat "$buses/$bus/scope")" force
		echo restrict >"$buses/$bus/scope"
	else
		check "$bus: the scope can't become force" fails_with EOPNOTSUPP "$buses/$bus/scope" force
		check "$bus: the scope is kept when a change is refused" \
			is "$(cat "$buses/$bus/scope")" restrict
	fi
	check "$bus: devices keep their drivers, and have no override" \
		is_as "$device" "$driver" "(null)"

	# With the kernel's own files.
	set_override "$device" none
	check "$bus: an override alone leaves a device its driver" is_as "$device" "$driver" none
	rebind_by_hand "$device"
	check "$bus: an override of none keeps drivers off" is_as "$device" none none
	set_override "$device" no-such-driver
	probe "$device"
	check "$bus: an override with a wrong name keeps drivers off" is_as "$device" none no-such-driver
	if [ "$other" != - ]; then
		set_override "$device" "$other"
		probe "$device"
		check "$bus: an override with a driver that doesn't match keeps drivers off" \
			is_as "$device" none "$other"
	fi
	set_override "$device" "$driver"
	probe "$device"
	check "$bus: an override binds the driver that it names" is_as "$device" "$driver" "$driver"
	set_override "$device" ""
	rebind_by_hand "$device"
	check "$bus: a device without an override has its standard driver" is_as "$device" "$driver" "(null)"

	# By rebind.
	check "$bus: a device can be rebound to none" rebind "$device" none
	check "$bus: a device has no driver after a rebind to none" is_as "$device" none none
	check "$bus: a device can be rebound to its standard driver" rebind "$device" ""
	check "$bus: a device has its standard driver after a rebind to it" is_as "$device" "$driver" "(null)"
	check "$bus: a rebind to a driver that does not exist is ENOENT" \
		rebind_fails ENOENT "$device" no-such-driver
	if [ "$other" != - ]; then
		check "$bus: a rebind to a driver that doesn't match is refused" \
			rebind_fails ENODEV "$device" "$other"
		check "$bus: a rebind to a driver that doesn't match is rolled back" \
			has_status "$device" rebind rolled-back:-19
	fi
	check "$bus: a device has its driver after a rebind that failed" is_as "$device" "$driver" "(null)"

	# By rule.
	rule "$bus" "bus=$bus" "device=${device##*/}" driver=none
	echo 1 >"$rules/$bus/apply"
	check "$bus: a rule keeps drivers off a device" is_as "$device" none none
	check "$bus: a device's status names its rule" has_status "$device" by "rule:$bus"
	rmdir "$rules/$bus"
	probe "$device"
	check "$bus: a device has its driver when its rule is gone" is_as "$device" "$driver" "(null)"
	rmdir "$buses/$bus"
	check_fails "$bus: devices have no override when the bus is left alone" has_override "$device"
}

# How many results check_hotplug has.
hotplug_results=4

# check_hotplug BUS PROBE ROUNDS IN OUT RULE...: a device that the function IN plugs in, and OUT out
# again, never reaches the function PROBE of its driver while the rule says so. IN prints the device.
check_hotplug() {
	bus=$1
	function=$2
	rounds=$3
	in=$4
	out=$5
	shift 5

	count_probes "$function" || ktap_exit_fail_msg "no kprobe on $function"
	device=$($in)
	wait_until 20 test -e "/sys/bus/$bus/devices/$device/driver"
	check "$bus: the driver's probe is called without a rule" test "$(probes "$function")" -gt 0
	$out
	stop_counting "$function"

	mkdir "$buses/$bus"
	rule plug "bus=$bus" driver=none "$@"
	count_probes "$function"
	good=0
	for _ in $(seq "$rounds"); do
		device=$($in)
		if [ -n "$device" ] && is_as "/sys/bus/$bus/devices/$device" none none; then
			good=$((good + 1))
		fi
		$out
	done
	check "$bus: a device that is plugged in $rounds times never has a driver" is $good "$rounds"
	check "$bus: the driver's probe was never called for plugged devices" is "$(probes "$function")" 0
	check "$bus: a rule counts the plugged devices" test "$(hits plug)" -ge "$rounds"
	stop_counting "$function"
	rmdir $rules/plug "$buses/$bus"
}
