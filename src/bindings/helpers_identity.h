/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The names and numbers that tell one device from all others.
 */
#ifndef OVERDRIVE_HELPERS_IDENTITY_H
#define OVERDRIVE_HELPERS_IDENTITY_H

#include <linux/types.h>

struct device;

struct overdrive_pci_address {
	int domain;
	unsigned char bus;
	unsigned char device;
	unsigned char function;
};

bool overdrive_pci_address(struct device *dev, struct overdrive_pci_address *address);
int overdrive_vf_index(struct device *dev);
u64 overdrive_pci_serial(struct device *dev, bool *known);
const char *overdrive_usb_serial(struct device *dev);
bool overdrive_leads_to_devices(struct device *dev);
char *overdrive_firmware_path(struct device *dev);

#endif /* OVERDRIVE_HELPERS_IDENTITY_H */
