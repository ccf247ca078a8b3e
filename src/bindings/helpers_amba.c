// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "helpers_amba.h"

#ifdef CONFIG_ARM_AMBA
char *overdrive_amba_driver = "vfio-amba";
module_param_named(amba_driver, overdrive_amba_driver, charp, 0444);
MODULE_PARM_DESC(amba_driver, "Name of the AMBA meta driver (default: vfio-amba)");

/* As the other drivers' default names are: see overdrive.rs. */
MODULE_ALIAS("vfio-amba");
#endif
