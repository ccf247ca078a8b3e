#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own VFIO selftests, on devices that overdrive has and on the same devices under
# vfio-pci: what passes there must pass here. The table tells both sides' results.
#
# Machines: q35
# Timeout: 400

. ./lib.sh
. ./devices.sh
. ./pci.sh

# In this order, per device. vfio_pci_driver_test is for devices that this machine has none of.
programs="vfio_dma_mapping_test vfio_dma_mapping_mmio_test vfio_pci_device_init_perf_test"
sriov=vfio_pci_sriov_uapi_test
# They open a device through iommufd and in no other way.
iommufd_only="vfio_pci_device_test vfio_iommufd_setup_test"
results=/tmp/upstream
mkdir -p $results

# first VENDOR:DEVICE: the first such device.
first() {
	pci_devices "$1" | head -n 1
}

# Modes that are covered by others in all but the container's implementation wait for a stress run,
# and so do devices that differ little from others.
modes=
devices=$(first 1234:11e8)
if [ "$(stress_count 0 1)" = 1 ]; then
	devices="$devices $(first 1b36:0010) $(first 8086:10d3) $(first 1af4:1110) $(first 1b36:0005)"
else
	# A page of this size takes longer to clear than all else.
	modes="-V vfio_type1v2_iommu_anonymous_hugetlb_1gb -V iommufd_anonymous_hugetlb_1gb"
	for mode in vfio_type1_iommu iommufd_compat_type1 iommufd_compat_type1v2; do
		for suffix in "" _anonymous _anonymous_hugetlb_2mb _anonymous_hugetlb_1gb \
			_same_uuid _diff_uuid _null_uuid; do
			modes="$modes -V $mode$suffix"
		done
	done
fi

uptime_seconds() {
	cut -d . -f 1 /proc/uptime
}

