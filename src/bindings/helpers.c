// SPDX-License-Identifier: GPL-2.0
#include <linux/device.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "helpers.h"

MODULE_VERSION(OVERDRIVE_VERSION);

char *overdrive_pci_driver = "vfio-meta";
module_param_named(pci_driver, overdrive_pci_driver, charp, 0444);
MODULE_PARM_DESC(pci_driver, "Name of the PCI meta driver (default: vfio-meta)");

char *overdrive_platform_driver = "vfio-platform";
module_param_named(platform_driver, overdrive_platform_driver, charp, 0444);
MODULE_PARM_DESC(platform_driver, "Name of the platform meta driver (default: vfio-platform)");

bool overdrive_reset_required = true;
module_param_named(reset_required, overdrive_reset_required, bool, 0444);
MODULE_PARM_DESC(reset_required, "Refuse platform devices that can't be reset (default: Y)");

/* The device lock must be held, and the device have a driver. */
int overdrive_device_match_driver_override(struct device *dev)
{
	return device_match_driver_override(dev, dev->driver);
}
