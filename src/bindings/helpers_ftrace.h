/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Redirecting functions, and what must stay for as long as they are.
 */
#ifndef OVERDRIVE_HELPERS_FTRACE_H
#define OVERDRIVE_HELPERS_FTRACE_H

#include <linux/ftrace.h>
#include <linux/types.h>

struct module;

struct overdrive_redirect {
	struct ftrace_ops ops;
	/* Where the function goes on instead; 0 if it goes on where it is. */
	unsigned long to;
	/* The first argument is a device, and has an override. */
	bool only_overridden;
};

void overdrive_redirect(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs);
void overdrive_keep_this_module(void);
void overdrive_synchronize_rcu_tasks(void);

bool overdrive_within_module(unsigned long address, const struct module *mod);
bool overdrive_try_module_get(struct module *mod);

#endif /* OVERDRIVE_HELPERS_FTRACE_H */
