// SPDX-License-Identifier: GPL-2.0
#include <linux/device.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "helpers_ftrace.h"

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
/*
 * The callback of a redirect of a bus's match function: has it go on elsewhere,
 * where the signature is the same.
 *
 * Most calls are for devices without an override. For them the function itself
 * knows the answer, and nothing else must cost anything. So it does for the
 * driver that an override names, unless a bus has it whatever the answer is.
 *
 * A call that comes from this module's code wants the function itself. One from
 * its init section may take the long way, and gets the same answer.
 */
void notrace overdrive_redirect(unsigned long ip, unsigned long parent_ip,
				struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct overdrive_redirect *redirect = container_of(ops, struct overdrive_redirect, ops);
	struct device *dev = (void *)ftrace_regs_get_argument(fregs, 0);
	const struct device_driver *drv = (const void *)ftrace_regs_get_argument(fregs, 1);

	if (!READ_ONCE(dev->driver_override.name))
		return;
	if (within_module_mem_type(parent_ip, THIS_MODULE, MOD_TEXT))
		return;
	if (!READ_ONCE(redirect->named) && device_match_driver_override(dev, drv) > 0)
		return;
	ftrace_regs_set_instruction_pointer(fregs, redirect->to);
}
#endif

void overdrive_synchronize_rcu_tasks(void)
{
	synchronize_rcu_tasks();
}

bool overdrive_within_module(unsigned long address, const struct module *mod)
{
	return within_module(address, mod);
}

bool overdrive_try_module_get(struct module *mod)
{
	return try_module_get(mod);
}
