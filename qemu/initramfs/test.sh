# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs the tests that /etc/overdrive-tests lists, "NAME SECONDS" a line, in the way of kselftest's
# runner: every script's output is indented below it, its exit status becomes its result line.
#
# The kernel log gets a marker before and after each, and one start marker without a name at the
# end: so the host can tell to which test a message belongs.

list=/etc/overdrive-tests
group=/sys/fs/cgroup/test
output=/run/output
reached=/sys/kernel/debug/overdrive_coverage/reached

# Whole seconds of the guest's clock.
uptime_seconds()
{
	IFS=. read -r seconds _ </proc/uptime
	echo "$seconds"
}

mark()
{
	echo "overdrive-test: $*" >/dev/kmsg
}

# Runs "$@" with a time limit, away from the runner: what it leaves behind is killed.
contained()
{
	limit=$1
	shift
	(
		cd /selftests || exit
		[ ! -d $group ] || echo 0 >$group/cgroup.procs
		# timeout reads its own pid from nobody: exec keeps one process.
		exec setsid timeout -k 5 "$limit" "$@"
	) >$output 2>&1 </dev/null 3>&-
	status=$?
	[ ! -e $group/cgroup.kill ] || echo 1 >$group/cgroup.kill
	return $status
}

# Shows where the tasks sleep that keep a test from its end, before its time is up.
watch()
{
	# shellcheck disable=SC2016 # for that shell
	exec setsid sh -c 'sleep "$1" && echo w >/proc/sysrq-trigger' - $(($1 > 5 ? $1 - 2 : $1)) 3>&- 4<&-
}

# Tells which blocks of the module the test has reached, if it is one that counts them.
tell_reached()
{
	[ -e $reached ] || return 0
	awk -v test="$1" '
		{ line = line " " $1 }
		NR % 100 == 0 { print "# reached " test line; line = "" }
		END { if (line != "") print "# reached " test line }
	' $reached >&3
}

run_test()
{
	name=$1
	limit=$2
	script=/selftests/$name.sh
	[ -e "$script" ] || script=/lib/overdrive/$name.sh

	mark start "$name"
	echo "    # Subtest: $name" >&3
	while IFS= read -r line || [ -n "$line" ]; do
		printf '    %s\n' "$line" >&3
	done <$output &
	reader=$!

	began=$(uptime_seconds)
	watch "$limit" &
	watcher=$!
	contained "$limit" "$script"
	status=$?
	kill -- -$watcher 2>/dev/null && wait $watcher 2>/dev/null
	took=$(($(uptime_seconds) - began))
	wait $reader
	tell_reached "$name"
	mark end "$name"

	case $status in
	0)
		echo "ok $number $name" >&3
		;;
	4)
		echo "ok $number $name # SKIP" >&3
		;;
	*)
		if [ "$took" -ge "$limit" ]; then
			echo "not ok $number $name # TIMEOUT $limit seconds" >&3
		else
			echo "not ok $number $name # exit=$status" >&3
		fi
		;;
	esac
}

exec 3>/dev/virtio-ports/org.overdrive.ktap
[ ! -d /sys/fs/cgroup ] || mkdir -p $group
mkfifo $output

echo "KTAP version 1" >&3
echo "1..$(wc -l <$list)" >&3
number=0
while read -r test seconds <&4; do
	number=$((number + 1))
	run_test "$test" "$seconds"
done 4<$list
mark start -
# The last doorbell may have been lost as well: the host ends this when it has everything.
for _ in $(seq 30); do
	echo '#' >&3
	sleep 1
done
