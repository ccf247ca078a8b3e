/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events. The kernel crate's declare_trace!() takes only those that its own
 * bindings have.
 */
#ifndef OVERDRIVE_HELPERS_TRACE_H
#define OVERDRIVE_HELPERS_TRACE_H

#include <linux/types.h>

struct device;

void overdrive_trace_begin(u64 transaction, unsigned int devices, const char *driver, size_t len,
			   bool lend);
void overdrive_trace_release(u64 transaction, const struct device *dev, const char *driver,
			     size_t len);
void overdrive_trace_attach(u64 transaction, const struct device *dev, const char *driver,
			    size_t len, int error);
void overdrive_trace_roll_back(u64 transaction, const struct device *dev, const char *driver,
			       size_t len, int error);
void overdrive_trace_lend(u64 transaction, const struct device *dev, const char *driver,
			  size_t len);
void overdrive_trace_return(u64 transaction, const struct device *dev, const char *driver,
			    size_t len, int error);
void overdrive_trace_rule(const struct device *dev, const char *rule, size_t rule_len,
			  const char *driver, size_t driver_len);

#endif /* OVERDRIVE_HELPERS_TRACE_H */
