// SPDX-License-Identifier: GPL-2.0
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/vfio_pci_core.h>

#include "helpers_pci.h"

bool overdrive_nointxmask;
module_param_named(nointxmask, overdrive_nointxmask, bool, 0644);
MODULE_PARM_DESC(nointxmask, "Mask INTx of PCI devices at the interrupt controller only (default: N)");

bool overdrive_disable_idle_d3;
module_param_named(disable_idle_d3, overdrive_disable_idle_d3, bool, 0644);
MODULE_PARM_DESC(disable_idle_d3, "Keep PCI devices that nobody uses in D0 (default: N)");

bool overdrive_disable_vga;
#ifdef CONFIG_VFIO_PCI_VGA
module_param_named(disable_vga, overdrive_disable_vga, bool, 0444);
MODULE_PARM_DESC(disable_vga, "Don't offer the legacy VGA ranges of PCI devices (default: N)");
#endif

bool overdrive_enable_sriov;
#ifdef CONFIG_PCI_IOV
module_param_named(enable_sriov, overdrive_enable_sriov, bool, 0644);
MODULE_PARM_DESC(enable_sriov, "Allow virtual functions of PCI devices that the meta driver has (default: N)");
#endif

bool overdrive_disable_denylist;
module_param_named(disable_denylist, overdrive_disable_denylist, bool, 0444);
MODULE_PARM_DESC(disable_denylist, "Take PCI devices with errata that their user can exploit (default: N)");

/*
 * Clears and sets bits of the command register; returns what it was, or a negative
 * number if the device does not answer. The handler of INTx and who unmasks it
 * change another bit of the register, under the same lock.
 */
int overdrive_vfio_pci_change_command(struct vfio_pci_core_device *vdev, u16 clear, u16 set)
{
	unsigned long flags;
	u16 command;
	int ret;

	spin_lock_irqsave(&vdev->irqlock, flags);
	ret = pci_read_config_word(vdev->pdev, PCI_COMMAND, &command);
	if (!ret && !PCI_POSSIBLE_ERROR(command))
		ret = pci_write_config_word(vdev->pdev, PCI_COMMAND, (command & ~clear) | set);
	spin_unlock_irqrestore(&vdev->irqlock, flags);

	return ret ? -EIO : command;
}
