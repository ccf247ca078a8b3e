#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The steps of transactions, as trace events tell them.
#
# Machines: q35 microvm virt
# Timeout: 120

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

tracing=/sys/kernel/tracing
require_module overdrive_test
load_overdrive
device=$(any_device)
[ -n "$device" ] || skip_all "no device to play with"
bus=$(basename "$(readlink -f "$(device_path "$device")/subsystem")")

# traced: the events since the last time, each without its time and task, and the transaction's number as N.
traced() {
	sed -n 's/^.*: overdrive_\([a-z_]*: .*\)$/\1/p' $tracing/trace |
		sed 's/transaction=[0-9]*/transaction=N/' | tr '\n' ';'
	echo >$tracing/trace
}

# step NAME DRIVER ERROR: an event of the device.
step() {
	printf '%s: transaction=N device="%s/%s" driver="%s" error=%s;' "$1" "$bus" "$device" "$2" "$3"
}

# begin DRIVER LEND
begin() {
	printf 'begin: transaction=N devices=1 driver="%s" lend=%s;' "$1" "$2"
}

# numbers: of how many transactions there are events.
numbers() {
	grep -o 'transaction=[0-9]*' $tracing/trace | sort -u | wc -l
}

plan 8
rebind "$device" none
echo >$tracing/trace
echo 1 >$tracing/events/overdrive/enable
rebind "$device" test-a
check "a trace has the steps of a rebind" is "$(traced)" \
	"$(begin test-a 0)$(step release "" 0)$(step attach test-a 0)"
echo -5 >$knobs/probe-b
rebind "$device" test-b 2>/dev/null
check "the events of a transaction have its number" is "$(numbers)" 1
check "a trace has the steps of a roll-back" is "$(traced)" \
	"$(begin test-b 0)$(step release test-a 0)$(step attach test-b -5)$(step release test-b 0
	)$(step attach test-a 0)$(step roll_back test-a -5)"
echo 0 >$knobs/probe-b
exec 8<>/dev/overdrive
echo "lend driver=test-b $bus/$device" >&8
check "a trace has the steps of a loan" is "$(traced)" \
	"$(begin test-b 1)$(step release test-a 0)$(step attach test-b 0)$(step lend test-b 0)"
exec 8>&-
comes_to "$device" lent no
check "a trace has the steps of the end of a loan" is "$(traced)" \
	"$(step release test-b 0)$(step attach test-a 0)$(step return test-a 0)"
rebind "$device" ""
set_override "$device" ""
echo >$tracing/trace
rule r "device=$device" driver=test-a
echo 1 >$rules/r/apply
check "a trace has a rule that is applied" sh -c "grep -q 'overdrive_rule: device=\"$bus/$device\" rule=\"r\" driver=\"test-a\"' $tracing/trace"
rmdir $rules/r
rebind "$device" none
set_override "$device" ""
unload_overdrive
echo >$tracing/trace
load_overdrive
check "the events of a module that is loaded again are off" is "$(cat $tracing/events/overdrive/enable)" 0
rebind "$device" ""
check "nothing is traced when nobody wants it" is "$(traced)" ""
unload_overdrive
rmmod overdrive_test
finish
