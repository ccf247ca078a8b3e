/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parameter of the AMBA meta driver, where there is that bus.
 */
#ifndef OVERDRIVE_HELPERS_AMBA_H
#define OVERDRIVE_HELPERS_AMBA_H

#ifdef CONFIG_ARM_AMBA
extern char *overdrive_amba_driver;
#endif

#endif /* OVERDRIVE_HELPERS_AMBA_H */
