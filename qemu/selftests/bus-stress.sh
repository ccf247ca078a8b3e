#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A bus is extended and left alone again while its devices are probed, and the module unloaded.
#
# Machines: q35 microvm virt
# Timeout: 3600

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./buses.sh

times=$(stress_count 8 1000)
unloads=$(stress_count 3 100)

# churn: probes devices of the bus until it is told to stop.
churn() {
	while [ ! -e /tmp/stop ]; do
		for churned in x0 y0; do
			unbind $churned
			probe $churned
			set_override $churned test-b
			unbind $churned
			probe $churned
			set_override $churned none
		done
	done 2>/dev/null
	: >/tmp/stopped
}

require_module overdrive_buses
load_overdrive
plan 8
rm -f /tmp/stop /tmp/stopped
churn &

good=0
for _ in $(seq "$times"); do
	mkdir $buses/test-x && mkdir $buses/test-y && rmdir $buses/test-x $buses/test-y && good=$((good + 1))
done
check "buses are extended and left alone $times times" is $good "$times"
check "no function is redirected after buses were left alone" is "$(hooks)" ""
unload_overdrive

good=0
for _ in $(seq "$unloads"); do
	modprobe overdrive buses=test-x,test-y && rmmod overdrive && good=$((good + 1))
done
check "overdrive is unloaded $unloads times while buses are extended" is $good "$unloads"

# Who redirects the function first has it.
load_overdrive
good=0
for _ in $(seq "$times"); do
	echo 1 >$fake/redirect && ! mkdir $buses/test-x && echo 0 >$fake/redirect &&
		mkdir $buses/test-x && ! echo 1 >$fake/redirect && rmdir $buses/test-x && good=$((good + 1))
done 2>/dev/null
check "$times conflicts with another redirect are refused" is $good "$times"
check "no function is redirected after conflicts" is "$(hooks)" ""

: >/tmp/stop
check "devices were probed all the time while buses were extended" wait_until 60 test -e /tmp/stopped
rebind_by_hand x0
check "devices of a bus that was extended have their drivers without overdrive" is_bound x0 test-a
unload_overdrive
check "the module of buses that were extended can be unloaded" rmmod overdrive_buses
finish
