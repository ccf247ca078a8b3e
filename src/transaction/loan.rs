// SPDX-License-Identifier: GPL-2.0

//! Loans: transactions that are undone when the file is closed that they belong to.

use super::{
    engine::Transaction,
    runtime::Kernel, //
};
use crate::device::tracked::TrackedDevice;
use kernel::{
    prelude::*,
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    }, //
};

type List = KVec<Arc<Transaction<Kernel>>>;

/// The loans of a file.
pub(crate) struct Loans(Pin<KBox<Mutex<List>>>);

impl Loans {
    /// Makes the list of a file that has borrowed nothing.
    pub(crate) fn new() -> Result<Self> {
        let loans = new_mutex!(KVec::new(), "overdrive_loans");

        Ok(Self(KBox::pin_init(loans, GFP_KERNEL)?))
    }

    /// Enters a loan, before it is carried out.
    pub(super) fn enter(&self, loan: &Arc<Transaction<Kernel>>) -> Result {
        let mut loans = self.0.lock();

        // Those that failed, or whose devices are all gone, need not be given back.
        loans.retain(|loan| !loan.is_over());
        Ok(loans.push(loan.clone(), GFP_KERNEL)?)
    }

    /// Returns `true` if all devices are lent to this file, with that override.
    pub(super) fn have(&self, devices: &[Arc<TrackedDevice>], driver: Option<&[u8]>) -> bool {
        let loans = self.0.lock();

        devices.iter().all(|device| {
            loans.iter().filter(|loan| loan.is_lent()).any(|loan| {
                loan.members().iter().any(|member| {
                    Arc::ptr_eq(member.tracked(), device)
                        && member.target().as_override() == driver
                        && !member.will_be_released()
                })
            })
        })
    }

    /// Gives everything back, the last loan first. Waits for nothing.
    pub(crate) fn give_back(&self) {
        let loans = core::mem::take(&mut *self.0.lock());

        for loan in loans.iter().rev() {
            Transaction::give_back(loan);
        }
    }
}
