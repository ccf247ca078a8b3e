# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2034,SC2153,SC2154
#
# Who uses a device: what would break if another driver took it.
#
# What other network namespaces and pools without holders (ZFS) have is not seen.

# users: prints a line for every use of the device of facts().
users() {
	is_bridge && return
	survey
	for thing in $(below "$disks" "$dev"); do
		for path in /sys/class/block/"$thing" /sys/class/block/"$thing"/*/partition; do
			[ -e "$path" ] || continue
			path=${path%/partition}
			block_users "${path##*/}"
		done
	done
	for thing in $(below "$nets" "$dev"); do
		net_users "$thing"
	done
	console_users
	virtual_functions
	vfio_users
	graphics_users
}

# block_users NAME: of a disk, a partition, or what is made of them.
block_users() (
	line "/sys/class/block/$1/dev"
	title=$(block_title "$1")
	cat /proc/self/mountinfo /proc/1/mountinfo 2>/dev/null |
		awk -v number="$line" -v node="/dev/$1" -v title="$title" '
			{
				# Some file systems have numbers of their own, and tell their disk behind the "-".
				for (i = 7; i < NF && $i != "-"; i++)
					;
				if ($3 != number && $(i + 2) != node)
					next
				gsub(/\\040/, " ", $5)
				if (!seen[$5]++)
					print title " is mounted on " $5
			}
		'
	awk -v node="/dev/$1" -v title="$title" '$1 == node { print title " is swap" }' /proc/swaps 2>/dev/null || :
	for holder in "/sys/class/block/$1/holders/"*; do
		[ -e "$holder" ] || continue
		holder=${holder##*/}
		echo "$title is a part of $(block_title "$holder")"
		block_users "$holder"
	done
	openers "/dev/$1" "$title"
)

# block_title NAME: with the name and kind that people know it by.
block_title() {
	line "/sys/class/block/$1/dm/name"
	known=$line
	line "/sys/class/block/$1/dm/uuid"
	case $line in
	LVM-*) kind=LVM ;;
	CRYPT-*) kind='encryption' ;;
	mpath-*) kind='multipath' ;;
	*) kind='device mapper' ;;
	esac
	if [ -n "$known" ]; then
		echo "$1 ($known, $kind)"
	elif [ -e "/sys/class/block/$1/md" ]; then
		line "/sys/class/block/$1/md/level"
		echo "$1 (${line:-md}, RAID)"
	else
		echo "$1"
	fi
}

# net_users NAME: of a network interface, or of one on top of it.
net_users() (
	line "/sys/class/net/$1/flags"
	[ $((${line:-0} & 1)) -ne 0 ] || return 0
	[ ! -e "/sys/class/net/$1/master" ] || {
		link "/sys/class/net/$1/master"
		echo "$1 is up and a port of $link"
	}
	if has_default_route "$1"; then
		echo "$1 is up and has the default route"
	else
		address=$(address_of "$1")
		[ -z "$address" ] || echo "$1 is up with the address $address"
	fi
	for upper in "/sys/class/net/$1/upper_"*; do
		[ ! -e "$upper" ] || net_users "${upper##*/upper_}"
	done
)

has_default_route() {
	awk -v name="$1" '$1 == name && $2 == "00000000" && $8 == "00000000" { found = 1 } END { exit !found }' \
		/proc/net/route 2>/dev/null ||
		awk -v name="$1" '$NF == name && $1 ~ /^0+$/ && $2 == "00" && $9 !~ /2..$/ { found = 1 } END { exit !found }' \
			/proc/net/ipv6_route 2>/dev/null
}

# address_of NAME: its first address that is good beyond its link.
address_of() {
	{ ip -o addr show dev "$1" 2>/dev/null || :; } | awk '
		{
			for (i = 1; i < NF; i++)
				if ($i ~ /^inet6?$/ && $(i + 1) !~ /^fe80:/) {
					print $(i + 1)
					exit
				}
		}
	'
}

console_users() {
	line /sys/class/tty/console/active
	for thing in $line; do
		if [ "$thing" = tty0 ]; then
			screen_users
		elif enter "/sys/class/tty/$thing"; then
			case $PWD in
			"$dev"/*) echo "$thing is the console" ;;
			esac
		fi
	done
}

# screen_users: whether the device shows the text console.
screen_users() {
	for console in /sys/class/vtconsole/*; do
		line "$console/name"
		case $line in
		*'frame buffer'*) ;;
		*) continue ;;
		esac
		line "$console/bind"
		[ "$line" = 1 ] || continue
		for screen in /sys/class/graphics/fb[0-9]*; do
			enter "$screen" || continue
			case $PWD in
			"$dev"/*) echo "${screen##*/} shows the console" ;;
			esac
		done
	done
}

virtual_functions() {
	line "$dev/sriov_numvfs"
	[ "${line:-0}" -eq 0 ] || echo "$line virtual functions exist only with its driver"
}

vfio_users() {
	[ -z "$group" ] || for thing in "/dev/vfio/$group" "/dev/vfio/noiommu-$group"; do
		openers "$thing" "IOMMU group $group"
	done
	for thing in "$dev"/vfio-dev/*; do
		[ ! -e "$thing" ] || openers "/dev/vfio/devices/${thing##*/}" "$name"
	done
}

graphics_users() {
	for thing in "$dev"/drm/card*; do
		[ ! -e "$thing/dev" ] || openers "/dev/dri/${thing##*/}" "${thing##*/}"
	done
}

# openers NODE TITLE: prints the processes that have it open.
openers() {
	[ -e "$1" ] || return 0
	[ -n "${open_files:-}" ] || open_files=$(
		# A process may end while it is looked at.
		# shellcheck disable=SC2012 # find of busybox can not print links
		ls -l /proc/[0-9]*/fd 2>/dev/null | awk '
			/^\/proc\// {
				split($1, part, "/")
				pid = part[3]
			}
			NF > 1 && $(NF - 1) == "->" && $NF ~ /^\/dev\// && $NF != "/dev/null" { print $NF, pid }
		' | sort -u
	)
	echo "$open_files" | while read -r node pid; do
		[ "$node" = "$1" ] || continue
		line "/proc/$pid/comm"
		echo "$2 is held by ${line:-a process} (pid $pid)"
	done
}

# refuse_if_used: ends the command if the device of facts() is in use.
refuse_if_used() {
	[ -z "${force:-}" ] || return 0
	uses=$(users)
	[ -n "$uses" ] || return 0
	say "$name is in use:"
	echo "$uses" | sed 's/^/  /' >&2
	die "$IN_USE" 'nothing was changed; --force takes it all the same'
}
