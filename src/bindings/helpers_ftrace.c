// SPDX-License-Identifier: GPL-2.0
#include <linux/device.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "helpers_ftrace.h"

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
/*
 * The callback of a redirect: has a function go on elsewhere, where the
 * signature is the same.
 *
 * Most calls of a match function are for devices without an override. For them
 * the function itself knows the answer, and nothing else must cost anything.
 * Whether the override names the driver is for the other function to find out:
 * here no lock may be taken that can sleep, as a spinlock does on PREEMPT_RT.
 *
 * A call that comes from this module's code wants the function itself. One from
 * its init section may take the long way, and gets the same answer.
 */
void notrace overdrive_redirect(unsigned long ip, unsigned long parent_ip,
				struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct overdrive_redirect *redirect = container_of(ops, struct overdrive_redirect, ops);
	unsigned long to = READ_ONCE(redirect->to);
	struct device *dev;

	if (!to)
		return;
	if (redirect->only_overridden) {
		dev = (void *)ftrace_regs_get_argument(fregs, 0);
		if (!READ_ONCE(dev->driver_override.name))
			return;
	}
	if (within_module_mem_type(parent_ip, THIS_MODULE, MOD_TEXT))
		return;
	ftrace_regs_set_instruction_pointer(fregs, to);
}
#endif

/*
 * Keeps this module's code for good. If it is going already, which nobody can
 * take back, the task that removes it stays here.
 */
void overdrive_keep_this_module(void)
{
	if (READ_ONCE(THIS_MODULE->state) == MODULE_STATE_LIVE && try_module_get(THIS_MODULE))
		return;
	for (;;)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

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
