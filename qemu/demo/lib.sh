# SPDX-License-Identifier: GPL-2.0
#
# What the demonstrations share: showing commands before they run, and tables of devices.
# shellcheck shell=sh

failed=0

say() {
	printf '\n%s\n' "$*"
}

# run COMMAND: shows the command as a user would type it, then runs it.
run() {
	printf '  # %s\n' "$1"
	sh -c "$1" || {
		echo "  failed: exit status $?"
		failed=1
	}
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
	actual=$(driver_of "$1" "$2")
	if [ "$actual" != "$3" ]; then
		echo "  FAILED: $2 is bound to $actual, not to $3"
		failed=1
	fi
}

# finish: the verdict.
finish() {
	if [ "$failed" -eq 0 ]; then
		say "All as it should be."
	else
		say "Something went wrong, see above."
	fi
	exit "$failed"
}
