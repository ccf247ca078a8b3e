/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parameters of the PCI meta driver. Names, meanings and permissions are
 * vfio-pci's.
 */
#ifndef OVERDRIVE_HELPERS_PCI_H
#define OVERDRIVE_HELPERS_PCI_H

#include <linux/types.h>

extern bool overdrive_nointxmask;
extern bool overdrive_disable_idle_d3;
extern bool overdrive_disable_vga;
extern bool overdrive_enable_sriov;
extern bool overdrive_disable_denylist;

#endif /* OVERDRIVE_HELPERS_PCI_H */
