// SPDX-License-Identifier: GPL-2.0

//! Stands for `kernel::str`.

use crate::prelude::*;

/// A string without NUL.
#[derive(Debug)]
pub struct CString(String);

impl CString {
    pub fn try_from_fmt(args: std::fmt::Arguments<'_>) -> Result<Self> {
        let text = args.to_string();

        if text.contains('\0') {
            return Err(EINVAL);
        }
        Ok(Self(text))
    }

    pub fn to_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
