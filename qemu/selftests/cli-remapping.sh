#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# An IOMMU that does not remap interrupts is named, because VFIO opens no device then.
#
# Machines: q35
# Timeout: 60
# Append: intremap=off

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

load_overdrive
plan 2
check "interrupts that are not remapped are found" finds no-interrupt-remapping
check "interrupts that are not remapped are bad" exits 1 doctor
unload_overdrive
finish
