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

# Reads a status word until it is the one expected.
comes_to() {
	wait_until 20 test "$(status_of "$device" "$1")" = "$2" || has_status "$device" "$1" "$2"
}

plan 33

check "there is a file to write, for root only" test "$(stat -c %a "$file")" = 200
check "the state before" has_status "$device" rebind never
check "one write moves the device" rebind "$device" test-a
check "its state tells" is_as "$device" test-a test-a
check "and who set the override" has_status "$device" by user
check "and that it was done" has_status "$device" rebind "done"
check "to the driver that it has already" rebind "$device" test-a
check "it stays" is_as "$device" test-a test-a
check "a line without an end" sh -c "printf test-b >'$file'"
check "is as good" is_as "$device" test-b test-b
check "none takes the driver away" rebind "$device" none
check "and keeps all others off" is_as "$device" none none
check "an empty line goes back to the standard driver" rebind "$device" ""
check "without an override" is_as "$device" "$standard" "(null)"

# What is refused before anything is touched.
rebind "$device" test-a
mark=$(log_mark)
check "an unknown driver is refused" rebind_fails ENOENT "$device" no-such-driver
check "the log says so once" test "$(log_since "$mark" | grep -c no-such-driver)" = 1
check "a name that is none is refused" rebind_fails EINVAL "$device" "a/b"
check "and nothing changes" is_as "$device" test-a test-a

# A probe that fails.
knob probe-b -5
check "the probe's error is returned" rebind_fails EIO "$device" test-b
check "and the device is as it was" is_as "$device" test-a test-a
check "its state tells the error" has_status "$device" rebind rolled-back:-5
knob probe-b -517
check "a probe that defers is EAGAIN" rebind_fails EAGAIN "$device" test-b
check "and the device is as it was" is_as "$device" test-a test-a
check_fails "nobody tries again later" is_deferred "$device"
knob probe-b 12
check "a probe that fails once" rebind_fails ENOMEM "$device" test-b
check "succeeds the second time" rebind "$device" test-b

# The way back fails as well.
knob probe-b -22
knob probe-a -5
rebind_fails EIO "$device" test-a
check "a device that no driver takes back" is_as "$device" none test-b
check "its state tells both errors" has_status "$device" rebind stranded:-5:-22
knob probe-a 0
knob probe-b 0
check "can be moved again" rebind "$device" test-a

# A probe that hangs: the state can be read, and the next writer waits.
knob probe-b 10000
rebind "$device" test-b &
comes_to rebind busy
busy=$(status_of "$device" rebind)
rebind "$device" none &
sleep 1
during=$(status_of "$device" override)
knob probe-b 0
wait
check "a rebind that waits for its driver is busy" is "$busy" busy
check "another one waits for it" is "$during" test-b
check "and is done after it" is_as "$device" none none

rebind "$device" ""
set_override "$device" "${override#(null)}"
rmmod overdrive_test
unload_overdrive
check "unloading takes the files away" test ! -e "$file"
finish
