// SPDX-License-Identifier: GPL-2.0
#include <linux/amba/bus.h>
#include <linux/device.h>
#ifdef CONFIG_CDX_BUS
#include <linux/cdx/cdx_bus.h>
#endif
#ifdef CONFIG_FSL_MC_BUS
#include <linux/fsl/mc.h>
#endif
#include <linux/iommu.h>
#include <linux/kernfs.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/reboot.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/suspend.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "helpers_transaction.h"

void overdrive_event_init(struct overdrive_event *event, const char *name,
			  struct lock_class_key *key)
{
	__init_waitqueue_head(&event->waiters, name, key);
	event->count = 0;
}

unsigned int overdrive_event_count(const struct overdrive_event *event)
{
	return READ_ONCE(event->count);
}

/* One at a time. */
void overdrive_event_signal(struct overdrive_event *event)
{
	WRITE_ONCE(event->count, event->count + 1);
	wake_up_all(&event->waiters);
}

/*
 * Whoever waits can be frozen, with the locks of the file that was written: whoever
 * wants those waits for a user in any case.
 */
int overdrive_event_wait(struct overdrive_event *event, unsigned int seen)
{
	return wait_event_state(event->waiters, READ_ONCE(event->count) != seen,
				TASK_KILLABLE | TASK_FREEZABLE_UNSAFE);
}

/* Returns how many milliseconds are left. */
unsigned int overdrive_event_wait_timeout(struct overdrive_event *event, unsigned int seen,
					  unsigned int msecs)
{
	return jiffies_to_msecs(wait_event_timeout(event->waiters,
						   READ_ONCE(event->count) != seen,
						   msecs_to_jiffies(msecs)));
}

/* Returns whether a fatal signal has ended the sleep. */
bool overdrive_sleep_killable(unsigned int msecs)
{
	__set_current_state(TASK_KILLABLE | TASK_FREEZABLE_UNSAFE);
	schedule_timeout(msecs_to_jiffies(msecs));
	return fatal_signal_pending(current);
}

struct workqueue_struct *overdrive_alloc_workqueue(const char *name)
{
	return alloc_workqueue("%s", WQ_UNBOUND, 0, name);
}

/*
 * Whether the driver leaves the DMA of its devices to userspace. @drv must stay
 * registered.
 */
bool overdrive_driver_managed_dma(const struct device_driver *drv)
{
	if (drv->bus == &platform_bus_type)
		return to_platform_driver(drv)->driver_managed_dma;
#ifdef CONFIG_PCI
	if (drv->bus == &pci_bus_type)
		return to_pci_driver(drv)->driver_managed_dma;
#endif
#ifdef CONFIG_ARM_AMBA
	if (drv->bus == &amba_bustype)
		return container_of_const(drv, struct amba_driver, drv)->driver_managed_dma;
#endif
#ifdef CONFIG_FSL_MC_BUS
	if (drv->bus == &fsl_mc_bus_type)
		return to_fsl_mc_driver(drv)->driver_managed_dma;
#endif
#ifdef CONFIG_CDX_BUS
	if (drv->bus == &cdx_bus_type)
		return to_cdx_driver(drv)->driver_managed_dma;
#endif
	return false;
}

bool overdrive_forces_synchronous_probe(const struct device_driver *drv)
{
	return drv->probe_type == PROBE_FORCE_SYNCHRONOUS;
}

/* Whether an IOMMU translates for @dev: a group without one is VFIO's own. */
bool overdrive_has_iommu(struct device *dev)
{
	return dev->iommu && dev->iommu->iommu_dev;
}

static int is_vfio_device(struct device *dev, void *data)
{
	return dev->class && !strcmp(dev->class->name, "vfio-dev");
}

/* Whether a driver of VFIO, whichever, hands @dev to userspace. */
bool overdrive_has_vfio_device(struct device *dev)
{
	return device_for_each_child(dev, NULL, is_vfio_device);
}

/* The list changes at any time: this is about whether it is worth looking further. */
bool overdrive_may_have_consumers(const struct device *dev)
{
	return READ_ONCE(dev->links.consumers.next) != &dev->links.consumers;
}

/*
 * The links between devices are private to the driver core; what it shows of them
 * is not. @supplier must stay in sysfs.
 */
bool overdrive_is_consumer(const struct device *supplier, const struct device *dev)
{
	struct kernfs_node *link;
	char *name;

	name = kasprintf(GFP_KERNEL, "consumer:%s:%s", dev_bus_name(dev), dev_name(dev));
	if (!name)
		return false;
	link = kernfs_find_and_get(supplier->kobj.sd, name);
	kfree(name);
	kernfs_put(link);
	return link;
}

/*
 * Objects of this cache are never mistaken for those of another: it is not merged
 * with any. kfree() takes them.
 */
struct kmem_cache *overdrive_override_cache_create(unsigned int size)
{
	return kmem_cache_create("overdrive_override", size, 1, SLAB_NO_MERGE, NULL);
}

char *overdrive_override_cache_alloc(struct kmem_cache *cache)
{
	return kmem_cache_zalloc(cache, GFP_KERNEL);
}

/* Whether userspace heard of the device, or never will. */
bool overdrive_add_was_told(struct device *dev)
{
	return dev->kobj.state_add_uevent_sent || dev->kobj.uevent_suppress;
}

bool overdrive_is_in_sysfs(struct device *dev)
{
	return dev->kobj.state_in_sysfs;
}

static int (*power_stop)(void);
static void (*power_start)(void);

static int overdrive_pm_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	switch (action) {
	case PM_HIBERNATION_PREPARE:
	case PM_SUSPEND_PREPARE:
	case PM_RESTORE_PREPARE:
		return notifier_from_errno(power_stop());
	case PM_POST_HIBERNATION:
	case PM_POST_SUSPEND:
	case PM_POST_RESTORE:
		power_start();
		break;
	}
	return NOTIFY_DONE;
}

static int overdrive_reboot_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	power_stop();
	return NOTIFY_DONE;
}

static struct notifier_block overdrive_pm_block = { .notifier_call = overdrive_pm_notify };
static struct notifier_block overdrive_reboot_block = { .notifier_call = overdrive_reboot_notify };

/* Once: the functions are called until overdrive_power_unregister() returns. */
int overdrive_power_register(int (*stop)(void), void (*start)(void))
{
	int ret;

	power_stop = stop;
	power_start = start;
	ret = register_pm_notifier(&overdrive_pm_block);
	if (ret)
		return ret;
	ret = register_reboot_notifier(&overdrive_reboot_block);
	if (ret)
		unregister_pm_notifier(&overdrive_pm_block);
	return ret;
}

void overdrive_power_unregister(void)
{
	unregister_reboot_notifier(&overdrive_reboot_block);
	unregister_pm_notifier(&overdrive_pm_block);
}
