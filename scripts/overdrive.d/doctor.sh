# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2034,SC2153,SC2154
#
# doctor: what keeps a device from its driver, and what helps. A finding is "LEVEL ID SUBJECT TEXT REMEDY" between
# tabs; its ID never changes, its text may.

# finding LEVEL ID SUBJECT TEXT REMEDY: the level is "bad" for what is in the way, "note" for what one should know.
finding() {
	printf '%s\t%s\t%s\t%s\t%s\n' "$@"
}

# command_doctor [--json] [DEVICE...]
command_doctor() {
	show_options "$@"
	found=$(
		doctor_module
		doctor_iommu
		doctor_rules
		doctor_saved
		if [ -n "$wanted" ]; then
			for word in $wanted; do
				device "$word"
				facts "$dev"
				doctor_device
				doctor_asked
			done
		else
			doctor_every
		fi
	) || exit
	if [ -n "$as_json" ]; then
		echo "$found" | while IFS='	' read -r level id subject text remedy; do
			[ -z "$level" ] || {
				json_object level "$level" id "$id" subject "$subject" text "$text" remedy "$remedy"
				echo
			}
		done | json_array
	elif [ -n "$found" ]; then
		echo "$found" | awk -F '\t' '{ print $1 ": " $3 ": " $4 " [" $2 "]"; if ($5 != "") print "      " $5 }'
	else
		echo 'Nothing is wrong.'
	fi
	case $newline$found in
	*"${newline}bad	"*) exit "$FAILED" ;;
	esac
}

doctor_module() {
	[ ! -d "$module" ] || return 0
	if modinfo overdrive 2>/dev/null | grep -q .; then
		finding bad module-not-loaded overdrive 'the module is not loaded: no rule holds, and a rebind is no transaction' \
			'modprobe overdrive'
	else
		finding bad module-missing overdrive "there is no module for the kernel $(uname -r)" \
			'build it for this kernel: see the README, or dkms status'
	fi
}

doctor_iommu() {
	line /sys/module/vfio/parameters/enable_unsafe_noiommu_mode
	[ "$line" != Y ] ||
		finding note noiommu-mode vfio 'devices without an IOMMU may be handed out: their users can reach all memory' \
			'echo 0 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode forbids it'
	set -- /sys/kernel/iommu_groups/*
	[ ! -e "$1" ] || return 0
	finding bad iommu-off machine 'no device is behind an IOMMU: userspace can not be kept to its memory' \
		'switch it on in the firmware (VT-d, AMD-Vi, SMMU) and with intel_iommu=on if the kernel was not built so'
}

doctor_rules() {
	for path in "$rules"/*; do
		[ -d "$path" ] || continue
		rule_facts "$path"
		if [ "$enabled" != 1 ]; then
			finding note rule-disabled "rule $rule" 'it is not in force' "echo 1 > $rules/$rule/enabled"
			continue
		fi
		case $target in
		none | @group) ;;
		*)
			set -- /sys/bus/*/drivers/"$target"
			[ -e "$1" ] || finding bad rule-without-driver "rule $rule" \
				"it names the driver $target, which no bus has: its devices stay without a driver" \
				"load the module that brings it"
			;;
		esac
	done
}

doctor_saved() {
	[ -d "$saved" ] || return 0
	for path in "$saved"/*.rule; do
		[ -e "$path" ] || continue
		rule=${path##*/}
		rule=${rule%.rule}
		[ ! -d "$module" ] || [ -d "$rules/$rule" ] || rule_parameter "$rule" >/dev/null ||
			finding bad saved-not-in-force "rule $rule" "$path is not in force" 'overdrive restore'
		for image in "/boot/initrd.img-$(uname -r)" "/boot/initramfs-$(uname -r).img"; do
			[ ! -e "$image" ] || [ -z "$(find "$path" -newer "$image")" ] ||
				finding bad initramfs-stale "rule $rule" "$path is newer than $image: it will come too late after a reboot" \
					'update-initramfs -u, or dracut --force'
		done
	done
}

# doctor_every: the devices that something was done with.
doctor_every() {
	for path in /sys/bus/*/devices/*; do
		[ -e "$path/driver_override" ] || continue
		enter "$path" || continue
		facts "$PWD"
		case $override/$rebind in
		/ | /never | /done) ;;
		*) doctor_device ;;
		esac
	done
}

# doctor_device: what is wrong with the device of facts().
doctor_device() {
	case $rebind in
	rolled-back:*)
		finding bad rolled-back "$name" "the last rebind failed with error ${rebind#*:-}; it is as it was$(last_words)" ''
		;;
	stranded:*)
		finding bad stranded "$name" "the last rebind failed, and its old driver did not take it back$(last_words)" \
			"overdrive release $name, or bind it to another driver"
		;;
	busy) finding note rebind-busy "$name" 'a rebind is under way: it waits until nobody uses the device' '' ;;
	esac
	case $override in
	'' | none) return ;;
	"$driver") doctor_vfio ;;
	*)
		if [ ! -e "/sys/bus/$bus/drivers/$override" ]; then
			finding bad override-without-driver "$name" \
				"its override is $override, which is no driver of the bus $bus: nothing else can have it${driver:+ after $driver}" \
				"load the module that brings $override, or: overdrive release $name"
		elif [ -z "$driver" ]; then
			finding bad driverless "$name" "$override should have it, but does not$(last_words)" \
				"overdrive bind $name $override, or: overdrive release $name"
		else
			finding note override-later "$name" "$driver has it until it is released, then $override will" \
				"overdrive bind $name $override"
		fi
		;;
	esac
}

# doctor_vfio: whether the device of facts() can be opened, if it is for userspace.
doctor_vfio() {
	[ -e "$dev/vfio-dev" ] || return 0
	[ -c /dev/vfio/vfio ] || [ -c /dev/iommu ] ||
		finding bad no-vfio-node "$name" 'there is neither /dev/vfio/vfio nor /dev/iommu' 'modprobe vfio_iommu_type1'
	[ "$bus" != pci ] || [ -e "$dev/reset_method" ] ||
		finding note no-reset "$name" 'it can not be reset: what one user leaves in it, the next one finds' ''
}

# doctor_asked: what only who asks for this device wants to know.
doctor_asked() {
	if [ ! -e "$dev/driver_override" ]; then
		finding bad no-override "$name" "devices of the bus $bus have no driver_override" "overdrive bus add $bus"
	fi
	users | while IFS= read -r use; do
		finding bad in-use "$name" "$use" 'end that use, or take it all the same with --force'
	done
	asked=$name
	if [ -n "$group" ]; then
		group_members "$group" | while IFS= read -r path; do
			facts "$path"
			[ "$name" = "$asked" ] || is_harmless ||
				finding bad group-not-viable "$asked" "$name of the same IOMMU group $group is with $driver" \
					"overdrive bind --group $asked DRIVER, or: overdrive unbind $name"
		done
	elif [ -e "$dev/driver_override" ] && [ -e /sys/kernel/iommu_groups/0 ]; then
		finding bad no-group "$name" 'it is in no IOMMU group: VFIO does not hand it out safely' ''
	fi
}

# last_words: what the kernel log has to say last about the device of facts(), to end a sentence.
last_words() {
	log_about " $name: " | tail -n 1 | sed 's/^<[0-9]*>//; s/^\[[^]]*\] *//; s/^/; the kernel log: /' | tr '\t' ' '
}
