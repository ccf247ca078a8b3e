# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2034,SC2153,SC2154
#
# Messages, tables, JSON, and writing to the kernel.

say() {
	echo "overdrive: $*" >&2
}

# die STATUS TEXT
die() {
	status=$1
	shift
	say "$@"
	exit "$status"
}

usage_error() {
	die "$USAGE" "$*; see overdrive --help"
}

# unknown_option WORD
unknown_option() {
	usage_error "$command has no option $1"
}

# line FILE: sets $line to its first line, empty if it can't be read.
line() {
	line=
	{ IFS= read -r line <"$1"; } 2>/dev/null || :
}

# write FILE TEXT: with one write. On failure sets $why to the error's text.
write() {
	# A shell's own echo does not tell why it failed.
	if why=$(printf '%s\n' "$2" | dd of="$1" bs=4096 conv=notrunc 2>&1 >/dev/null); then
		why=
		return 0
	fi
	why=$(echo "$why" | sed -n 's/^dd: .*: //p')
	why=${why:-the write failed}
	return 1
}

# columns [PAINT]: aligns lines of fields between tabs. The first field is no column: it is how the line is shown on
# a terminal, by name.
columns() {
	if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
		paint=1
	else
		paint=
	fi
	awk -F '\t' -v paint="$paint" '
		BEGIN {
			code["head"] = "1"
			code["user"] = "32"
			code["wrong"] = "31"
			code["idle"] = "2"
		}
		{
			style[NR] = $1
			count[NR] = NF
			for (i = 2; i <= NF; i++) {
				cell[NR, i] = $i
				if (length($i) > width[i])
					width[i] = length($i)
			}
		}
		END {
			for (n = 1; n <= NR; n++) {
				text = ""
				for (i = 2; i < count[n]; i++)
					text = text sprintf("%-" (width[i] + 2) "s", cell[n, i])
				text = text cell[n, count[n]]
				sub(/ +$/, "", text)
				if (paint && style[n] in code)
					text = "\033[" code[style[n]] "m" text "\033[0m"
				print text
			}
		}
	'
}

# json TEXT: sets $json to a JSON string, or null if the text is empty.
json() {
	case $1 in
	'') json=null ;;
	*[\"\\[:cntrl:]]*)
		json=\"$(printf '%s' "$1" | sed 's/[\\"]/\\&/g; s/	/\\t/g' | tr '[:cntrl:]' ' ')\"
		;;
	*) json=\"$1\" ;;
	esac
}

# json_object KEY TEXT...: prints an object of strings. A KEY that ends with "=" is followed by JSON.
json_object() {
	object=
	while [ $# -ge 2 ]; do
		case $1 in
		*=) json=$2 ;;
		*) json "$2" ;;
		esac
		object="$object${object:+, }\"${1%=}\": $json"
		shift 2
	done
	printf '{%s}' "$object"
}

# json_array: makes an array of lines that are JSON.
json_array() {
	awk 'BEGIN { printf "[" } { printf "%s%s", (NR > 1 ? ",\n " : ""), $0 } END { print "]" }'
}

# json_words WORD...: prints an array of strings.
json_words() {
	array=
	for word; do
		json "$word"
		array="$array${array:+, }$json"
	done
	printf '[%s]' "$array"
}

# log_about TEXT: the last lines of the kernel log with this text.
log_about() {
	{ dmesg 2>/dev/null || :; } | grep -F -- "$1" | tail -n 3
}
