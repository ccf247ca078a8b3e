#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Tests what apt.sh and linux.sh work out by themselves, from samples and without a network. TAP on standard output.

set -eu
lib=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=/dev/null
. "$lib/apt.sh"
# shellcheck source=/dev/null
. "$lib/linux.sh"

samples=$(mktemp -d)
trap 'rm -rf "$samples"' EXIT
number=0
failed=0
# shellcheck disable=SC2034
cache=/cache

# same NAME EXPECTED ACTUAL
same() {
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		printf '%s\n' "expected: $2" "got: $3" | sed 's/^/# /'
		failed=1
	fi
}

cat >"$samples/debian.sources" <<'SAMPLE'
Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Signed-By: /keys/security.gpg

# Signed-By: /keys/comment.gpg
Types: deb
URIs: http://mirror.example/debian-old
Suites: bookworm
Signed-By: /keys/old.gpg

types: deb
uris: http://other.example/debian/
 http://mirror.example/debian/
suites: bookworm
components: main
check-valid-until: no
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEaaaa
 -----END PGP PUBLIC KEY BLOCK-----
trusted: no
SAMPLE
same 'a deb822 entry gives its own fields, a key within it too' "\
check-valid-until: no
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEaaaa
 -----END PGP PUBLIC KEY BLOCK-----
trusted: no" "$(apt_trust "$samples/debian.sources" http://mirror.example/debian)"
same 'an entry before it is not taken for it' 'Signed-By: /keys/old.gpg' \
	"$(apt_trust "$samples/debian.sources" http://mirror.example/debian-old/)"
same 'an entry without trust gives none' '' "$(apt_trust "$samples/debian.sources" http://mirror.example/nothing)"

cat >"$samples/debian.list" <<'SAMPLE'
# deb [signed-by=/keys/comment.gpg] http://mirror.example/debian bookworm main
deb-src [signed-by=/keys/source.gpg] http://mirror.example/debian bookworm main
deb http://mirror.example/debian-old bookworm main
deb [arch=amd64 signed-by=/keys/debian.gpg trusted=yes] http://mirror.example/debian/ bookworm main contrib
deb [signed-by=/keys/mirror.gpg] mirror+file:/etc/apt/mirrors.txt bookworm-updates main
SAMPLE
same 'a one-line entry gives its options' "\
signed-by: /keys/debian.gpg
trusted: yes" "$(apt_trust "$samples/debian.list" http://mirror.example/debian)"
same 'a list of mirrors is a source' 'signed-by: /keys/mirror.gpg' \
	"$(apt_trust "$samples/debian.list" mirror+file:/etc/apt/mirrors.txt)"
same 'a one-line entry without options gives none' '' \
	"$(apt_trust "$samples/debian.list" http://mirror.example/debian-old)"

same 'a backport is older than the release it comes from, and an older upstream version than both' 7.2.13-1 \
	"$(printf '%s\n' 7.2.12-1 7.2.13-1~bpo13+1 7.2.13-1 7.2.9-1 | apt_newest)"
same 'no versions, no newest' '' "$(apt_newest </dev/null)"
same 'a folder for a source has nothing that make stumbles over' /cache/linux/7.3.4-1-bpo13-1 \
	"$(linux_folder 7.3.4-1~bpo13+1)"

echo "1..$number"
exit "$failed"
