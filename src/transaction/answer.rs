// SPDX-License-Identifier: GPL-2.0

//! The fate of each device of a transaction, as text.

use super::{
    engine::Transaction,
    reason::Reason,
    runtime::Kernel, //
};
use crate::device::{
    outcome::Outcome,
    tracked::TrackedDevice, //
};
use kernel::{
    fmt,
    prelude::*,
    str::{
        BStr,
        CString, //
    },
    sync::Arc, //
};

/// The lines, one for each device.
#[derive(Default)]
pub(crate) struct Answer {
    text: KVec<u8>,
}

impl Answer {
    /// The text.
    pub(crate) fn into_text(self) -> KVec<u8> {
        self.text
    }

    /// Adds the line of a device. Without memory, it is left out.
    fn line(
        &mut self,
        device: &TrackedDevice,
        outcome: Option<Outcome>,
        obstacle: Option<(Error, Reason)>,
    ) {
        let (bus, name) = (
            BStr::from_bytes(device.bus()),
            BStr::from_bytes(device.device().name().to_bytes()),
        );
        let mut add = |text: fmt::Arguments<'_>| {
            if let Ok(text) = CString::try_from_fmt(text) {
                let _ = self.text.extend_from_slice(text.to_bytes(), GFP_KERNEL);
            }
        };

        add(fmt!("device={bus}/{name} state={}", State(outcome)));
        if let Some((err, reason)) = obstacle {
            add(fmt!(" error={} reason={}", err.to_errno(), reason.as_str()));
        }
        add(fmt!("\n"));
    }

    /// Tells that nothing was done, because of the device at `at`.
    pub(super) fn refused(
        &mut self,
        devices: &[Arc<TrackedDevice>],
        at: usize,
        err: Error,
        reason: Reason,
    ) {
        for (index, device) in devices.iter().enumerate() {
            self.line(device, None, (index == at).then_some((err, reason)));
        }
    }

    /// Tells what became of the devices of a transaction, which returned `ret`.
    pub(super) fn of(&mut self, transaction: &Transaction<Kernel>, ret: Result) {
        let failure = transaction.failure();

        for (index, member) in transaction.members().iter().enumerate() {
            let obstacle = match (ret, failure) {
                (Ok(()), _) => None,
                (Err(_), Some((at, err))) => {
                    (at == index).then(|| (err, member.reason().unwrap_or(Reason::Other)))
                }
                (Err(err), None) if member.tracked().marks.is_dying() => Some((err, Reason::Gone)),
                (Err(EBUSY), None) if member.tracked().marks.is_lent() => {
                    Some((EBUSY, Reason::Lent))
                }
                (Err(EINTR), None) => Some((EINTR, Reason::Interrupted)),
                (Err(_), None) => None,
            };

            self.line(member.tracked(), member.outcome(), obstacle);
        }
    }
}

/// The word for an outcome.
struct State(Option<Outcome>);

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("untouched"),
            Some(outcome) => fmt::Display::fmt(&outcome, f),
        }
    }
}
