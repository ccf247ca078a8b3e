// SPDX-License-Identifier: GPL-2.0
#include <linux/device.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/workqueue.h>
#ifndef MODULE
#include <asm/setup.h>
#endif

#include "helpers.h"

MODULE_VERSION(OVERDRIVE_VERSION);

const char *overdrive_version(void)
{
	return OVERDRIVE_VERSION;
}

char *overdrive_pci_driver = "vfio-meta";
module_param_named(pci_driver, overdrive_pci_driver, charp, 0444);
MODULE_PARM_DESC(pci_driver, "Name of the PCI meta driver (default: vfio-meta)");

char *overdrive_platform_driver = "vfio-platform";
module_param_named(platform_driver, overdrive_platform_driver, charp, 0444);
MODULE_PARM_DESC(platform_driver, "Name of the platform meta driver (default: vfio-platform)");

/*
 * A text that can be given in parts, each by an option of its own: in several
 * files of modprobe.d, and on the kernel command line.
 */
struct overdrive_text {
	char **text;
	const char *separator;
#ifndef MODULE
	/* Built into the kernel, it is parsed before there is a slab. */
	char early[COMMAND_LINE_SIZE];
#endif
};

#ifdef MODULE
static int overdrive_text_set(const char *val, const struct kernel_param *kp)
{
	const struct overdrive_text *param = kp->arg;
	char *joined;

	if (!*val)
		return 0;
	joined = kasprintf(GFP_KERNEL, "%s%s%s", *param->text ?: "",
			   *param->text ? param->separator : "", val);
	if (!joined)
		return -ENOMEM;
	/* Whoever reads it gets a page, which ends with a newline and a NUL. */
	if (strlen(joined) > PAGE_SIZE - 2) {
		pr_err("overdrive: %s= has more than %lu bytes\n", kp->name, PAGE_SIZE - 2);
		kfree(joined);
		return -ENOSPC;
	}
	kfree(*param->text);
	*param->text = joined;
	return 0;
}
#else
static int overdrive_text_set(const char *val, const struct kernel_param *kp)
{
	struct overdrive_text *param = kp->arg;
	size_t len = strlen(param->early);
	size_t left = sizeof(param->early) - len;

	if (!*val)
		return 0;
	if (snprintf(param->early + len, left, "%s%s", len ? param->separator : "", val) >= left) {
		param->early[len] = '\0';
		pr_err("overdrive: %s= has more than %zu bytes\n", kp->name, sizeof(param->early) - 1);
		return -ENOSPC;
	}
	*param->text = param->early;
	return 0;
}
#endif

static int overdrive_text_get(char *buffer, const struct kernel_param *kp)
{
	const struct overdrive_text *param = kp->arg;

	return scnprintf(buffer, PAGE_SIZE, "%s\n", *param->text ?: "");
}

/* Only modules free their parameters. */
static void overdrive_text_free(void *arg)
{
#ifdef MODULE
	const struct overdrive_text *param = arg;

	kfree(*param->text);
#endif
}

static const struct kernel_param_ops overdrive_text_ops = {
	.set = overdrive_text_set,
	.get = overdrive_text_get,
	.free = overdrive_text_free,
};

char *overdrive_rules;
static struct overdrive_text overdrive_rules_text = { .text = &overdrive_rules, .separator = ";" };
module_param_cb(rules, &overdrive_text_ops, &overdrive_rules_text, 0444);
__MODULE_PARM_TYPE(rules, "string");
MODULE_PARM_DESC(rules, "Rules that hold from load, [name=N,][bus=B,]MATCHER=TEXT,...,driver=D;...");

char *overdrive_slots;
static struct overdrive_text overdrive_slots_text = { .text = &overdrive_slots, .separator = "" };
module_param_cb(slots, &overdrive_text_ops, &overdrive_slots_text, 0444);
__MODULE_PARM_TYPE(slots, "string");
MODULE_PARM_DESC(slots, "Slots that the meta drivers seize from load, (BB:SS.F)(platform/NAME)...");

char *overdrive_buses;
static struct overdrive_text overdrive_buses_text = { .text = &overdrive_buses, .separator = "," };
module_param_cb(buses, &overdrive_text_ops, &overdrive_buses_text, 0444);
__MODULE_PARM_TYPE(buses, "string");
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

void overdrive_init_delayed_work(struct delayed_work *dwork,
				 void (*func)(struct work_struct *work))
{
	INIT_DELAYED_WORK(dwork, func);
}

void overdrive_schedule_delayed_work(struct delayed_work *dwork, unsigned int msecs)
{
	schedule_delayed_work(dwork, msecs_to_jiffies(msecs));
}

#ifndef MODULE
/*
 * After the buses were registered, and before the first device of PCI is found,
 * or that of a device tree.
 */
static int __init overdrive_early(void)
{
	return overdrive_early_stage();
}
postcore_initcall_sync(overdrive_early);
#endif
