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
	/* Where the function goes on instead. */
	unsigned long to;
	/* Also for the driver that the device's override names. */
	bool named;
};

void overdrive_redirect(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs);
void overdrive_synchronize_rcu_tasks(void);

bool overdrive_within_module(unsigned long address, const struct module *mod);
bool overdrive_try_module_get(struct module *mod);

#endif /* OVERDRIVE_HELPERS_FTRACE_H */
