# SPDX-License-Identifier: GPL-2.0
#
# What the demonstrations share: steps with what is expected of them, commands shown before they run, tables of devices.
# shellcheck shell=sh

failed=0
steps=0

say() {
	printf '\n%s\n' "$*"
}

# step TITLE TEXT...: a numbered headline, and what a reader is to know before it, a line each.
step() {
	steps=$((steps + 1))
	printf '\n%s. %s\n' "$steps" "$1"
	shift
	for _line; do
		printf '   %s\n' "$_line"
	done
}

# run COMMAND: shows the command as a user would type it, then runs it.
run() {
	printf '  # %s\n' "$1"
	sh -c "$1" || {
		echo "  FAILED: exit status $?"
		failed=1
	}
}

# run_fails COMMAND: shows a command that is to fail, and runs it.
run_fails() {
	printf '  # %s\n' "$1"
	if sh -c "$1" 2>&1; then
		echo "  FAILED: this was to fail"
		failed=1
	else
		echo "  (exit status $?, as expected)"
	fi
}

# driver_of BUS DEVICE: the driver that the device is bound to, or "-".
driver_of() {
	if [ -e "/sys/bus/$1/devices/$2/driver" ]; then
		basename "$(readlink "/sys/bus/$1/devices/$2/driver")"
	else
		echo -
	fi
}

# group_of BUS DEVICE: the number of the device's IOMMU group, or "-".
group_of() {
	if [ -e "/sys/bus/$1/devices/$2/iommu_group" ]; then
		basename "$(readlink "/sys/bus/$1/devices/$2/iommu_group")"
	else
		echo -
	fi
}

# table BUS DEVICE...: one line per device; "what" is the caller's describe().
table() {
	_bus=$1
	shift
	printf '    %-16s %-28s %-6s %s\n' device what group driver
	for _device; do
		printf '    %-16s %-28s %-6s %s\n' "$_device" "$(describe "$_device")" \
			"$(group_of "$_bus" "$_device")" "$(driver_of "$_bus" "$_device")"
	done
}

# expect BUS DEVICE DRIVER: the demonstration fails unless the device is bound to it ("-": to none).
expect() {
	_actual=$(driver_of "$1" "$2")
	if [ "$_actual" = "$3" ]; then
		echo "  as expected: $2 has $(driver_name "$3")"
	else
		echo "  FAILED: $2 has $(driver_name "$_actual"), not $(driver_name "$3")"
		failed=1
	fi
}

# expect_soon BUS DEVICE DRIVER: the same, of what happens by itself, in ten seconds at most.
expect_soon() {
	for _ in $(seq 100); do
		[ "$(driver_of "$1" "$2")" != "$3" ] || break
		usleep 100000
	done
	expect "$@"
}

driver_name() {
	if [ "$1" = - ]; then
		echo "no driver"
	else
		echo "$1"
	fi
}

# finish: the verdict.
finish() {
	if [ "$failed" -eq 0 ]; then
		say "All as it should be."
	else
		say "Something went wrong, see the lines with FAILED above."
	fi
	exit "$failed"
}
