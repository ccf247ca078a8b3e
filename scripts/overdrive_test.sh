#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What of the command line and the documentation needs no guest: that help, man page and completion know the same
# words, that documents tell users to make what can be made, and which of the unsafe code they explain.

set -u
cd "$(dirname "$0")/.." || exit
manual=Documentation/man/overdrive.8
failed=0

check() {
	local name=$1
	shift
	"$@" || {
		echo "not ok - $name"
		failed=1
	}
}

# complete_with WORD...: what bash offers for the last word.
complete_with() {
	COMP_WORDS=(overdrive "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_overdrive 2>/dev/null
	printf '%s\n' "${COMPREPLY[@]}"
}

completes() {
	local word=$1
	shift
	complete_with "$@" | grep -qxF -- "$word"
}

# explains COMMAND: its options are in the man page and are completed.
explains() {
	local option problem=0
	for option in $(scripts/overdrive help "$1" | grep -oE -- '--[a-z]+' | sort -u); do
		[[ $option != --help ]] || continue
		grep -qE "F[lo] ?-${option#--}\b|Fl -${option#--}\b" $manual || {
			echo "# $manual does not know $option of $1"
			problem=1
		}
	done
	return $problem
}

no_warnings() {
	command -v groff >/dev/null || return 0
	! groff -mdoc -Tutf8 -ww $manual 2>&1 >/dev/null | grep .
}

# made BLOCK: every make in it is of targets that the Makefile has, with variables that its help explains.
made() {
	local word problem=0
	for word in $(sed -n 's/^\(sudo \)\{0,1\}make\b//p' "$1" | sed 's/"[^"]*"//g; s/\$([^)]*)//g'); do
		case $word in
		*=*) grep -q "'  ${word%%=*}=" Makefile ;;
		*) sed -n '/^\.PHONY/,/[^\\]$/p' Makefile | grep -qw -- "$word" ;;
		esac || {
			echo "# the Makefile has no $word"
			problem=1
		}
	done
	return $problem
}

# explained FILE: the soundness notes name it.
explained() {
	grep -qF "\`\`$1\`\`" Documentation/driver-api/overdrive-soundness.rst
}

# shellcheck source=completion/overdrive
. scripts/completion/overdrive

check "the man page has no warnings" no_warnings
for command in $(sed -n 's/^\(list .*doctor\))$/\1/p' scripts/overdrive | tr -d '|'); do
	check "$command is completed" completes "$command" ""
	check "$command is explained" explains "$command"
	check "$command is in the man page" grep -qw -- "$command" $manual
	check "$command completes --help" completes --help "$command" --
done
for action in add del list; do
	check "rule $action is completed" completes $action rule ""
done
check "options are completed" completes --force unbind --f
check "drivers are completed" completes none bind sda n
check "fields are completed" completes modalias= rule add name mod
check "nothing wrong is" test -z "$(complete_with nonsense '' | grep -v -e --help -e '^$')"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for document in README.md $(find Documentation -name '*.rst'); do
	awk -v out="$work/${document//\//_}" -f qemu/selftests/blocks.awk "$document"
done
check "there are blocks of commands" test "$(find "$work" -type f | wc -l)" -gt 10
for block in "$work"/*; do
	check "${block##*/} can be made" made "$block"
done
for file in $(grep -lrE '\bunsafe\b' src/abstractions); do
	name=${file#src/abstractions/}
	name=${name%.rs}
	# What stands in for another file has its interface.
	check "$file is explained" explained "${name%_absent}"
done
exit $failed
