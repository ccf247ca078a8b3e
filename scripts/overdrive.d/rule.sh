# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2034,SC2153,SC2154
#
# rule: which devices get which driver before anything probes them.

rules=/sys/kernel/config/overdrive-rules
fields='bus device parent modalias group_owned driver'

# require_module: the module's files are there.
require_module() {
	[ -d "$module" ] || die "$NO_MODULE" 'the module overdrive is not loaded: modprobe overdrive'
	[ -d "$rules" ] || mount -t configfs none /sys/kernel/config 2>/dev/null || :
	[ -d "$rules" ] || die "$NO_MODULE" "there is no $rules: is configfs mounted?"
}

command_rule() {
	[ $# -gt 0 ] || usage_error 'rule needs one of: add, del, list'
	action=$1
	shift
	case $action in
	add | del | list) "rule_$action" "$@" ;;
	*) usage_error "rule has no '$action'" ;;
	esac
}

# rule_name NAME: refuses what no folder of configfs and no file can be called.
rule_name() {
	case $1 in
	'' | .* | */* | *:*) usage_error "'$1' can't be a rule's name" ;;
	esac
}

# rule_add [--apply] [--save] NAME FIELD=TEXT...
rule_add() {
	apply=
	keep=
	name=
	while [ $# -gt 0 ]; do
		case $1 in
		--apply) apply=1 ;;
		--save) keep=1 ;;
		-*) unknown_option "$1" ;;
		*) break ;;
		esac
		shift
	done
	[ $# -ge 2 ] || usage_error 'rule add needs a name and fields'
	name=$1
	shift
	rule_name "$name"
	for word; do
		case " $fields " in
		*" ${word%%=*} "*) ;;
		*) usage_error "a rule has no field '${word%%=*}', but $fields" ;;
		esac
		case $word in
		*=*) ;;
		*) usage_error "'$word' is not FIELD=TEXT" ;;
		esac
	done
	require_module
	rule_make "$name" "$@" || die "$FAILED" "no rule $name was made: $why"
	[ -z "$keep" ] || save_rule "$name"
	[ -z "$apply" ] || write "$rules/$name/apply" 1 ||
		die "$FAILED" "the rule $name is in force, but not all devices that are here could be moved: $why"
}

# rule_make NAME FIELD=TEXT...: all, or nothing. Sets $why.
rule_make() {
	rule=$1
	shift
	[ ! -d "$rules/$rule" ] || {
		why='there is one of this name'
		return 1
	}
	mkdir "$rules/$rule" 2>/dev/null || {
		why='its name has other characters than printable ones'
		return 1
	}
	for word; do
		write "$rules/$rule/${word%%=*}" "${word#*=}" || break
	done
	if [ -z "$why" ]; then
		write "$rules/$rule/enabled" 1 && return
	fi
	rmdir "$rules/$rule"
	# The log is more exact.
	line=$(log_about "overdrive: rule $rule: " | tail -n 1)
	[ -z "$line" ] || why="$why (${line##*"rule $rule: "})"
	return 1
}

# rule_del [--save] NAME
rule_del() {
	keep=
	[ "${1:-}" != --save ] || {
		keep=1
		shift
	}
	[ $# -eq 1 ] || usage_error 'rule del needs one name'
	rule_name "$1"
	found=
	if [ -d "$rules/$1" ]; then
		rmdir "$rules/$1" || die "$FAILED" "the rule $1 can't be removed"
		found=1
	elif rule_parameter "$1" >/dev/null; then
		say "the rule $1 came with the module's parameter, and holds until the module is unloaded"
	fi
	file=$saved/$1.rule
	if [ -e "$file" ] && [ -n "$keep" ]; then
		rm "$file"
		found=1
	elif [ -e "$file" ]; then
		say "it is still saved in $file; rule del --save removes it there as well"
	fi
	[ -n "$found" ] || die "$NOT_FOUND" "there is no rule $1 that could be removed"
}

# parameter_rules: the rules that came with the module, one a line.
parameter_rules() {
	line "$module/parameters/rules"
	case $line in
	'' | '(null)') return ;;
	esac
	# A backslash takes away the meaning of what follows.
	printf '%s\n' "$line" | awk '
		{
			text = ""
			for (i = 1; i <= length($0); i++) {
				c = substr($0, i, 1)
				if (c == "\\") {
					text = text c substr($0, ++i, 1)
				} else if (c == ";") {
					print text
					text = ""
				} else {
					text = text c
				}
			}
			print text
		}
	' | awk '{ print ($0 ~ /(^|,)name=/) ? $0 : "name=rules." NR - 1 "," $0 }'
}

# rule_parameter NAME: prints the rule of the module's parameter that has this name.
rule_parameter() {
	parameter_rules | grep -E "(^|,)name=$(echo "$1" | sed 's/[][\.*^$+?(){}|]/\\&/g')(,|\$)"
}

# rule_facts FOLDER: sets $rule, $target, $hits, $enabled and $match, what it matches.
rule_facts() {
	rule=${1##*/}
	match=
	for field in bus device parent modalias group_owned; do
		line "$1/$field"
		case $field=$line in
		*= | group_owned=0) continue ;;
		esac
		match="$match${match:+ }$field=$line"
	done
	line "$1/driver"
	target=$line
	line "$1/hits"
	hits=$line
	line "$1/enabled"
	enabled=$line
}

rule_list() {
	as_json=
	case ${1:-} in
	--json) as_json=1 ;;
	-*) unknown_option "$1" ;;
	esac
	[ -d "$module" ] || say 'the module overdrive is not loaded: these are the saved rules'
	if [ -n "$as_json" ]; then
		each_rule rule_json | json_array
		return
	fi
	{
		printf 'head\tRULE\tFROM\tHITS\tDRIVER\tFOR\n'
		each_rule rule_line
	} | columns
}

# each_rule FUNCTION: calls it with what rule_facts sets, and $from: where the rule comes from.
each_rule() {
	if [ -d "$module" ]; then
		parameter_rules | while IFS= read -r text; do
			rule=$(echo "$text" | sed 's/^\(.*,\)*name=\([^,]*\).*/\2/')
			target=$(echo "$text" | sed 's/^\(.*,\)*driver=\([^,]*\).*/\2/')
			match=$(echo "$text" | tr , '\n' | grep -v -e ^name= -e ^driver= | tr '\n' ' ')
			match=${match% }
			hits=
			from=parameter
			"$1"
		done
	fi
	for path in "$rules"/*; do
		[ -d "$path" ] || continue
		rule_facts "$path"
		from=user
		[ ! -e "$saved/$rule.rule" ] || from=saved
		[ "$enabled" = 1 ] || from=disabled
		"$1"
	done
	for path in "$saved"/*.rule; do
		[ -e "$path" ] || continue
		rule=${path##*/}
		rule=${rule%.rule}
		[ ! -d "$rules/$rule" ] || continue
		[ ! -d "$module" ] || ! rule_parameter "$rule" >/dev/null || continue
		read_rule "$path"
		hits=
		from='saved, not in force'
		"$1"
	done
}

rule_line() {
	style=-
	case $from in
	disabled | *not*) style=idle ;;
	esac
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$style" "$rule" "$from" "${hits:--}" "$target" "$match"
}

rule_json() {
	json_object rule "$rule" from "$from" hits= "${hits:-null}" driver "$target" for "$match"
	echo
}
