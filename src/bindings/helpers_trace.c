// SPDX-License-Identifier: GPL-2.0
#define CREATE_TRACE_POINTS
#include "trace.h"

#include "helpers_trace.h"

void overdrive_trace_begin(u64 transaction, unsigned int devices, const char *driver, size_t len,
			   bool lend)
{
	trace_overdrive_begin(transaction, devices, driver, len, lend);
}

void overdrive_trace_release(u64 transaction, const struct device *dev, const char *driver,
			     size_t len)
{
	trace_overdrive_release(transaction, dev, driver, len, 0);
}

void overdrive_trace_attach(u64 transaction, const struct device *dev, const char *driver,
			    size_t len, int error)
{
	trace_overdrive_attach(transaction, dev, driver, len, error);
}

void overdrive_trace_roll_back(u64 transaction, const struct device *dev, const char *driver,
			       size_t len, int error)
{
	trace_overdrive_roll_back(transaction, dev, driver, len, error);
}

void overdrive_trace_lend(u64 transaction, const struct device *dev, const char *driver,
			  size_t len)
{
	trace_overdrive_lend(transaction, dev, driver, len, 0);
}

void overdrive_trace_return(u64 transaction, const struct device *dev, const char *driver,
			    size_t len, int error)
{
	trace_overdrive_return(transaction, dev, driver, len, error);
}

void overdrive_trace_rule(const struct device *dev, const char *rule, size_t rule_len,
			  const char *driver, size_t driver_len)
{
	trace_overdrive_rule(dev, rule, rule_len, driver, driver_len);
}
