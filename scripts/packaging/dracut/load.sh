#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loads overdrive before udev loads the first driver.

modprobe overdrive || echo 'overdrive: not loaded: no saved rule holds' >&2
