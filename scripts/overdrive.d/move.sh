# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2034,SC2153,SC2154
#
# bind, unbind, release: devices change drivers.

# command_bind [--group] [--force] DEVICE DRIVER
command_bind() {
	move_options "$@"
	# Names of devices and drivers have no blanks.
	# shellcheck disable=SC2086
	set -- $words
	[ $# -eq 2 ] || usage_error 'bind needs a device and a driver'
	case $2 in
	*[!!-~]* | */*) usage_error "'$2' is no driver's name" ;;
	esac
	move "$1" "$2"
}

# command_unbind [--group] [--force] DEVICE
command_unbind() {
	move_options "$@"
	# shellcheck disable=SC2086
	set -- $words
	[ $# -eq 1 ] || usage_error 'unbind needs one device'
	move "$1" none
}

# command_release [--group] [--force] DEVICE
command_release() {
	move_options "$@"
	# shellcheck disable=SC2086
	set -- $words
	[ $# -eq 1 ] || usage_error 'release needs one device'
	move "$1" ''
}

# move_options WORD...: sets $force and $whole, and $words to what is no option.
move_options() {
	force=
	whole=
	words=
	for word; do
		case $word in
		--group | -g) whole=1 ;;
		--force | -f) force=1 ;;
		-*) unknown_option "$word" ;;
		*) words="$words $word" ;;
		esac
	done
}

# move DEVICE DRIVER: as all three commands do. No driver stands for the standard driver.
move() {
	device "$1"
	facts "$dev"
	if [ -z "$whole" ]; then
		members=$dev
	else
		[ -n "$group" ] || die "$FAILED" "$name is in no IOMMU group; overdrive doctor $name says more"
		members=$(group_members "$group")
	fi
	asked=$dev
	for dev in $members; do
		facts "$dev"
		if [ -z "$driver" ] || [ "$driver" != "$2" ]; then
			refuse_if_used
		fi
		[ -e "$dev/driver_override" ] ||
			die "$FAILED" "$name: devices of the bus $bus have no driver_override; see overdrive bus --help"
	done
	facts "$asked"
	find_driver "$2"
	if [ -e "$dev/overdrive/rebind" ]; then
		move_at_once "$2"
	else
		say 'the module overdrive is not loaded: this is no transaction, and others can come between its writes'
		move_by_hand "$2"
	fi
	for dev in $members; do
		facts "$dev"
		echo "$name: ${driver:-no driver}${override:+, override $override}"
	done
	facts "$asked"
	tell_vfio
}

# find_driver DRIVER: loads it, if need be.
find_driver() {
	case $1 in
	'' | none) return ;;
	esac
	for dev in $members; do
		facts "$dev"
		[ -e "/sys/bus/$bus/drivers/$1" ] || modprobe "$1" 2>/dev/null || :
		[ -e "/sys/bus/$bus/drivers/$1" ] ||
			die "$NOT_FOUND" "the bus $bus has no driver $1, and no module of that name brings one"
	done
	facts "$asked"
}

# move_at_once DRIVER: overdrive's transaction.
move_at_once() {
	file=rebind
	[ -z "$whole" ] || file=rebind_group
	write "$dev/overdrive/$file" "$1" && return
	say "$name can't be bound to ${1:-its standard driver}: $why"
	for path in $members; do
		facts "$path"
		log_about " $name: " | sed 's/^/  /' >&2
	done
	for path in $members; do
		facts "$path"
		case $rebind in
		stranded:*) die "$STRANDED" "$name has no driver now: its old one did not take it back" ;;
		esac
	done
	die "$FAILED" 'everything is as it was'
}

# move_by_hand DRIVER: what the kernel itself has, one device after the other.
move_by_hand() {
	moved=
	stranded=
	for dev in $members; do
		facts "$dev"
		if hand_over "$1"; then
			moved="$dev $old_driver $old_override$newline$moved"
			continue
		fi
		say "$name can't be bound to ${1:-its standard driver}: $why"
		log_about " $name: " | sed 's/^/  /' >&2
		while read -r path old_driver old_override; do
			[ -z "$path" ] || hand_back "$path" "${old_driver#-}" "${old_override#-}" || stranded=1
		done <<-MOVED
			$moved
		MOVED
		[ -z "$stranded" ] || die "$STRANDED" 'not every device has its old driver again'
		die "$FAILED" 'every device has its old driver again'
	done
	facts "$asked"
}

# hand_over DRIVER: moves the device of facts(), and tells in $old_driver and $old_override, or "-", what it had. If
# that fails it goes back, else to $stranded.
hand_over() {
	old_driver=${driver:--}
	old_override=${override:--}
	write "$dev/driver_override" "$1" || return 1
	case $1 in
	'') [ -z "$driver" ] || [ -n "$override" ] || return 0 ;;
	"$driver") return 0 ;;
	esac
	if [ -n "$driver" ] && ! write "$dev/driver/unbind" "$name"; then
		problem=$why
	else
		[ "$1" = none ] || write "/sys/bus/$bus/drivers_probe" "$name" || :
		facts "$dev"
		case $1 in
		'' | none) return 0 ;;
		"$driver") return 0 ;;
		esac
		problem='the driver did not take it'
	fi
	hand_back "$dev" "${old_driver#-}" "${old_override#-}" || stranded=1
	why=$problem
	return 1
}

# hand_back FOLDER DRIVER OVERRIDE: puts a device back.
hand_back() {
	facts "$1"
	write "$dev/driver_override" "$3" || return 1
	[ "$driver" != "$2" ] || return 0
	[ -z "$driver" ] || write "$dev/driver/unbind" "$name" || return 1
	[ -z "$2" ] || write "/sys/bus/$bus/drivers/$2/bind" "$name"
}

# tell_vfio: where a program finds the device of facts(), if a VFIO driver has it.
tell_vfio() {
	for thing in "$dev"/vfio-dev/*; do
		[ -e "$thing" ] || continue
		echo "VFIO: /dev/vfio/devices/${thing##*/}${group:+, group $group}"
	done
	[ -z "$group" ] || for path in $(group_members "$group"); do
		[ "$path" = "$dev" ] || [ ! -e "$dev/vfio-dev" ] || {
			facts "$path"
			is_harmless || echo "but $name ($driver) of the same IOMMU group is in the way; see bind --group"
			facts "$asked"
		}
	done
}

# is_harmless: the device of facts() does not keep userspace from its IOMMU group.
is_harmless() {
	[ -n "$driver" ] || return 0
	[ ! -e "$dev/vfio-dev" ] || return 0
	[ "$driver" = pci-stub ]
}
