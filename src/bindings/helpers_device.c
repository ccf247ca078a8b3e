// SPDX-License-Identifier: GPL-2.0
#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/mm.h>
#include <linux/of.h>
#include <linux/pm_runtime.h>
#include <linux/property.h>
#include <linux/reset.h>
#include <linux/uaccess.h>

#include "helpers_device.h"

/* Functions on some architectures, in line on others. */
#define DEFINE_ACCESS(bits)							\
	u##bits overdrive_ioread##bits(const void __iomem *addr)		\
	{									\
		return ioread##bits(addr);					\
	}									\
										\
	void overdrive_iowrite##bits(u##bits value, void __iomem *addr)		\
	{									\
		iowrite##bits(value, addr);					\
	}

DEFINE_ACCESS(8)
DEFINE_ACCESS(16)
DEFINE_ACCESS(32)

int overdrive_put_user_u32(u32 value, u32 __user *ptr)
{
	return put_user(value, ptr);
}

int overdrive_get_user_u32(u32 *value, const u32 __user *ptr)
{
	return get_user(*value, ptr);
}

void __iomem *overdrive_ioport_map(unsigned long port, unsigned int len)
{
#ifdef CONFIG_HAS_IOPORT_MAP
	return ioport_map(port, len);
#else
	return NULL;
#endif
}

void overdrive_ioport_unmap(void __iomem *addr)
{
#ifdef CONFIG_HAS_IOPORT_MAP
	ioport_unmap(addr);
#endif
}

bool overdrive_irq_is_level(unsigned int irq)
{
	return irq_get_trigger_type(irq) & IRQ_TYPE_LEVEL_MASK;
}

void overdrive_vma_set_device_memory(struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
}

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

#ifdef CONFIG_OF
/* Whether @node, too, names one of the reset lines of @own. */
static bool shares_reset(struct device_node *own, struct device_node *node)
{
	struct of_phandle_args a, b;
	bool same = false;
	int i, j;

	for (i = 0; !same && !of_parse_phandle_with_args(own, "resets", "#reset-cells", i, &a); i++) {
		for (j = 0; !same && !of_parse_phandle_with_args(node, "resets", "#reset-cells", j, &b); j++) {
			same = of_phandle_args_equal(&a, &b);
			of_node_put(b.np);
		}
		of_node_put(a.np);
	}
	return same;
}
#endif

/*
 * Whether another node of the device tree names a reset line of @dev: to pulse it
 * would reset another device.
 */
bool overdrive_reset_is_shared(struct device *dev)
{
	bool shared = false;
#ifdef CONFIG_OF
	struct device_node *node;

	for_each_node_with_property(node, "resets") {
		shared = node != dev_of_node(dev) && shares_reset(dev_of_node(dev), node);
		if (shared) {
			of_node_put(node);
			break;
		}
	}
#endif
	return shared;
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
