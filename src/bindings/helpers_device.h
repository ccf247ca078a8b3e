/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inline functions that a driver of real devices needs: user memory, locks, I/O
 * ports, mappings, power, firmware and resets.
 */
#ifndef OVERDRIVE_HELPERS_DEVICE_H
#define OVERDRIVE_HELPERS_DEVICE_H

#include <linux/mm_types.h>
#include <linux/types.h>

struct device;
struct reset_control;

int overdrive_put_user_u8(u8 value, u8 __user *ptr);
int overdrive_put_user_u16(u16 value, u16 __user *ptr);
int overdrive_put_user_u32(u32 value, u32 __user *ptr);
int overdrive_put_user_u64(u64 value, u64 __user *ptr);
/* The value, or -EFAULT. */
s64 overdrive_get_user_u8(const u8 __user *ptr);
s64 overdrive_get_user_u16(const u16 __user *ptr);
s64 overdrive_get_user_u32(const u32 __user *ptr);
/* One that can be anything goes another way. */
int overdrive_get_user_u64(u64 *value, const u64 __user *ptr);

u8 overdrive_readb(const void __iomem *addr);
u16 overdrive_readw(const void __iomem *addr);
u32 overdrive_readl(const void __iomem *addr);
void overdrive_writeb(u8 value, void __iomem *addr);
void overdrive_writew(u16 value, void __iomem *addr);
void overdrive_writel(u32 value, void __iomem *addr);
#ifdef CONFIG_64BIT
u64 overdrive_readq(const void __iomem *addr);
void overdrive_writeq(u64 value, void __iomem *addr);
#endif

unsigned int overdrive_rcu_read_lock_sched(const bool *flag);
void overdrive_rcu_read_unlock_sched(void);

bool overdrive_has_ioport(void);
u8 overdrive_inb(unsigned long port);
u16 overdrive_inw(unsigned long port);
u32 overdrive_inl(unsigned long port);
void overdrive_outb(u8 value, unsigned long port);
void overdrive_outw(u16 value, unsigned long port);
void overdrive_outl(u32 value, unsigned long port);

bool overdrive_irq_is_level(unsigned int irq);

void overdrive_vma_set_device_memory(struct vm_area_struct *vma);
int overdrive_vma_enter_device_memory(struct vm_area_struct *vma,
				      unsigned long pfn);
int overdrive_mmap_read_lock_killable(struct mm_struct *mm);
#if IS_ENABLED(CONFIG_KUNIT)
void overdrive_mmap_write_lock(struct mm_struct *mm);
void overdrive_mmap_write_unlock(struct mm_struct *mm);
#endif
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

struct reset_control *overdrive_reset_control_get(struct device *dev);
void overdrive_reset_control_put(struct reset_control *rstc);
int overdrive_reset_control_reset(struct reset_control *rstc);
int overdrive_reset_control_assert(struct reset_control *rstc);
int overdrive_reset_control_deassert(struct reset_control *rstc);

#endif /* OVERDRIVE_HELPERS_DEVICE_H */
