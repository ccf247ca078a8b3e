#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Looks for memory that nothing refers to any more, when all tests of a boot are done. The report
# goes to the kernel log, where the host recognises it.

. ./ktap_helpers.sh

leaks=/sys/kernel/debug/kmemleak

ktap_print_header
if [ ! -w $leaks ]; then
	ktap_skip_all "this kernel has no kmemleak"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 1

[ ! -d /sys/module/overdrive ] || rmmod overdrive

# An object is suspected after five seconds without a reference; one scan may miss what was just
# being moved.
for scan in 1 2; do
	sleep 6
	echo scan >$leaks
done
cat $leaks >/run/leaks
while IFS= read -r line; do
	echo "$line" >/dev/kmsg
done </run/leaks
if [ -s /run/leaks ]; then
	ktap_test_fail "no unreferenced object"
else
	ktap_test_pass "no unreferenced object"
fi
ktap_finished
