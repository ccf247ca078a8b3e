/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiting and working: what a transaction needs, and macros that Rust can't call.
 */
#ifndef OVERDRIVE_HELPERS_TRANSACTION_H
#define OVERDRIVE_HELPERS_TRANSACTION_H

#include <linux/types.h>
#include <linux/wait.h>

struct device;
struct device_driver;
struct kmem_cache;
struct lock_class_key;
struct workqueue_struct;

/* Something that happens again and again, and that can be waited for. */
struct overdrive_event {
	struct wait_queue_head waiters;
	/* How often it happened. */
	unsigned int count;
};

void overdrive_event_init(struct overdrive_event *event, const char *name,
			  struct lock_class_key *key);
unsigned int overdrive_event_count(const struct overdrive_event *event);
void overdrive_event_signal(struct overdrive_event *event);
int overdrive_event_wait(struct overdrive_event *event, unsigned int seen);
unsigned int overdrive_event_wait_timeout(struct overdrive_event *event, unsigned int seen,
					  unsigned int msecs);

bool overdrive_sleep_killable(unsigned int msecs);

struct workqueue_struct *overdrive_alloc_workqueue(const char *name);

bool overdrive_driver_managed_dma(const struct device_driver *drv);
bool overdrive_forces_synchronous_probe(const struct device_driver *drv);
bool overdrive_has_iommu(struct device *dev);
bool overdrive_has_vfio_device(struct device *dev);

bool overdrive_may_have_consumers(const struct device *dev);
bool overdrive_is_consumer(const struct device *supplier, const struct device *dev);

struct kmem_cache *overdrive_override_cache_create(unsigned int size);
char *overdrive_override_cache_alloc(struct kmem_cache *cache);

bool overdrive_add_was_told(struct device *dev);
bool overdrive_is_in_sysfs(struct device *dev);

int overdrive_power_register(int (*stop)(void), void (*start)(void), void (*shut_down)(void));
void overdrive_power_unregister(void);

#endif /* OVERDRIVE_HELPERS_TRANSACTION_H */
