/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What Rust can't reach by itself: inline functions and string parameters.
 */
#ifndef OVERDRIVE_HELPERS_H
#define OVERDRIVE_HELPERS_H

#include <linux/types.h>

struct delayed_work;
struct device;
struct work_struct;

const char *overdrive_version(void);

#ifndef MODULE
/* In Rust; see src/abstractions/early_stage.rs. */
int overdrive_early_stage(void);
#endif

extern char *overdrive_pci_driver;
extern char *overdrive_platform_driver;
extern bool overdrive_reset_required;

/* NULL if not given. */
extern char *overdrive_rules;
extern char *overdrive_slots;
extern char *overdrive_buses;

int overdrive_device_match_driver_override(struct device *dev);
struct device *overdrive_physfn(struct device *dev);
bool overdrive_is_bridge(struct device *dev);

void overdrive_init_delayed_work(struct delayed_work *dwork,
				 void (*func)(struct work_struct *work));
void overdrive_schedule_delayed_work(struct delayed_work *dwork, unsigned int msecs);

#endif /* OVERDRIVE_HELPERS_H */
