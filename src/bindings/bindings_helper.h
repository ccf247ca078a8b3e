/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What bindgen reads: headers that the kernel's rust/bindings/ lacks, and this
 * module's own helpers. A header that is added here must be named in Kbuild's
 * bindgen-allow as well.
 */
#ifndef OVERDRIVE_BINDINGS_HELPER_H
#define OVERDRIVE_BINDINGS_HELPER_H

#ifdef CONFIG_ARM_AMBA
#include <linux/amba/bus.h>
#endif
#include <linux/device.h>
#include <linux/eventfd.h>
#include <linux/ftrace.h>
#include <linux/reset.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>
#include <uapi/linux/vfio.h>

#include "helpers.h"
#include "helpers_amba.h"
#include "helpers_device.h"
#include "helpers_ftrace.h"
#include "helpers_identity.h"
#include "helpers_pci.h"
#include "helpers_trace.h"
#include "helpers_transaction.h"

#endif /* OVERDRIVE_BINDINGS_HELPER_H */
