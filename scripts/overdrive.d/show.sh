# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2034,SC2153,SC2154
#
# list, tree, status: who owns what.

# show_options WORD...
show_options() {
	as_json=
	all=
	buses=
	wanted=
	while [ $# -gt 0 ]; do
		case $1 in
		--json) as_json=1 ;;
		--all | -a) all=1 ;;
		--bus)
			[ $# -ge 2 ] || usage_error '--bus needs the name of a bus'
			[ -d "/sys/bus/$2" ] || die "$NOT_FOUND" "there is no bus $2"
			buses="$buses $2"
			shift
			;;
		--bus=*)
			[ -d "/sys/bus/${1#*=}" ] || die "$NOT_FOUND" "there is no bus ${1#*=}"
			buses="$buses ${1#*=}"
			;;
		-*) unknown_option "$1" ;;
		*) wanted="$wanted $1" ;;
		esac
		shift
	done
}

# each FUNCTION: calls it with the facts of every device that is to be shown.
each() {
	each_function=$1
	for folder in /sys/bus/*; do
		bus=${folder##*/}
		case " $buses " in
		'  ' | *" $bus "*) ;;
		*) continue ;;
		esac
		for path in "$folder"/devices/*; do
			enter "$path" || continue
			facts "$PWD"
			is_interesting || continue
			describe
			"$each_function"
		done
	done
}

# is_interesting: by default, what could get another driver: not the many platform devices that have none at all.
is_interesting() {
	[ -z "$all$buses" ] || return 0
	[ -e "$dev/driver_override" ] || return 1
	[ "$bus" = pci ] || [ -n "$driver$override" ]
}

# style: how the device of facts() is shown.
style() {
	if [ -e "$dev/vfio-dev" ]; then
		style=user
	elif [ -n "$override" ] && [ "$override" != none ] && [ "$override" != "$driver" ]; then
		style=wrong
	elif [ -z "$driver" ]; then
		style=idle
	else
		style=-
	fi
}

list_line() {
	style
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$style" "$name" "${group:--}" "${driver:--}" "${override:--}" "${by:--}" \
		"$what${names:+ ($names)}"
}

list_json() {
	# The names are words.
	# shellcheck disable=SC2086
	json_object device "$name" bus "$bus" path "$dev" group= "${group:-null}" driver "$driver" \
		override "$override" by "$by" rebind "$rebind" what "$what" names= "$(json_words $names)"
	echo
}

command_list() {
	show_options "$@"
	[ -z "$wanted" ] || usage_error 'list shows all devices; status shows one'
	if [ -n "$as_json" ]; then
		each list_json | json_array
		return
	fi
	{
		printf 'head\tDEVICE\tGROUP\tDRIVER\tOVERRIDE\tBY\tWHAT\n'
		each list_line
	} | columns
}

tree_line() {
	style
	title=${driver:-no driver}
	if [ -n "$override" ] && [ "$override" = "$driver" ]; then
		title="$title, as ${by:-user} says"
	elif [ -n "$override" ]; then
		title="$title, override $override by ${by:-user}"
	fi
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$bus" "${group:--1}" "$name" "$style" "$title" "$what${names:+ ($names)}"
}

command_tree() {
	show_options "$@"
	[ -z "$wanted" ] || usage_error 'tree shows all devices; status shows one'
	if [ -n "$as_json" ]; then
		# The same objects: bus and group are in them.
		each list_json | json_array
		return
	fi
	tab=$(printf '\t')
	each tree_line | sort -t "$tab" -k 1,1 -k 2,2n -k 3,3 | awk -F '\t' -v OFS='\t' '
		$1 != bus {
			bus = $1
			group = ""
			print "head", bus
		}
		$2 != group {
			group = $2
			print "-", "  " (group < 0 ? "no IOMMU group" : "IOMMU group " group)
		}
		{ print $4, "    " $3, $5, $6 }
	' | columns
}

# pair KEY TEXT
pair() {
	printf -- '-\t%s\t%s\n' "$1" "$2"
}

command_status() {
	show_options "$@"
	# Names of devices have no blanks.
	# shellcheck disable=SC2086
	set -- $wanted
	[ $# -gt 0 ] || usage_error 'status needs a device'
	if [ -n "$as_json" ]; then
		texts=
		for word; do
			device "$word"
			facts "$dev"
			texts=$texts$(status_json)$newline
		done
		printf %s "$texts" | json_array
		return
	fi
	for word; do
		device "$word"
		facts "$dev"
		status_text | columns
	done
}

status_json() {
	describe
	others=$(group_names)
	old_ifs=$IFS
	IFS=$newline
	uses=$(users)
	# shellcheck disable=SC2086
	uses=$(json_words $uses)
	IFS=$old_ifs
	line "$dev/modalias"
	# shellcheck disable=SC2086
	json_object device "$name" bus "$bus" path "$dev" modalias "$line" group= "${group:-null}" driver "$driver" \
		override "$override" by "$by" rebind "$rebind" what "$what" names= "$(json_words $names)" \
		group_members= "$(json_words $others)" in_use= "$uses"
}

# group_names: the members of the group of the device of facts().
group_names() {
	[ -z "$group" ] || for path in $(group_members "$group"); do
		echo "${path##*/}"
	done
}

status_text() {
	describe
	pair device "$name"
	pair is "$what${names:+ ($names)}"
	pair bus "$bus"
	pair path "$dev"
	line "$dev/modalias"
	[ -z "$line" ] || pair modalias "$line"
	pair driver "${driver:-none}"
	if [ ! -e "$dev/driver_override" ]; then
		pair override 'this bus has none'
	else
		pair override "${override:-none is set}${by:+, by $by}"
	fi
	case $rebind in
	'') ;;
	never) pair 'last rebind' 'there was none' ;;
	rolled-back:*) pair 'last rebind' "failed with error ${rebind#*:-}, everything is as it was" ;;
	stranded:*) pair 'last rebind' "failed, and so did the way back ($rebind)" ;;
	*) pair 'last rebind' "$rebind" ;;
	esac
	if [ -n "$group" ]; then
		pair 'IOMMU group' "$group: $(group_names | tr '\n' ' ')"
	else
		pair 'IOMMU group' none
	fi
	for thing in "$dev"/vfio-dev/*; do
		[ ! -e "$thing" ] || pair VFIO "/dev/vfio/devices/${thing##*/}"
	done
	line=$(users)
	[ -n "$line" ] || line=nobody
	echo "$line" | while IFS= read -r use; do
		pair 'used by' "$use"
	done
}
