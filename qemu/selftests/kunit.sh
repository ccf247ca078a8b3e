#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module's KUnit suites ran when it was loaded; this reports each of their cases.
#
# Machines: q35 microvm virt

. ./lib.sh
. ./devices.sh

results=/sys/kernel/debug/kunit

[ -d $results ] || skip_all "the kernel has no KUnit in debugfs"
load_overdrive

# A suite's results are KTAP as well: one indented line per case.
cases=$(for suite in "$results"/overdrive_*; do
	sed -n "s/^    \(ok\|not ok\) [0-9]* \([A-Za-z0-9_]*\).*/\1:$(basename "$suite").\2/p" "$suite/results"
done)
[ -n "$cases" ] || {
	plan 1
	ktap_test_fail "the module has KUnit suites"
	finish
}

plan "$(echo "$cases" | wc -l)"
echo "$cases" | tr ' ' '-' >/tmp/kunit-cases
while IFS=: read -r verdict name; do
	case $verdict in
	ok) ktap_test_pass "$name" ;;
	*) ktap_test_fail "$name" ;;
	esac
done </tmp/kunit-cases
finish
