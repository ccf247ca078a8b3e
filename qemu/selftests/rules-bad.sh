#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What is no rule, or one that no device can match: refused with a reason, at the cost of nothing else.
#
# Machines: q35
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

require_module overdrive_test
edu=0000:00:04.0

# what_was_said: the log's lines about rules since the mark.
what_was_said() {
	log_since "$mark" | grep -c 'overdrive: rule'
}

# refused FIELD AT VALUE: EINVAL, one line that has the place, and the field has what it had.
refused() {
	mark=$(log_mark)
	_before=$(cat "$rules/r/$1")
	fails_with EINVAL "$rules/r/$1" "$3" && is "$(what_was_said)" 1 &&
		log_since "$mark" | grep -q "rule r: $1: at $2: " && is "$(cat "$rules/r/$1")" "$_before"
}

# all_refused FIELD: each line of the input, which is where it is bad and the value.
all_refused() {
	while IFS= read -r _line; do
		refused "$1" "${_line%% *}" "${_line#* }" || return
	done
}

# becomes FIELD VALUE SHOWN
becomes() {
	echo "$2" >"$rules/r/$1" && is "$(cat "$rules/r/$1")" "$3"
}

# no_such_rule FIELD=VALUE...: they are good alone, but not together.
no_such_rule() {
	mkdir "$rules/n" || return
	for _field; do
		echo "${_field#*=}" >"$rules/n/${_field%%=*}" || return
	done
	mark=$(log_mark)
	fails_with EINVAL "$rules/n/enabled" 1 && is "$(what_was_said)" 1
	_status=$?
	rmdir "$rules/n"
	return $_status
}

plan 24

load_overdrive
mkdir $rules/r
check "a device's name that can be none is refused at its first bad character" all_refused device <<END
0 pci:0000:00:04.0
0 1234:11E8
0  0000:00:04.0
12 0000:00:04.0 
12 0000:00:04.0  # gpu
10 0000:00:04
9 0000:00:20.0
7 0000:100:00.0
7 80000000:00:00.0
4 00:20.*
3 pci/0000:00:04.0
2 ab[
3 Gerät
0 pci:v00001234*
0 usb:v1234p5678*
END
check "a place that can be none is refused at its first bad character" all_refused below <<END
8 0000:00:*
0 pci:0000:00:10.0
13 0000:00:10.0/
10 0000:00:10
END
check "a path that can be none is refused at its first bad character" all_refused path <<END
0 /devices/pci0000:00
8 0:1c.0/20.0
6 0:1c.0 
5 0:1c.*
END
check "a firmware node's path that can be none is refused at its first bad character" all_refused firmware <<'END'
5 \_SB.PCI00
4 \_SB/PCI0
8 \_SB.PCI*
3 /a//b
3 /a/
END
check "an alias that can be none is refused at its first bad character" all_refused modalias <<END
0 8086:10d3
0 PCI:V00008086*
0 vfio_pci:v00008086*
13 pci:v8086d10d3*
22 pci:v00001234d000011e8
END
check "indices that can be none are refused at the first bad character" all_refused vf <<END
0 7-3
4 65536
2 1,
1 0x1
END
check "a flag that is neither 0 nor 1 is refused at its first character" all_refused group_owned <<END
0 yes
0 2
END
check "a driver's name that can be none is refused at its first character" all_refused driver <<END
0 .
0 @all
END
check "the alias of a bus is no pattern of its name" all_refused bus <<END
2 pc*
1 p ci
END
check "a serial number that is blank is refused" refused serial 0 "  "
check "a serial number with a tab is refused" refused serial 1 "$(printf 'a\tb')"
check "an address of few digits becomes the one that the bus has" becomes device 0:4.0 0000:00:04.0
check "an ACPI path without its backslash gets one" becomes firmware _sb.pci0.s20_ '\_SB.PCI0.S20'
check "a path below /proc/device-tree becomes the node's own" \
	becomes firmware /proc/device-tree/soc/a@0 /soc/a@0
check "a serial number with colons and capitals is written in pairs" \
	becomes serial 52:54:00:FF:FF:12:34:56 52-54-00-ff-ff-12-34-56
check "the digits of an alias become upper case, those of a pattern too" \
	becomes modalias 'pci:v[0-9a-f]000abcdd*' 'pci:v[0-9A-F]000ABCDd*'
check "a backslash that takes no meaning away goes from a set" becomes device 'x[\,\]a]' 'x[,\]a]'
check_fails "a rule's name with a colon is refused" mkdir "$rules/a:b"
rmdir $rules/r

check "a rule of a path and a virtual function is refused" no_such_rule driver=none path=0:4.0 vf=0
check "a rule that has a device below itself is refused" no_such_rule driver=none device=0:4.0 below=00:04.0
check "a rule for another name than PCI's on its bus is refused" no_such_rule driver=none bus=pci device=eth0
check "a rule for all bridges is refused" no_such_rule driver=none 'modalias=pci:*bc06sc04*'
unload_overdrive

# One entry after the other, of which only the last is good.
unbind "$edu"
mark=$(log_mark)
load_overdrive "rules=device=pci:$edu,driver=x;device=$edu,device=$edu,driver=x;;driver=x;\
bus=pci,device=eth0,driver=x,,device=$edu,driver=;vf=7-3,driver=x;x=y;device=ü,driver=x;\
serial=$(head -c 260 /dev/zero | tr '\0' s),driver=x;name=good,device=$edu,driver=test-a"
check "a good rule holds after ten that are none" has_status "$edu" by rule:good
check "each rule that is none has a line of the log" \
	is "$(log_since "$mark" | grep -c 'rules= at .*this entry is left out')" 10
unload_overdrive
probe "$edu"
rmmod overdrive_test
finish
