// SPDX-License-Identifier: GPL-2.0

//! Moves that are undone unless somebody confirms them: a loan, and a question.

use std::{
    io::{BufRead, Read, stdin},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::{Loan, Options, Target, with_groups};
use crate::{
    device::Device,
    failure::{Exit, Failure, Result},
    output,
    system::System,
};

/// Tries a move for so many seconds. Returns `true` if it was confirmed; either way the devices have been given back.
pub fn run(
    system: &System,
    asked: &[Device],
    target: &Target,
    options: Options,
    seconds: u64,
) -> Result<bool> {
    let members = with_groups(system, asked, options)?;
    let mut loan = Loan::open(system)?;
    loan.take(system, &members, target, options.force)?;
    output::print(format!(
        "Bound to {} for {seconds} seconds. Type \"yes\" to keep it; everything else, and silence, undoes it.",
        target.title()
    ));
    let is_confirmed = is_confirmed(Duration::from_secs(seconds));
    drop(loan);
    wait_until_returned(system, &members)?;
    Ok(is_confirmed)
}

/// Returns `true` if a line with "yes" comes in time. Input that ends is no line.
fn is_confirmed(limit: Duration) -> bool {
    const LONGEST: u64 = 64;

    let end = Instant::now() + limit;
    let input = stdin();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let Ok(timeout) = Timespec::try_from(left) else {
            return false;
        };
        let mut files = [PollFd::new(&input, PollFlags::IN)];
        match poll(&mut files, Some(&timeout)) {
            Ok(0) => return false,
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
    let mut line = String::new();
    let has_line = input.lock().take(LONGEST).read_line(&mut line).is_ok();
    has_line && matches!(line.trim(), "yes" | "y")
}

/// Waits until the module has given back what was lent. It does that by itself, as soon as nobody uses the devices.
fn wait_until_returned(system: &System, members: &[Device]) -> Result {
    const LIMIT: Duration = Duration::from_secs(30);

    let end = Instant::now() + LIMIT;
    let is_lent = |device: &Device| {
        let now = Device::read_on_bus(system, &device.path, &device.bus);
        now.status.is_some_and(|status| status.lent.is_some())
    };
    while members.iter().any(is_lent) {
        if Instant::now() > end {
            return Err(Failure::new(
                Exit::InUse,
                "a device is still in use; it is given back as soon as it is not",
            ));
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}
