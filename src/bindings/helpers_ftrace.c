// SPDX-License-Identifier: GPL-2.0
#include <linux/device.h>
#include <linux/device/bus.h>
#include <linux/ftrace.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "helpers_ftrace.h"

/*
 * The calls of redirected functions that want the functions themselves. Each
 * must be a real one, which returns here: none may be in tail position.
 */
noinline int overdrive_call_match(overdrive_match_fn match, struct device *dev,
				  const struct device_driver *drv)
{
	int ret = match(dev, drv);

	barrier();
	return ret;
}

noinline int overdrive_call_bus_register(const struct bus_type *bus)
{
	int ret = bus_register(bus);

	barrier();
	return ret;
}

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#ifdef MODULE
/* One from the init section may take the long way, and gets the same answer. */
static __always_inline bool overdrive_is_caller(unsigned long ip)
{
	return within_module_mem_type(ip, THIS_MODULE, MOD_TEXT);
}

/* Must be called before the first redirect; false if there can be none. */
bool overdrive_know_callers(void)
{
	return true;
}
#else
static unsigned long overdrive_call_match_size;
static unsigned long overdrive_call_bus_register_size;

/* Built into the kernel, no section holds the callers alone. */
static __always_inline bool overdrive_is_caller(unsigned long ip)
{
	return ip - (unsigned long)overdrive_call_match < overdrive_call_match_size ||
	       ip - (unsigned long)overdrive_call_bus_register < overdrive_call_bus_register_size;
}

/* Must be called before the first redirect; false if there can be none. */
bool overdrive_know_callers(void)
{
	return kallsyms_lookup_size_offset((unsigned long)overdrive_call_match,
					   &overdrive_call_match_size, NULL) &&
	       kallsyms_lookup_size_offset((unsigned long)overdrive_call_bus_register,
					   &overdrive_call_bus_register_size, NULL);
}
#endif

/*
 * The callback of a redirect: has a function go on elsewhere, where the
 * signature is the same.
 *
 * Most calls of a match function are for devices without an override. For them
 * the function itself knows the answer, and nothing else must cost anything.
 * Whether the override names the driver is for the other function to find out:
 * here no lock may be taken that can sleep, as a spinlock does on PREEMPT_RT.
 *
 * A call that comes from this module's code wants the function itself.
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
	if (overdrive_is_caller(parent_ip))
		return;
	ftrace_regs_set_instruction_pointer(fregs, to);
}
#endif

/*
 * Keeps this module's code for good. If it is going already, which nobody can
 * take back, the task that removes it stays here. What is built into the kernel
 * does not go.
 */
void overdrive_keep_this_module(void)
{
#ifdef MODULE
	if (READ_ONCE(THIS_MODULE->state) == MODULE_STATE_LIVE && try_module_get(THIS_MODULE))
		return;
	for (;;)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
#endif
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

#ifndef MODULE
/*
 * The module that has @address, with a reference; NULL if it is the kernel's
 * own, or an error if the module is being unloaded.
 */
struct module *overdrive_module_get_of(unsigned long address)
{
	struct module *mod;

	guard(rcu)();
	mod = __module_address(address);
	if (mod && !try_module_get(mod))
		return ERR_PTR(-ENODEV);
	return mod;
}
#endif
