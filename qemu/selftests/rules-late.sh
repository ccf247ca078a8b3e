#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A driver whose match came before a rule gave the device its override: the rule is made good.
#
# Machines: q35 microvm virt
# Timeout: 60

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

require_module overdrive_test
require_module overdrive_set
load_overdrive
# The PCI bus asks again in the probe.
device=overdrive-set.0

# attach: test-b is bound to the device, whatever its override says.
attach() {
	unbind "$device"
	echo "platform/$device" >$knobs/attach-b
}

plan 11
rebind "$device" none
set_override "$device" ""
rule r "device=$device" driver=test-a
echo 1 >$rules/r/apply
check "a driver is bound that a rule does not name" attach
check "a device that came to another driver than its rule's comes to that" comes_to "$device" driver test-a
check "the override of a rule that was late is the rule's" has_status "$device" by rule:r
check "a device whose rule was late is bound" is_as "$device" test-a test-a
rmdir $rules/r
rule r "device=$device" driver=none
rebind "$device" none
set_override "$device" ""
echo 1 >$rules/r/apply
check "a driver is bound that a rule keeps off" attach
check "a device that a driver has which its rule keeps off loses it" comes_to "$device" driver -

# What a user wrote is no rule's.
rmdir $rules/r
set_override "$device" test-a
attach
sleep 1
check "a device stays where it is that no rule has given its override" is_bound "$device" test-b
rebind "$device" ""
check "the device of a late rule has no override in the end" has_status "$device" override -

# A rule that wins only since another one was applied has done nothing.
rebind "$device" none
set_override "$device" ""
rule one 'device=overdrive-set.[0]' driver=test-b
echo 10000 >$knobs/probe-b
echo 1 >$rules/one/apply &
applying=$!
check "a device stops in a probe while a rule is applied" wait_until 10 has_status "$device" rebind busy
rule two "device=$device" driver=test-a
echo 0 >$knobs/probe-b
wait $applying
check "a rule that is applied counts what it did" is "$(cat $rules/one/hits)" 1
check "a rule that comes while another one is applied has no hit" is "$(cat $rules/two/hits)" 0
rmdir $rules/one $rules/two
rebind "$device" ""
rmmod overdrive_test
rmmod overdrive_set
unload_overdrive
finish
