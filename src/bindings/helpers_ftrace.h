/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Redirecting functions, and what must stay for as long as they are.
 */
#ifndef OVERDRIVE_HELPERS_FTRACE_H
#define OVERDRIVE_HELPERS_FTRACE_H

#include <linux/ftrace.h>
#include <linux/types.h>

struct bus_type;
struct device;
struct device_driver;
struct module;

typedef int (*overdrive_match_fn)(struct device *dev, const struct device_driver *drv);

struct overdrive_redirect {
	struct ftrace_ops ops;
	/* Where the function goes on instead; 0 if it goes on where it is. */
	unsigned long to;
	/* The first argument is a device, and has an override. */
	bool only_overridden;
};

void overdrive_redirect(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs);
bool overdrive_know_callers(void);
int overdrive_call_match(overdrive_match_fn match, struct device *dev,
			 const struct device_driver *drv);
int overdrive_call_bus_register(const struct bus_type *bus);
void overdrive_keep_this_module(void);
void overdrive_synchronize_rcu_tasks(void);

bool overdrive_within_module(unsigned long address, const struct module *mod);
bool overdrive_try_module_get(struct module *mod);
#ifndef MODULE
struct module *overdrive_module_get_of(unsigned long address);
#endif

#endif /* OVERDRIVE_HELPERS_FTRACE_H */
