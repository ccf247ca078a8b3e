# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Gives the console to the user, with the module loaded.

console=$(cat /sys/class/tty/console/active)
console=/dev/${console##* }

# Messages of the kernel would come between what the user types; dmesg has them.
dmesg -n 4
modprobe overdrive
cat >/etc/profile <<'EOF'
PS1='overdrive# '
cd /selftests
. ./lib.sh >/dev/null
EOF
cat >"$console" <<EOF

overdrive is loaded; the selftests are in /selftests. Ctrl-D or Ctrl-A X ends the guest.

EOF
# A session of its own with this terminal has job control.
setsid sh -c "exec sh -l <'$console' >'$console' 2>&1"
