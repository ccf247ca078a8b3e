/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a driver of real devices needs and Rust can't reach by itself: registers,
 * mappings, power, firmware and resets.
 */
#ifndef OVERDRIVE_HELPERS_DEVICE_H
#define OVERDRIVE_HELPERS_DEVICE_H

#include <linux/mm_types.h>
#include <linux/types.h>

struct device;
struct reset_control;

u8 overdrive_ioread8(const void __iomem *addr);
u16 overdrive_ioread16(const void __iomem *addr);
u32 overdrive_ioread32(const void __iomem *addr);
void overdrive_iowrite8(u8 value, void __iomem *addr);
void overdrive_iowrite16(u16 value, void __iomem *addr);
void overdrive_iowrite32(u32 value, void __iomem *addr);

int overdrive_put_user_u32(u32 value, u32 __user *ptr);
int overdrive_get_user_u32(u32 *value, const u32 __user *ptr);

void __iomem *overdrive_ioport_map(unsigned long port, unsigned int len);
void overdrive_ioport_unmap(void __iomem *addr);

bool overdrive_irq_is_level(unsigned int irq);

void overdrive_vma_set_device_memory(struct vm_area_struct *vma);
vm_fault_t overdrive_vmf_insert_pfn(struct vm_fault *vmf, unsigned long pfn,
				    unsigned int order);

void overdrive_pm_runtime_enable(struct device *dev);
void overdrive_pm_runtime_disable(struct device *dev);
int overdrive_pm_runtime_resume_and_get(struct device *dev);
void overdrive_pm_runtime_put(struct device *dev);

bool overdrive_device_is_compatible(struct device *dev, const char *compatible);
const char *overdrive_acpi_hid(struct device *dev);
bool overdrive_acpi_has_method(struct device *dev, char *method);
int overdrive_acpi_call(struct device *dev, char *method);

bool overdrive_reset_is_shared(struct device *dev);
struct reset_control *overdrive_reset_control_get(struct device *dev);
void overdrive_reset_control_put(struct reset_control *rstc);
int overdrive_reset_control_reset(struct reset_control *rstc);
int overdrive_reset_control_assert(struct reset_control *rstc);
int overdrive_reset_control_deassert(struct reset_control *rstc);

#endif /* OVERDRIVE_HELPERS_DEVICE_H */
