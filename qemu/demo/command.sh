# SPDX-License-Identifier: GPL-2.0
#
# What overdrive does that the kernel's files alone can't: part of pci.sh, whose variables it uses.
# shellcheck shell=sh disable=SC2034,SC2154

say "Now with the command, which does what these files can't do:"

# log_of DEVICE TEXT: the lines of the kernel log since it was cleared last.
log_of() {
	dmesg | grep -F "$2 $1:"
}

step "A rule before the first probe" \
	"A card that is plugged in is the standard driver's before anybody can say otherwise. A rule says it in advance." \
	"The card is taken off its bus and found again, as if it were plugged in." \
	"Expected: it comes up with $META, and e1000e never touches it: no line of e1000e in the kernel log."
run "overdrive rule add --for $twin mine driver=$META"
run "echo 1 > /sys/bus/pci/devices/$twin/remove"
run "dmesg -c > /dev/null"
run "echo 1 > /sys/bus/pci/rescan"
expect_soon pci "$twin" "$META"
if log_of "$twin" e1000e; then
	echo "  FAILED: e1000e has touched $twin"
	failed=1
else
	echo "  as expected: the kernel log has no line of e1000e about $twin"
fi
run "overdrive rule list"
run "overdrive rule del mine"
run "overdrive release $twin"
expect pci "$twin" e1000e

step "A roll-back" \
	"The driver that a device is to have may refuse it: e1000e is a network card's, and $edu is none." \
	"With the kernel's files alone, the device would have no driver now." \
	"Expected: the command fails, says why, and $META has the device as before."
run "overdrive bind $edu $META"
run_fails "overdrive bind $edu e1000e"
expect pci "$edu" "$META"

step "A set: several devices move together, or none does" \
	"Expected: $edu_twin, $nic and $twin get $META in one step." \
	"Then two of them are to go to e1000e, which one can't: the other one stays, too."
run "overdrive bind $edu_twin $nic $twin $META"
for device in $edu_twin $nic $twin; do
	expect pci "$device" "$META"
done
run_fails "overdrive bind $nic $edu_twin e1000e"
expect pci "$nic" "$META"
expect pci "$edu_twin" "$META"
run "overdrive release $edu $edu_twin $nic $twin"
expect pci "$nic" e1000e

step "A loan: a command has devices for as long as it runs" \
	"It is killed the hard way, without a chance to clean up." \
	"Expected: while it runs, $META has both devices; then e1000e has the network card again, and nobody the other one."
run "overdrive run --with $edu --with $nic -- sleep 1000 & echo \$! > /run/borrower"
expect_soon pci "$edu" "$META"
expect_soon pci "$nic" "$META"
run "kill -KILL \$(cat /run/borrower)"
expect_soon pci "$nic" e1000e
expect_soon pci "$edu" -

rng=
for dir in /sys/bus/virtio/devices/*; do
	[ $(($(cat "$dir/device"))) -ne 4 ] || rng=${dir##*/}
done
step "A bus without override" \
	"On the bus virtio the kernel has no driver_override: no file says which driver a device is to have." \
	"Expected: the file is there once the bus is extended, and keeps all drivers off $rng, the random number generator."
run_fails "ls /sys/bus/virtio/devices/$rng/driver_override"
run "overdrive bus add virtio"
run "ls /sys/bus/virtio/devices/$rng/driver_override"
run "overdrive bind $rng none"
expect virtio "$rng" -
run "overdrive release $rng"
expect virtio "$rng" virtio_rng
run "overdrive bus del virtio"
