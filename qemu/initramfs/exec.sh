# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs one program, its output on the port, and says last how it ended.

exec 3>/dev/virtio-ports/org.overdrive.ktap
cd / || exit
# The variable holds a program and its arguments.
# shellcheck disable=SC2086
$OVERDRIVE_EXEC >&3 2>&1
status=$?
echo "overdrive-test: end exec" >/dev/kmsg
# The program need not have ended its last line.
printf '\noverdrive-exit %s\n' $status >&3
