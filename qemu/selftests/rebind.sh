#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# One write moves a device to another driver, or everything stays as it was.
#
# Machines: q35 microvm virt
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

require_module overdrive_test
load_overdrive
device=$(any_device)
[ -n "$device" ] || skip_all "no device to play with"
standard=$(bound_driver "$device")
override=$(get_override "$device")
file=$(of_device "$device" rebind)

# knob NAME VALUE
knob() {
	echo "$2" >"$knobs/$1"
}

plan 37

check "a device's rebind file can be written by root only" test "$(stat -c %a "$file")" = 200
check "a device that was never moved has rebind=never" has_status "$device" rebind never
check "one write moves a device to another driver" rebind "$device" test-a
check "a moved device has the driver and its override" is_as "$device" test-a test-a
check "a moved device's override is the user's" has_status "$device" by user
check "a moved device has rebind=done" has_status "$device" rebind "done"
check "a device can be moved to the driver that it has" rebind "$device" test-a
check "a device that was moved to its own driver keeps it" is_as "$device" test-a test-a
check "a driver's name needs no newline" sh -c "printf test-b >'$file'"
check "a name without a newline moves the device" is_as "$device" test-b test-b
check "none takes a device's driver away" rebind "$device" none
check "none keeps all drivers off a moved device" is_as "$device" none none
check "an empty line moves a device to its standard driver" rebind "$device" ""
check "a device with its standard driver has no override" is_as "$device" "$standard" "(null)"

# What is refused before anything is touched.
rebind "$device" test-a
mark=$(log_mark)
check "a rebind to a driver that does not exist is ENOENT" rebind_fails ENOENT "$device" no-such-driver
check "the log names a driver that does not exist once" \
	test "$(log_since "$mark" | grep -c no-such-driver)" = 1
check "a rebind to what can be no driver's name is EINVAL" rebind_fails EINVAL "$device" "a/b"
check "a rebind that is refused changes nothing" is_as "$device" test-a test-a

# A probe that fails.
knob probe-b -5
check "a rebind whose probe fails returns the probe's error" rebind_fails EIO "$device" test-b
check "a device is as it was after a probe that failed" is_as "$device" test-a test-a
check "a device whose probe failed has rebind=rolled-back and the error" \
	has_status "$device" rebind rolled-back:-5
knob probe-b -517
check "a rebind whose probe defers is EAGAIN" rebind_fails EAGAIN "$device" test-b
check "a device is as it was after a probe that deferred" is_as "$device" test-a test-a
check_fails "a probe that deferred in a rebind is not tried again" is_deferred "$device"
knob probe-b 12
check "a rebind whose probe is out of memory is ENOMEM" rebind_fails ENOMEM "$device" test-b
check "a rebind that failed once can succeed the second time" rebind "$device" test-b

# The way back fails as well.
knob probe-b -22
knob probe-a -5
rebind_fails EIO "$device" test-a
check "a device that not even its old driver takes is stranded" is_as "$device" none test-b
check "a stranded device's state has both errors" has_status "$device" rebind stranded:-5:-22
knob probe-a 0
knob probe-b 0
check "a stranded device can be moved again" rebind "$device" test-a

# A probe that hangs: the state can be read, and the next writer waits.
knob probe-b 10000
rebind "$device" test-b &
first=$!
check "a device whose new driver's probe takes its time is busy" comes_to "$device" rebind busy
rebind "$device" none &
second=$!
check "a second writer waits for the first" wait_until 20 is_writing $second
check "a device has the first writer's override meanwhile" has_status "$device" override test-b
check "a second writer still waits when the state was read" is_writing $second
knob probe-b 0
check "the first of two writers succeeds" wait $first
check "the second of two writers succeeds" wait $second
check "a device is as the second of two writers says" is_as "$device" none none

rebind "$device" ""
set_override "$device" "${override#(null)}"
rmmod overdrive_test
unload_overdrive
check "unloading takes the files of a device away" test ! -e "$file"
finish
