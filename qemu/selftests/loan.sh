#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# /dev/overdrive: sets of devices, for good or for as long as somebody has the file open.
#
# Machines: q35 microvm virt
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./collide.sh

require_module overdrive_test
load_overdrive
if [ -n "$(pci_devices 1234:11e8 2>/dev/null)" ]; then
	bus=pci
	# shellcheck disable=SC2046 # a list
	set -- $(pci_devices 1234:11e8)
	meta=vfio-meta
else
	bus=platform
	# shellcheck disable=SC2046 # a list
	set -- $(virtio_mmio_devices 4)
	meta=vfio-platform
	allow_noiommu
fi
[ $# -ge 2 ] || skip_all "no two devices to play with"
first=$1 second=$2
standard=$(bound_driver "$first")

# ask LINE: in one write; prints the answer.
ask() {
	exec 7<>/dev/overdrive
	echo "$1" >&7 2>/dev/null
	cat <&7
	exec 7>&-
}

# refused_all TEXT...: none of them is the name of a device.
refused_all() {
	for _text; do
		fails_with EINVAL $node "bind driver=none $_text" || return
	done
}

# both DRIVER OVERRIDE: both devices are so.
both() {
	is_as "$first" "$1" "$2" && is_as "$second" "$1" "$2"
}

# as_before: both devices are as they were.
as_before() {
	is_as "$first" test-a "(null)" && is_as "$second" none none
}

node=/dev/overdrive
set="$bus/$first $bus/$second"
plan 39

check "the node for transactions is for root only" test "$(stat -c %a $node)" = 600
check "the node for transactions tells its verbs" sh -c "head -n 3 $node | tail -n 2 | tr '\n' ' ' | grep -qx 'verbs=bind,lend options=wait '"
check "an unknown verb is refused" fails_with EINVAL $node "move driver=none $set"
check "a request without a device is refused" fails_with EINVAL $node "bind driver=none"
check "a request for half a device is refused" refused_all $bus "$bus/" "/$first"
check "a request for a device that is not there is refused" fails_with ENODEV $node "bind driver=none $bus/no-such"
check "a request that names a device twice is refused" fails_with EINVAL $node "bind driver=none $set $bus/$first"
check "a request for a driver that is not there is refused" fails_with ENOENT $node "bind driver=no-such $set"
head -c 5000 /dev/zero | tr '\0' ' ' >/tmp/long
check "a request that is too long is refused" is "$(write_error $node /tmp/long)" "$(
	dd if=/tmp/long of=$node bs=1M 2>&1 >/dev/null | grep dd: | errno_name)"
check "a request that is refused touches nothing" both "$standard" "(null)"

# For good.
check "a set moves for good by one write" sh -c "echo 'bind driver=test-a $set' >$node"
check "all devices of a set move" both test-a test-a
check "a set that moved for good stays, though nobody has the file open" both test-a test-a
check "the answer has a line for each device of a set" is "$(ask "bind driver=test-a $set" | tr '\n' ';')" \
	"device=$bus/$first state=done;device=$bus/$second state=done;"
echo -5 >$knobs/probe-b
check "a device that fails fails its set" fails_with EIO $node "bind driver=test-b $set"
check "the devices of a set that failed are as they were" both test-a test-a
check "the answer says which device of a set failed" sh -c "echo '$(ask "bind driver=test-b $set" | tr '\n' ';')' |
	grep -q 'state=rolled-back:-5 error=-5 reason=probe'"
echo 0 >$knobs/probe-b
check "standard gives a set back" sh -c "echo 'bind driver=standard $set' >$node"
check "a set that was given back has no override" both "$standard" "(null)"

# On loan. What they had: a driver without an override, and none with one.
rebind "$first" test-a
set_override "$first" ""
rebind "$second" none
exec 8<>$node
check "a set is lent by one write" sh -c "echo 'lend driver=$meta $set' >&8"
check "a set that is lent has the driver" both $meta $meta
check "the state of a lent device says that it is lent" has_status "$first" lent yes
check "lending the same again touches nothing" sh -c "echo 'lend driver=$meta $set' >&8"
check "what is lent is not lent to others" fails_with EBUSY $node "lend driver=test-b $set"
check "what is lent is not moved by others" rebind_fails EBUSY "$first" test-b
check "the answer for a lent device says so" is "$(ask "bind driver=none $bus/$first")" \
	"device=$bus/$first state=untouched error=-16 reason=lent"
check "the module stays while a device is lent" sh -c "! rmmod overdrive 2>/dev/null"
exec 8>&-
check "closing the file gives a loan back" wait_until 20 as_before
check "the state of a returned device says that it is not lent" has_status "$first" lent no
check "the state of a returned device says that it was returned" has_status "$first" rebind returned

# Borrowers that end otherwise.
# shellcheck disable=SC2016 # another shell expands it
sh -c 'exec 8<>/dev/overdrive; echo "lend driver='"$meta $set"'" >&8; exec sleep 1000' &
borrower=$!
check "another process can borrow a set" wait_until 20 both $meta $meta
kill -9 $borrower
wait $borrower 2>/dev/null
check "what a borrower has that is killed comes back" wait_until 20 as_before

# A loan that fails.
echo -5 >$knobs/probe-b
exec 8<>$node
check "a loan whose probe fails is refused" sh -c "! echo 'lend driver=test-b $set' >&8 2>/dev/null"
check "a loan that failed leaves all as it was" as_before
echo 0 >$knobs/probe-b
check "a file whose loan failed can borrow others" sh -c "echo 'lend driver=test-b $bus/$first' >&8"

# A user's own write, and a device that moves on by hand.
set_override "$first" test-a
exec 8>&-
sleep 1
check "an override that a user writes during a loan stays" is "$(get_override "$first")" test-a

# A rule's override that was lent comes back as the rule's.
rebind "$first" none
set_override "$first" ""
rule mine "device=$first" driver=test-a
echo 1 >$rules/mine/apply
exec 8<>$node
echo "lend driver=test-b $bus/$first" >&8
exec 8>&-
check "the override of a rule comes back after a loan" wait_until 20 is_as "$first" test-a test-a
check "the override that comes back after a loan is the rule's" has_status "$first" by rule:mine
rmdir $rules/mine
echo "bind driver=standard $set" >$node
check "devices that were lent go back to their standard driver" both "$standard" "(null)"
rmmod overdrive_test
unload_overdrive
finish
