# SPDX-License-Identifier: GPL-2.0
#
# What the selftests say about rules and rebinds, on top of lib.sh and devices.sh.
# shellcheck shell=sh

rules=/sys/kernel/config/overdrive-rules
# The test drivers' commands: see qemu/modules/overdrive_test.rs.
knobs=/sys/kernel/debug/overdrive_test

# of_device DEVICE FILE: the path of one of the module's files of the device.
of_device() {
	echo "$(device_path "$1")/overdrive/$2"
}

# rebind DEVICE DRIVER: in one write.
rebind() {
	echo "$2" >"$(of_device "$1" rebind)"
}

# rebind_fails ERRNO DEVICE DRIVER
rebind_fails() {
	fails_with "$1" "$(of_device "$2" rebind)" "$3"
}

# status_of DEVICE KEY: one word of the device's status line, which is KEY=WORD.
status_of() {
	tr ' ' '\n' <"$(of_device "$1" status)" | sed -n "s/^$2=//p"
}

# has_status DEVICE KEY WORD
has_status() {
	is "$(status_of "$1" "$2")" "$3"
}

# comes_to DEVICE KEY WORD: its status is that, in the end.
comes_to() {
	wait_until 20 has_status "$@" >/dev/null || has_status "$@"
}

# is_writing PID: the process sleeps inside of write(2), whose number it is on x86_64 or arm64.
is_writing() {
	read -r _number _ <"/proc/$1/syscall" || return
	[ "$_number" = 1 ] || [ "$_number" = 64 ]
}

# rule NAME FIELD=VALUE...: makes a rule and puts it in force.
rule() {
	_dir=$rules/$1
	shift
	mkdir "$_dir" || return
	for _field; do
		echo "${_field#*=}" >"$_dir/${_field%%=*}" || return
	done
	echo 1 >"$_dir/enabled"
}

# hits NAME: how many devices a rule gave their override.
hits() {
	cat "$rules/$1/hits"
}

# is_as DEVICE DRIVER OVERRIDE: the state of a device, by the kernel's own account and by ours.
is_as() {
	_override=$3
	[ "$_override" != "(null)" ] || _override=-
	_driver=$2
	[ "$_driver" != none ] || _driver=-
	is_bound "$1" "$2" && is "$(get_override "$1")" "$3" &&
		has_status "$1" driver "$_driver" && has_status "$1" override "$_override"
}

# is_deferred DEVICE: the driver core means to probe it again.
is_deferred() {
	cut -f 1 /sys/kernel/debug/devices_deferred | grep -qxF "$1"
}

# any_device: a device that nobody misses, whatever the machine.
any_device() {
	for _found in $(pci_devices 1234:11e8) $(virtio_mmio_devices 4); do
		echo "$_found"
		return
	done
}

# count_probes FUNCTION: starts to count the calls of a probe function.
count_probes() {
	echo "p:probes/$1 $1" >>/sys/kernel/tracing/kprobe_events &&
		echo 1 >"/sys/kernel/tracing/events/probes/$1/enable"
}

# probes FUNCTION: how often it was called.
probes() {
	awk -v name="$1" '$1 == name { print $2 }' /sys/kernel/tracing/kprobe_profile
}

# stop_counting FUNCTION
stop_counting() {
	echo 0 >"/sys/kernel/tracing/events/probes/$1/enable"
	echo "-:probes/$1" >>/sys/kernel/tracing/kprobe_events
}
