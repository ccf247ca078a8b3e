# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2034,SC2153,SC2154
#
# slot: devices that a meta driver seizes, by address.

# slots_folder BUS: sets $folder to where the bus's meta driver has its slots.
slots_folder() {
	line "$module/parameters/$1_driver"
	folder=/sys/bus/$1/drivers/$line
	[ -e "$folder/slots" ] || die "$NO_MODULE" "there is no meta driver for the bus $1"
}

# slot_place SLOT: sets $folder and $slot: "platform/NAME" is for that bus, anything else for PCI.
slot_place() {
	case $1 in
	platform/*)
		slots_folder platform
		slot=${1#platform/}
		;;
	*)
		slots_folder pci
		slot=$1
		;;
	esac
}

command_slot() {
	[ $# -gt 0 ] || usage_error 'slot needs one of: add, del, list'
	action=$1
	shift
	case $action in
	list)
		[ $# -eq 0 ] || usage_error 'slot list takes no arguments'
		require_module
		all_slots
		;;
	add | del)
		[ $# -eq 1 ] || usage_error "slot $action needs one slot"
		require_module
		slot_place "$1"
		file=new_slot
		[ "$action" = add ] || file=remove_slot
		write "$folder/$file" "$slot" && return
		case $why in
		*'No such file'*) die "$NOT_FOUND" "there is no slot $1" ;;
		esac
		die "$FAILED" "slot $1: $why"
		;;
	*) usage_error "slot has no '$action'" ;;
	esac
}

# all_slots: as slot add takes them.
all_slots() {
	line "$module/parameters/pci_driver"
	cat "/sys/bus/pci/drivers/$line/slots" 2>/dev/null || :
	line "$module/parameters/platform_driver"
	sed 's|^|platform/|' "/sys/bus/platform/drivers/$line/slots" 2>/dev/null || :
}
