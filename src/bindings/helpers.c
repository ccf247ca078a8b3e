// SPDX-License-Identifier: GPL-2.0
#include <linux/device.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>

#include "helpers.h"

MODULE_VERSION(OVERDRIVE_VERSION);

char *overdrive_pci_driver = "vfio-meta";
module_param_named(pci_driver, overdrive_pci_driver, charp, 0444);
MODULE_PARM_DESC(pci_driver, "Name of the PCI meta driver (default: vfio-meta)");

char *overdrive_platform_driver = "vfio-platform";
module_param_named(platform_driver, overdrive_platform_driver, charp, 0444);
MODULE_PARM_DESC(platform_driver, "Name of the platform meta driver (default: vfio-platform)");

char *overdrive_rules = "";
module_param_named(rules, overdrive_rules, charp, 0444);
MODULE_PARM_DESC(rules, "Rules that hold from load, [name=N,][bus=B,]MATCHER=TEXT,...,driver=D;...");

char *overdrive_slots = "";
module_param_named(slots, overdrive_slots, charp, 0444);
MODULE_PARM_DESC(slots, "Slots that the meta drivers seize from load, (BB:SS.F)(platform/NAME)...");

char *overdrive_buses = "";
module_param_named(buses, overdrive_buses, charp, 0444);
MODULE_PARM_DESC(buses, "Buses that get a driver_override, BUS[:restrict|:force],...");

bool overdrive_reset_required = true;
module_param_named(reset_required, overdrive_reset_required, bool, 0444);
MODULE_PARM_DESC(reset_required, "Refuse platform devices that can't be reset (default: Y)");

/* The device lock must be held, and the device have a driver. */
int overdrive_device_match_driver_override(struct device *dev)
{
	return device_match_driver_override(dev, dev->driver);
}

/* NULL unless @dev is a virtual function. */
struct device *overdrive_physfn(struct device *dev)
{
	if (!dev_is_pci(dev) || !to_pci_dev(dev)->is_virtfn)
		return NULL;
	return &pci_physfn(to_pci_dev(dev))->dev;
}

bool overdrive_is_bridge(struct device *dev)
{
	return dev_is_pci(dev) && to_pci_dev(dev)->hdr_type != PCI_HEADER_TYPE_NORMAL;
}
