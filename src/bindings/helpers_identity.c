// SPDX-License-Identifier: GPL-2.0
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/property.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/usb.h>

#include "helpers_identity.h"

/* False unless @dev is a physical PCI device: a virtual function has an address, but no place. */
bool overdrive_pci_address(struct device *dev, struct overdrive_pci_address *address)
{
	struct pci_dev *pdev;

	if (!dev_is_pci(dev) || to_pci_dev(dev)->is_virtfn)
		return false;

	pdev = to_pci_dev(dev);
	address->domain = pci_domain_nr(pdev->bus);
	address->bus = pdev->bus->number;
	address->device = PCI_SLOT(pdev->devfn);
	address->function = PCI_FUNC(pdev->devfn);
	return true;
}

/*
 * The index of a virtual function, or an error. Of a single one, the stride can
 * be 0, by which pci_iov_vf_id() divides.
 */
int overdrive_vf_index(struct device *dev)
{
#ifdef CONFIG_PCI_IOV
	struct pci_dev *pdev;
	struct pci_dev *pf;
	u16 stride = 0;
	int pos;

	if (!dev_is_pci(dev) || !to_pci_dev(dev)->is_virtfn)
		return -ENODEV;

	pdev = to_pci_dev(dev);
	pf = pci_physfn(pdev);
	pos = pci_find_ext_capability(pf, PCI_EXT_CAP_ID_SRIOV);
	if (!pos)
		return -ENODEV;
	pci_read_config_word(pf, pos + PCI_SRIOV_VF_STRIDE, &stride);
	return stride ? pci_iov_vf_id(pdev) : 0;
#else
	return -ENODEV;
#endif
}

/*
 * The Device Serial Number, 0 if there is none or it can't be read; @known says
 * that it will be the same the next time. A device in D3cold is not woken, and
 * one that sleeps may be behind a bridge that does, too.
 */
u64 overdrive_pci_serial(struct device *dev, bool *known)
{
	u64 serial = 0;

	*known = true;
#ifdef CONFIG_PCI
	if (dev_is_pci(dev)) {
		int active = pm_runtime_get_if_active(dev);

		if (to_pci_dev(dev)->current_state != PCI_D3cold)
			serial = pci_get_dsn(to_pci_dev(dev));
		/* Not 0 either if there is no runtime power management. */
		*known = serial || active;
		if (active > 0)
			pm_runtime_put(dev);
	}
#endif
	return serial;
}

static bool has_type(struct device *dev, const char *name)
{
	return dev->type && dev->type->name && !strcmp(dev->type->name, name);
}

/*
 * The USB device that @dev is, or is an interface of. Told by the names of
 * their types: the types themselves belong to usbcore, which can be a module.
 */
static struct usb_device *usb_device_of(struct device *dev)
{
	if (!dev->bus || strcmp(dev->bus->name, "usb"))
		return NULL;
	if (has_type(dev, "usb_device"))
		return to_usb_device(dev);
	if (has_type(dev, "usb_interface"))
		return interface_to_usbdev(to_usb_interface(dev));
	return NULL;
}

/* NULL if there is none. */
const char *overdrive_usb_serial(struct device *dev)
{
	struct usb_device *udev = usb_device_of(dev);

	return udev ? udev->serial : NULL;
}

static bool is_usb_hub(struct device *dev)
{
	struct usb_device *udev = usb_device_of(dev);

	return udev && udev->descriptor.bDeviceClass == USB_CLASS_HUB;
}

static bool is_pci_bridge(struct device *dev)
{
	struct pci_dev *pdev;

	if (!dev_is_pci(dev))
		return false;

	pdev = to_pci_dev(dev);
	return pdev->hdr_type != PCI_HEADER_TYPE_NORMAL ||
	       pdev->class >> 8 == PCI_CLASS_BRIDGE_HOST;
}

/* Other devices are behind @dev: it is a bridge, a host bridge or a hub. */
bool overdrive_leads_to_devices(struct device *dev)
{
	return is_pci_bridge(dev) || is_usb_hub(dev);
}

/*
 * NULL if @dev has no firmware node, an error pointer if there is no memory. The
 * caller frees it.
 */
char *overdrive_firmware_path(struct device *dev)
{
	struct fwnode_handle *fwnode = dev_fwnode(dev);
	char *path;

	if (IS_ERR_OR_NULL(fwnode))
		return NULL;
	path = kasprintf(GFP_KERNEL, "%pfwf", fwnode);
	return path ? path : ERR_PTR(-ENOMEM);
}
