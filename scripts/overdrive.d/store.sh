# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2034,SC2153,SC2154
#
# save, restore: what holds across boots is in /etc/overdrive.d: a file NAME.rule for each rule, and the files slots and
# buses with one of them a line.

command_save() {
	for word; do
		case $word in
		-*) unknown_option "$word" ;;
		esac
	done
	require_module
	if [ $# -gt 0 ]; then
		for word; do
			[ -d "$rules/$word" ] || die "$NOT_FOUND" "there is no rule $word"
			save_rule "$word"
		done
		return
	fi
	for path in "$rules"/*; do
		[ -d "$path" ] || continue
		line "$path/enabled"
		[ "$line" != 1 ] || save_rule "${path##*/}"
	done
	text=$(all_slots)
	save_text slots '# Devices for the meta driver: PCI addresses, or platform/NAME.' "$text"
	text=$(all_buses)
	save_text buses '# Buses that get driver_override from overdrive: NAME SCOPE.' "$text"
	for path in "$saved"/*.rule; do
		[ -e "$path" ] || continue
		word=${path##*/}
		word=${word%.rule}
		[ -d "$rules/$word" ] || rule_parameter "$word" >/dev/null ||
			say "$path stays, but there is no rule $word now; rule del --save $word removes it"
	done
	if [ -d /etc/initramfs-tools ] || [ -d /etc/dracut.conf.d ]; then
		say 'build the initramfs again (update-initramfs -u, or dracut --force), so that it holds from the first probe'
	fi
}

# save_text FILE TITLE TEXT: writes what restore reads; what is empty has no file.
save_text() {
	if [ -z "$3" ]; then
		rm -f "$saved/$1"
		return
	fi
	mkdir -p "$saved"
	printf '%s\n' "$2" "$3" >"$saved/.$1.new"
	# Whoever reads it finds the old one or the new one.
	mv "$saved/.$1.new" "$saved/$1"
	echo "$saved/$1"
}

# save_rule NAME
save_rule() {
	text=$(for field in $fields; do
		line "$rules/$1/$field"
		case $field=$line in
		*= | group_owned=0) ;;
		*) echo "$field = $line" ;;
		esac
	done)
	save_text "$1.rule" '# See overdrive rule --help.' "$text"
}

# read_rule FILE: sets $match and $target, and $texts to its fields, each FIELD=TEXT on a line.
read_rule() {
	texts=$(sed -n 's/[[:space:]]*$//; /^[[:space:]]*#/d; s/^[[:space:]]*\([a-z_]*\)[[:space:]]*=[[:space:]]*/\1=/p' "$1")
	target=$(echo "$texts" | sed -n 's/^driver=//p')
	match=$(echo "$texts" | grep -v '^driver=' | tr '\n' ' ')
	match=${match% }
}

# read_list NAME: the lines of a file that are no comments.
read_list() {
	[ ! -e "$saved/$1" ] || sed '/^[[:space:]]*#/d; /^[[:space:]]*$/d' "$saved/$1"
}

# parameters: sets $rules_parameter, $slots_parameter and $buses_parameter to what the module can be loaded with. A
# rule that has no place there, or characters that modprobe would change, is left to configfs.
parameters() {
	rules_parameter=
	for path in "$saved"/*.rule; do
		[ -e "$path" ] || continue
		read_rule "$path"
		case $texts in
		*\\*) continue ;;
		esac
		text=name=${path##*/}
		text=${text%.rule}
		text=$(printf '%s\n' "$text" "$texts" | sed 's/[,;]/\\&/g' | tr '\n' ,)
		text=${text%,}
		case $text in
		*[[:space:]\"\#]*) continue ;;
		esac
		text=$rules_parameter${rules_parameter:+;}$text
		[ ${#text} -gt 4000 ] || rules_parameter=$text
	done
	slots_parameter=$(read_list slots | sed 's/.*/(&)/' | tr -d '\n')
	buses_parameter=
	[ ! -e "$saved/buses" ] || buses_parameter=$(read_list buses | sed 's/[[:space:]]\{1,\}/:/' | tr '\n' ,)
	buses_parameter=${buses_parameter%,}
}

# command_restore [--print]
command_restore() {
	case ${1:-} in
	'') ;;
	--print)
		parameters
		print_parameters
		return
		;;
	*) usage_error 'restore takes no argument but --print' ;;
	esac
	trouble=
	if [ ! -d "$module" ]; then
		parameters
		set -- overdrive
		[ -z "$rules_parameter" ] || set -- "$@" "rules=$rules_parameter"
		[ -z "$slots_parameter" ] || set -- "$@" "slots=$slots_parameter"
		[ -z "$buses_parameter" ] || set -- "$@" "buses=$buses_parameter"
		modprobe "$@" || {
			say 'the module can not be loaded with what is saved; the kernel log says why; trying one after the other'
			trouble=1
			modprobe overdrive || die "$NO_MODULE" 'the module overdrive can not be loaded'
		}
	fi
	require_module
	restore_buses
	for path in "$saved"/*.rule; do
		[ -e "$path" ] || continue
		restore_rule "$path"
	done
	restore_slots
	[ -z "$trouble" ] || exit "$FAILED"
}

# print_parameters: for modprobe.d, where a backslash has a meaning as well.
print_parameters() {
	text=
	[ -z "$rules_parameter" ] || text="$text rules=$rules_parameter"
	[ -z "$slots_parameter" ] || text="$text slots=$slots_parameter"
	[ -z "$buses_parameter" ] || text="$text buses=$buses_parameter"
	[ -z "$text" ] || printf 'options overdrive%s\n' "$text" | sed 's/\\/\\\\/g'
}

restore_rule() {
	rule=${1##*/}
	rule=${rule%.rule}
	[ ! -d "$rules/$rule" ] || return 0
	! rule_parameter "$rule" >/dev/null || return 0
	read_rule "$1"
	set -- "$rule"
	while IFS= read -r word; do
		case " $fields " in
		*" ${word%%=*} "*) set -- "$@" "$word" ;;
		*)
			say "$saved/$rule.rule: a rule has no field '${word%%=*}'"
			trouble=1
			return 0
			;;
		esac
	done <<-TEXTS
		$texts
	TEXTS
	# What is here already must have its driver too.
	if ! rule_make "$@" || ! write "$rules/$rule/apply" 1; then
		say "$saved/$rule.rule: $why"
		trouble=1
	fi
}

restore_slots() {
	have=$(all_slots)
	while IFS= read -r word; do
		case $newline$have$newline in
		*"$newline$word$newline"*) continue ;;
		esac
		[ -n "$word" ] || continue
		slot_place "$word"
		write "$folder/new_slot" "$slot" || {
			say "$saved/slots: $word: $why"
			trouble=1
		}
	done <<-SLOTS
		$(read_list slots)
	SLOTS
}

restore_buses() {
	have=$(all_buses)
	while read -r word scope; do
		[ -n "$word" ] || continue
		case $newline$have in
		*"$newline$word" | *"$newline$word "* | *"$newline$word$newline"*) continue ;;
		esac
		bus_extend "$word" "$scope" || {
			say "$saved/buses: $word: $why"
			trouble=1
		}
	done <<-BUSES
		$(read_list buses)
	BUSES
}
