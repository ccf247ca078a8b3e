# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034
#
# The last line of a run of the tests, "N passed, N failed" and perhaps ", N skipped", and sums of several.

passed=0 failed=0 skipped=0

# count WORD LINE: the number before WORD.
count() {
	printf '%s\n' "$2" | sed -n "s/^\\(.* \\)\\{0,1\\}\\([0-9][0-9]*\\) $1.*/\\2/p"
}

# counts_add LOG: adds what the log of a run ends with, which is $counts then. A run without a result has failed.
counts_add() {
	# make has the last word if something failed.
	counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1)
	if [ -z "$counts" ]; then
		failed=$((failed + 1))
		return
	fi
	passed=$((passed + $(count passed "$counts")))
	failed=$((failed + $(count failed "$counts")))
	counts_skipped=$(count skipped "$counts")
	skipped=$((skipped + ${counts_skipped:-0}))
}

counts_line() {
	echo "$passed passed, $failed failed, $skipped skipped"
}

counts_good() {
	[ "$passed" -gt 0 ] && [ "$failed" -eq 0 ]
}
