/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The steps of transactions, and rules, as trace events: see
 * Documentation/driver-api/overdrive-transactions.rst.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM overdrive

#if !defined(OVERDRIVE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define OVERDRIVE_TRACE_H

#include <linux/device.h>
#include <linux/tracepoint.h>

TRACE_EVENT(overdrive_begin,
	TP_PROTO(u64 transaction, unsigned int devices, const char *driver, size_t len, bool lend),
	TP_ARGS(transaction, devices, driver, len, lend),
	TP_STRUCT__entry(
		__field(u64, transaction)
		__field(unsigned int, devices)
		__field(bool, lend)
		__string_len(driver, driver, len)
	),
	TP_fast_assign(
		__entry->transaction = transaction;
		__entry->devices = devices;
		__entry->lend = lend;
		__assign_str(driver);
	),
	TP_printk("transaction=%llu devices=%u driver=\"%s\" lend=%d", __entry->transaction,
		  __entry->devices, __get_str(driver), __entry->lend)
);

DECLARE_EVENT_CLASS(overdrive_step,
	TP_PROTO(u64 transaction, const struct device *dev, const char *driver, size_t len,
		 int error),
	TP_ARGS(transaction, dev, driver, len, error),
	TP_STRUCT__entry(
		__field(u64, transaction)
		__field(int, error)
		__string(bus, dev_bus_name(dev))
		__string(device, dev_name(dev))
		__string_len(driver, driver, len)
	),
	TP_fast_assign(
		__entry->transaction = transaction;
		__entry->error = error;
		__assign_str(bus);
		__assign_str(device);
		__assign_str(driver);
	),
	TP_printk("transaction=%llu device=\"%s/%s\" driver=\"%s\" error=%d",
		  __entry->transaction, __get_str(bus), __get_str(device), __get_str(driver),
		  __entry->error)
);

#define OVERDRIVE_STEP(name)							\
	DEFINE_EVENT(overdrive_step, name,					\
		TP_PROTO(u64 transaction, const struct device *dev, const char *driver,	\
			 size_t len, int error),				\
		TP_ARGS(transaction, dev, driver, len, error))

OVERDRIVE_STEP(overdrive_release);
OVERDRIVE_STEP(overdrive_attach);
OVERDRIVE_STEP(overdrive_roll_back);
OVERDRIVE_STEP(overdrive_lend);
OVERDRIVE_STEP(overdrive_return);

TRACE_EVENT(overdrive_rule,
	TP_PROTO(const struct device *dev, const char *rule, size_t rule_len, const char *driver,
		 size_t driver_len),
	TP_ARGS(dev, rule, rule_len, driver, driver_len),
	TP_STRUCT__entry(
		__string(bus, dev_bus_name(dev))
		__string(device, dev_name(dev))
		__string_len(rule, rule, rule_len)
		__string_len(driver, driver, driver_len)
	),
	TP_fast_assign(
		__assign_str(bus);
		__assign_str(device);
		__assign_str(rule);
		__assign_str(driver);
	),
	TP_printk("device=\"%s/%s\" rule=\"%s\" driver=\"%s\"", __get_str(bus), __get_str(device),
		  __get_str(rule), __get_str(driver))
);

#endif /* OVERDRIVE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
