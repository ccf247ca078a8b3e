#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Each allocation in a rebind fails once: the device ends where it should go, or as it was.
#
# Flavors: test debug
# Machines: q35 microvm virt
# Timeout: 300

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

failslab=/sys/kernel/debug/failslab
[ -e /proc/self/fail-nth ] || skip_all "the kernel injects no faults"
[ -d $failslab ] || skip_all "the kernel injects no faults into allocations"

require_module overdrive_test
load_overdrive
device=$(any_device)
[ -n "$device" ] || skip_all "no device to play with"
file=$(of_device "$device" rebind)

# Also those that can wait for memory. The log has a line for each, without a stack dump.
echo N >$failslab/ignore-gfp-wait
echo 1 >$failslab/verbose
# More than a rebind makes. Once so many in a row were not reached, there are no more.
most=600
unreached=$(stress_count 5 50)

# faulty N DRIVER: rebinds while the Nth allocation fails. Prints whether one did: the count is down
# to nothing then.
faulty() {
	sh -c '
		exec 3>"$3"
		exec 4<>/proc/self/fail-nth
		echo "$1" >&4
		echo "$2" >&3
		status=$?
		read -r left </proc/self/fail-nth
		echo 0 >&4
		echo "$status $left"
	' faulty "$1" "$2" "$file" 2>/dev/null
}

# walk FROM TO: all allocations of this move, one after the other.
walk() {
	good=0
	failed=0
	injected=0
	missed=0
	bad=
	for n in $(seq 1 "$most"); do
		rebind "$device" "$1" || bad="$bad $n:back"
		read -r status left <<-END
			$(faulty "$n" "$2")
		END
		if [ "$left" = 0 ]; then
			injected=$((injected + 1))
			missed=0
		else
			missed=$((missed + 1))
		fi
		if [ "$status" = 0 ]; then
			good=$((good + 1))
			is_as "$device" "$2" "$2" || bad="$bad $n:done"
		else
			failed=$((failed + 1))
			is_as "$device" "$1" "$1" || bad="$bad $n:failed"
		fi
		[ $missed -lt "$unreached" ] || break
	done
	comment "$1 to $2: $injected of $n allocations failed; $failed rebinds failed, $good succeeded"
}

plan 6
walk test-a test-b
check "every allocation of a rebind fails once" \
	test $injected -gt 5 -a "$missed" -ge "$unreached"
check "some rebinds fail where an allocation does" test $failed -gt 1
check "a device is where it was or where it goes after an allocation failed" is "$bad" ""

# The new driver fails as well, so that all allocations of the way back are met.
echo -5 >$knobs/probe-b
walk test-a test-b
check "every allocation of a roll-back fails once" \
	test $injected -gt 5 -a "$missed" -ge "$unreached"
check "no rebind succeeds whose probe fails, whatever allocation fails" test $good -eq 0
check "a device is where it was after an allocation failed on the way back" is "$bad" ""
echo 0 >$knobs/probe-b

echo Y >$failslab/ignore-gfp-wait
rebind "$device" ""
rmmod overdrive_test
unload_overdrive
finish
