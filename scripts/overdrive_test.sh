#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What of the documentation needs no guest: that documents tell users to make what can be made, and which of the unsafe
# code they explain.

set -u
cd "$(dirname "$0")/.." || exit
manuals='Documentation/man/overdrive.8 Documentation/man/overdrive.d.5'
failed=0

check() {
	local name=$1
	shift
	"$@" || {
		echo "not ok - $name"
		failed=1
	}
}

no_warnings() {
	command -v groff >/dev/null || return 0
	local manual
	for manual in $manuals; do
		! groff -mdoc -Tutf8 -ww $manual 2>&1 >/dev/null | grep . || return
	done
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

check "the man page has no warnings" no_warnings

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
