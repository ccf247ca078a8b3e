// SPDX-License-Identifier: GPL-2.0
#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/mm.h>
#include <linux/of.h>
#include <linux/pm_runtime.h>
#include <linux/property.h>
#include <linux/rcupdate.h>
#include <linux/reset.h>
#include <linux/uaccess.h>

#include "helpers_device.h"

/* In line, where put_user() and get_user() are calls on some architectures. */
#define DEFINE_PUT_USER(type)							\
	int overdrive_put_user_##type(type value, type __user *ptr)		\
	{									\
		might_fault();							\
		if (!user_write_access_begin(ptr, sizeof(*ptr)))		\
			return -EFAULT;						\
		unsafe_put_user(value, ptr, fault);				\
		user_write_access_end();					\
		return 0;							\
	fault:									\
		user_write_access_end();					\
		return -EFAULT;							\
	}

DEFINE_PUT_USER(u8)
DEFINE_PUT_USER(u16)
DEFINE_PUT_USER(u32)
DEFINE_PUT_USER(u64)

#define DEFINE_GET_USER(type)							\
	s64 overdrive_get_user_##type(const type __user *ptr)			\
	{									\
		type value;							\
										\
		might_fault();							\
		if (!user_read_access_begin(ptr, sizeof(*ptr)))			\
			return -EFAULT;						\
		unsafe_get_user(value, ptr, fault);				\
		user_read_access_end();						\
		return value;							\
	fault:									\
		user_read_access_end();						\
		return -EFAULT;							\
	}

DEFINE_GET_USER(u8)
DEFINE_GET_USER(u16)
DEFINE_GET_USER(u32)

int overdrive_get_user_u64(u64 *value, const u64 __user *ptr)
{
	return get_user(*value, ptr);
}

/* The kernel crate's own can be traced. */
#define DEFINE_MMIO(suffix, type)						\
	type overdrive_read##suffix(const void __iomem *addr)			\
	{									\
		return read##suffix(addr);					\
	}									\
										\
	void overdrive_write##suffix(type value, void __iomem *addr)		\
	{									\
		write##suffix(value, addr);					\
	}

DEFINE_MMIO(b, u8)
DEFINE_MMIO(w, u16)
DEFINE_MMIO(l, u32)
#ifdef CONFIG_64BIT
DEFINE_MMIO(q, u64)
#endif

/*
 * Returns @flag, as it is in the section: both in one call, which every access
 * to a register has to make.
 */
unsigned int overdrive_rcu_read_lock_sched(const bool *flag)
{
	rcu_read_lock_sched();
	/* As a number, which needs no instruction to become a bool. */
	return smp_load_acquire((const u8 *)flag);
}

void overdrive_rcu_read_unlock_sched(void)
{
	rcu_read_unlock_sched();
}

bool overdrive_has_ioport(void)
{
	return IS_ENABLED(CONFIG_HAS_IOPORT);
}

#ifdef CONFIG_HAS_IOPORT
#define DEFINE_PORT_ACCESS(suffix, type)					\
	type overdrive_in##suffix(unsigned long port)				\
	{									\
		return in##suffix(port);					\
	}									\
										\
	void overdrive_out##suffix(type value, unsigned long port)		\
	{									\
		out##suffix(value, port);					\
	}
#else
#define DEFINE_PORT_ACCESS(suffix, type)					\
	type overdrive_in##suffix(unsigned long port)				\
	{									\
		return (type)~0;						\
	}									\
										\
	void overdrive_out##suffix(type value, unsigned long port)		\
	{									\
	}
#endif

DEFINE_PORT_ACCESS(b, u8)
DEFINE_PORT_ACCESS(w, u16)
DEFINE_PORT_ACCESS(l, u32)

bool overdrive_irq_is_level(unsigned int irq)
{
	return irq_get_trigger_type(irq) & IRQ_TYPE_LEVEL_MASK;
}

static pgprot_t device_memory(pgprot_t prot)
{
	return pgprot_decrypted(pgprot_noncached(prot));
}

void overdrive_vma_set_device_memory(struct vm_area_struct *vma)
{
	vma->vm_page_prot = device_memory(vma->vm_page_prot);
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
}

/* remap_pfn_range() sets the same flags. */
int overdrive_vma_enter_device_memory(struct vm_area_struct *vma,
				      unsigned long pfn)
{
	vma->vm_page_prot = device_memory(vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, pfn,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

int overdrive_mmap_read_lock_killable(struct mm_struct *mm)
{
	return mmap_read_lock_killable(mm);
}

#if IS_ENABLED(CONFIG_KUNIT)
void overdrive_mmap_write_lock(struct mm_struct *mm)
{
	mmap_write_lock(mm);
}

void overdrive_mmap_write_unlock(struct mm_struct *mm)
{
	mmap_write_unlock(mm);
}
#endif

vm_fault_t overdrive_vmf_insert_pfn(struct vm_fault *vmf, unsigned long pfn,
				    unsigned int order)
{
	if (!order)
		return vmf_insert_pfn(vmf->vma, vmf->address, pfn);
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	if (order == PMD_ORDER)
		return vmf_insert_pfn_pmd(vmf, pfn, false);
#endif
#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
	if (order == PUD_ORDER)
		return vmf_insert_pfn_pud(vmf, pfn, false);
#endif
	return VM_FAULT_FALLBACK;
}

void overdrive_pm_runtime_enable(struct device *dev)
{
	pm_runtime_enable(dev);
}

void overdrive_pm_runtime_disable(struct device *dev)
{
	pm_runtime_disable(dev);
}

int overdrive_pm_runtime_resume_and_get(struct device *dev)
{
	return pm_runtime_resume_and_get(dev);
}

void overdrive_pm_runtime_put(struct device *dev)
{
	pm_runtime_put(dev);
}

bool overdrive_device_is_compatible(struct device *dev, const char *compatible)
{
	return device_is_compatible(dev, compatible);
}

const char *overdrive_acpi_hid(struct device *dev)
{
#ifdef CONFIG_ACPI
	struct acpi_device *adev = ACPI_COMPANION(dev);

	return adev ? acpi_device_hid(adev) : NULL;
#else
	return NULL;
#endif
}

bool overdrive_acpi_has_method(struct device *dev, char *method)
{
#ifdef CONFIG_ACPI
	acpi_handle handle = ACPI_HANDLE(dev);

	return handle && acpi_has_method(handle, method);
#else
	return false;
#endif
}

int overdrive_acpi_call(struct device *dev, char *method)
{
#ifdef CONFIG_ACPI
	acpi_status status;

	status = acpi_evaluate_object(ACPI_HANDLE(dev), method, NULL, NULL);
	return ACPI_FAILURE(status) ? -EINVAL : 0;
#else
	return -ENOENT;
#endif
}

/* NULL without an error: the firmware describes no reset lines. */
struct reset_control *overdrive_reset_control_get(struct device *dev)
{
	if (!dev_of_node(dev))
		return NULL;

	return of_reset_control_array_get_optional_exclusive(dev_of_node(dev));
}

void overdrive_reset_control_put(struct reset_control *rstc)
{
	reset_control_put(rstc);
}

int overdrive_reset_control_reset(struct reset_control *rstc)
{
	return reset_control_reset(rstc);
}

int overdrive_reset_control_assert(struct reset_control *rstc)
{
	return reset_control_assert(rstc);
}

int overdrive_reset_control_deassert(struct reset_control *rstc)
{
	return reset_control_deassert(rstc);
}
