#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices of a set that depend on each other, and those that don't.
#
# Machines: q35 microvm virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

require_module overdrive_set
load_overdrive
node=/dev/overdrive
pair="platform/overdrive-pair.1 platform/overdrive-pair.0"

# set_of FIRST LAST: the names of as many devices.
set_of() {
	for id in $(seq "$1" "$2"); do
		printf ' platform/overdrive-set.%s' "$id"
	done
}

# hundredths COMMAND...: how long it takes, in hundredths of a second.
hundredths() {
	start=$(cut -d ' ' -f 1 /proc/uptime | tr -d .)
	"$@"
	echo $(($(cut -d ' ' -f 1 /proc/uptime | tr -d .) - start))
}

bind() {
	echo "bind driver=$1 $2" >$node
}

plan 10
check "a supplier is bound before its consumer, whatever the order of the line" \
	bind test-sleep "$pair"
check "the supplier is bound" is_as overdrive-pair.0 test-sleep test-sleep
check "the consumer is bound" is_as overdrive-pair.1 test-sleep test-sleep
mark=$(log_mark)
check "a supplier is not taken from a consumer that has a driver" \
	fails_with EBUSY $node "bind driver=none platform/overdrive-pair.0"
check "the log names the consumer" sh -c "dmesg | sed '1,/$mark\$/d' | grep -q 'overdrive-pair.1, which has'"
check "the supplier keeps its driver" is_as overdrive-pair.0 test-sleep test-sleep
check "a supplier and its consumer are released together" bind none "$pair"
check "a consumer without its supplier is EAGAIN" \
	fails_with EAGAIN $node "bind driver=test-sleep platform/overdrive-pair.1"
# The driver core loses the text that says what a probe waited for which was asked for this way, as by the
# kernel's own "bind", unless it is to try again.
set_override overdrive-pair.1 test-sleep
probe overdrive-pair.1
set_override overdrive-pair.1 ""

# Each probe takes a tenth of a second.
one=$(hundredths bind test-sleep "$(set_of 0 0)")
many=$(hundredths bind test-sleep "$(set_of 1 40)")
comment "one: $one, 40: $many hundredths of a second"
check "40 devices take less than a quarter of the time of one after the other" \
	test "$many" -lt $((one * 40 / 4))
check "40 devices are bound" is "$(find /sys/bus/platform/drivers/test-sleep/ -name 'overdrive-set.*' | wc -l)" 41
bind none "$(set_of 0 40)"
rmmod overdrive_set
unload_overdrive
finish
