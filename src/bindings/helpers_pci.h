/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parameters of the PCI meta driver, whose names, meanings and permissions are
 * vfio-pci's; and what takes a lock that Rust can't.
 */
#ifndef OVERDRIVE_HELPERS_PCI_H
#define OVERDRIVE_HELPERS_PCI_H

#include <linux/types.h>

extern bool overdrive_nointxmask;
extern bool overdrive_disable_idle_d3;
extern bool overdrive_disable_vga;
extern bool overdrive_enable_sriov;
extern bool overdrive_disable_denylist;

struct vfio_pci_core_device;

int overdrive_vfio_pci_change_command(struct vfio_pci_core_device *vdev, u16 clear, u16 set);

#endif /* OVERDRIVE_HELPERS_PCI_H */
