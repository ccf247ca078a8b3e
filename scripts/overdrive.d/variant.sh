# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2034,SC2153,SC2154
#
# variant: the VFIO driver that knows most about a device.

# vfio_aliases: all aliases of VFIO drivers, of modules and of what is built in, "alias PATTERN MODULE" a line.
vfio_aliases() {
	if [ -r "$modules/modules.alias" ]; then
		grep '^alias vfio_' "$modules/modules.alias" || :
	fi
	if [ -r "$modules/modules.builtin.modinfo" ]; then
		tr '\0' '\n' <"$modules/modules.builtin.modinfo" |
			sed -n 's/^\([^.]*\)\.alias=\(vfio_.*\)$/alias \2 \1/p'
	fi
}

# is_in_tree MODULE: the module came with the kernel.
is_in_tree() {
	file=$(echo "$1" | sed 's/[-_]/[-_]/g')
	grep -qs "^kernel/.*/$file\.ko" "$modules/modules.dep" "$modules/modules.builtin"
}

# candidates ALIAS: what matches, best first: "ASTERISKS ORIGIN MODULE PATTERN" a line.
candidates() {
	vfio_aliases | while read -r _ pattern module; do
		# The pattern is one.
		# shellcheck disable=SC2254
		case $1 in
		$pattern) ;;
		*) continue ;;
		esac
		asterisks=$(printf %s "$pattern" | tr -cd '*')
		origin=1
		is_in_tree "$module" && origin=0
		echo "${#asterisks} $origin $module $pattern"
	done | sort -u -k 1,1n -k 2,2n -k 3,3
}

# driver_of MODULE BUS: sets $found to the name of the module's driver on this bus.
driver_of() {
	set -- "$(echo "$1" | tr - _)" "$2"
	found=
	for path in "/sys/module/$1/drivers/$2":*; do
		[ -e "$path" ] || continue
		[ -z "$found" ] || die "$FAILED" "the module $1 has several drivers on the bus $2"
		found=${path##*/"$2":}
	done
	[ -n "$found" ] || die "$NOT_FOUND" "the module $1 has no driver on the bus $2"
}

command_variant() {
	action=bind
	force=
	whole=
	while [ $# -gt 0 ]; do
		case $1 in
		--all) action=all ;;
		--print) action=print ;;
		--group | -g) whole=1 ;;
		--force | -f) force=1 ;;
		-*) unknown_option "$1" ;;
		*) break ;;
		esac
		shift
	done
	[ $# -eq 1 ] || usage_error 'variant needs one device'

	device "$1"
	facts "$dev"
	line "$dev/modalias"
	[ -n "$line" ] || die "$FAILED" "$name has no modalias"
	modules=/lib/modules/$(uname -r)
	list=$(candidates "vfio_$line")
	[ -n "$list" ] || die "$NOT_FOUND" "no module has a VFIO driver for $name"

	if [ "$action" = all ]; then
		echo "$list" | while read -r asterisks _ best pattern; do
			printf '%2d  %-24s %s\n' "$asterisks" "$best" "$pattern"
		done
		return
	fi
	best=$(echo "$list" | sed -n '1s/^[^ ]* [^ ]* \([^ ]*\) .*/\1/p')
	if [ "$action" = print ]; then
		echo "$best"
		return
	fi
	modprobe "$best" || die "$FAILED" "cannot load the module $best"
	driver_of "$best" "$bus"
	move "$dev" "$found"
}