# run_program PROGRAM DEVICE RESULT: a file of lines "pass|fail|skip TEST [REASON]".
run_program() {
	_began=$(uptime_seconds)
	# shellcheck disable=SC2086 # options, a word each
	timeout 120 "$1" $modes "$2" >$results/output 2>&1 </dev/null
	_status=$?
	echo $(($(uptime_seconds) - _began)) >"$3.seconds"
	awk -v status=$_status '
		/^(not )?ok [0-9]+ / {
			seen = 1
			verdict = $1 == "ok" ? "pass" : "fail"
			sub(/^(not )?ok [0-9]+ (- )?/, "")
			name = $1
			if (sub(/.*# SKIP */, ""))
				print "skip", name, $0
			else
				print verdict, name
		}
		/^1\.\.0 # SKIP/ { sub(/^1\.\.0 # SKIP */, ""); why = $0 }
		/./ { last = $0 }
		END {
			if (seen)
				exit
			if (why == "")
				why = last
			print status == 4 ? "skip" : "fail", "all", why
		}' $results/output >"$3"
	# What a failure is about.
	if grep -q '^fail' "$3"; then
		cp $results/output "$3.output"
	fi
}

# counts RESULT: "PASSED+FAILED+SKIPPED" for a person.
counts() {
	awk '{ n[$1]++ } END { printf "%d/%d/%d", n["pass"], n["fail"], n["skip"] }' "$1"
}

# run_with DRIVER DEVICE PROGRAM...: runs the programs, if the driver takes the device. If not, each has failed.
run_with() {
	_driver=$1
	_subject=$2
	shift 2
	_taken=y
	take_pci "$_subject" "$_driver" || _taken=
	for _program; do
		_result=$results/$_program.$_subject.$_driver
		if [ -n "$_taken" ]; then
			run_program "$_program" "$_subject" "$_result"
		else
			echo "fail all $_driver does not take $_subject" >"$_result"
			echo 0 >"$_result.seconds"
		fi
	done
}

# is_applicable PROGRAM DEVICE: there is something that is not skipped under vfio-pci.
is_applicable() {
	grep -qv '^skip' "$results/$1.$2.vfio-pci"
}

# no_worse OURS PEER: something passed there, and all of it passed here.
no_worse() {
	grep -q '^pass' "$2" || {
		comment "nothing passes with vfio-pci: $(cat "$2")"
		return 1
	}
	_bad=$(awk 'NR == FNR { ours[$2] = $1; next }
		$1 == "pass" && ours[$2] != "pass" { print $2 }' "$1" "$2")
	[ -z "$_bad" ] && return
	comment "not passed: $(echo "$_bad" | tr "\n" " ")"
	[ ! -e "$1.output" ] || sed 's/^/# /' "$1.output"
	return 1
}

# compare PROGRAM DEVICE: a line of the table, the reasons of what was skipped, and a result.
compare() {
	_ours=$results/$1.$2.vfio-meta
	_peer=$results/$1.$2.vfio-pci
	comment "$(printf '%-44s %-12s %-12s %ss %ss' "$1 $2" "$(counts "$_ours")" "$(counts "$_peer")" \
		"$(cat "$_ours.seconds")" "$(cat "$_peer.seconds")")"
	awk '$1 == "skip" { $1 = ""; $2 = ""; print "#     skipped:" $0 }' "$_ours" | sort | uniq -c |
		sed 's/^ *\([0-9]*\) #     skipped: */#     skipped \1: /'
	awk '$1 == "fail" { print "#     fails with vfio-pci as well: " $2 }' "$_peer"
	! is_applicable "$1" "$2" ||
		check "$1 of $2 passes with vfio-meta as with vfio-pci" no_worse "$_ours" "$_peer"
}

command -v vfio_pci_device_test >/dev/null || skip_all "this kernel's source has no VFIO selftests"
# It may be there already, without this.
[ ! -d /sys/module/vfio_pci ] || rmmod vfio-pci
modprobe vfio-pci enable_sriov=1 || skip_all "no vfio-pci to compare with"
load_overdrive enable_sriov=1
if modprobe iommufd 2>/dev/null || [ -e /dev/iommu ]; then
	programs="$iommufd_only $programs"
else
	comment "this kernel has no iommufd, and so no work for: $iommufd_only"
fi
for size in 2048kB:8 1048576kB:1; do
	pages=/sys/kernel/mm/hugepages/hugepages-${size%:*}/nr_hugepages
	[ ! -e "$pages" ] || echo "${size#*:}" >"$pages"
done

for device in $devices; do
	before=$(bound_driver "$device")
	for driver in vfio-pci vfio-meta; do
		# shellcheck disable=SC2086 # a list
		run_with $driver "$device" $programs
	done
	return_pci "$device" || comment "$device is left without $before"
done

# This one wants the virtual function's driver to be named vfio-pci, and nothing else. So it gets
# overdrive's driver under that name.
pf=$(first 1b36:0010)
run_with vfio-pci "$pf" $sriov
mv "$results/$sriov.$pf.vfio-pci" "$results/peer"
mv "$results/$sriov.$pf.vfio-pci.seconds" "$results/peer.seconds"
return_pci "$pf"
rmmod vfio-pci
unload_overdrive
load_overdrive enable_sriov=1 pci_driver=vfio-pci
run_with vfio-pci "$pf" $sriov
for file in "" .seconds .output; do
	[ ! -e "$results/$sriov.$pf.vfio-pci$file" ] ||
		mv "$results/$sriov.$pf.vfio-pci$file" "$results/$sriov.$pf.vfio-meta$file"
	[ ! -e "$results/peer$file" ] || mv "$results/peer$file" "$results/$sriov.$pf.vfio-pci$file"
done
return_pci "$pf"

# What has nothing to do for a device under either driver is not in the plan.
planned=0
for device in $devices; do
	for program in $programs; do
		! is_applicable "$program" "$device" || planned=$((planned + 1))
	done
done
plan $((planned + 1))
comment "$(printf '%-44s %-12s %-12s %s' "pass/fail/skip" vfio-meta vfio-pci "seconds of each")"
for device in $devices; do
	for program in $programs; do
		compare "$program" "$device"
	done
done
compare $sriov "$pf"

for pages in /sys/kernel/mm/hugepages/*/nr_hugepages; do
	echo 0 >"$pages"
done
unload_overdrive
finish
