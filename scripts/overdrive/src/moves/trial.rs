// SPDX-License-Identifier: GPL-2.0

//! Moves that are undone unless somebody confirms them: a loan, and a question.

use std::{
    io::{BufRead, Read, Stdin, stdin},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::{Loan, Options, Target, question::Question, with_groups};
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
    let question = Question::ask(system, members.iter().map(|device| device.name.as_str()))?;
    output::print(format!(
        "Bound to {} for {seconds} seconds. Type \"yes\", or overdrive confirm elsewhere, to keep it; all else undoes it.",
        target.title()
    ));
    let is_confirmed = is_confirmed(&question, Duration::from_secs(seconds));
    drop(question);
    drop(loan);
    wait_until_returned(system, &members)?;
    Ok(is_confirmed)
}

/// Returns `true` if it is confirmed in time: by a line with "yes", or by the command. Another line undoes it at once;
/// input that ends is no line.
fn is_confirmed(question: &Question, limit: Duration) -> bool {
    /// The time between two looks at what the command may have written.
    const LOOK: Duration = Duration::from_millis(100);

    let end = Instant::now() + limit;
    let input = stdin();
    let mut has_input = true;
    loop {
        if question.is_confirmed() {
            return true;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let Ok(timeout) = Timespec::try_from(left.min(LOOK)) else {
            return false;
        };
        let mut files = [PollFd::new(&input, PollFlags::IN)];
        let watched = if has_input { &mut files[..] } else { &mut [] };
        match poll(watched, Some(&timeout)) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => match answer(&input) {
                Some(is_yes) => return is_yes,
                None => has_input = false,
            },
            Err(_) => return false,
        }
    }
}

/// Returns `true` for a line with "yes", `false` for another one, and `None` if there is no line any more.
fn answer(input: &Stdin) -> Option<bool> {
    const LONGEST: u64 = 64;

    let mut line = String::new();
    let len = input.lock().take(LONGEST).read_line(&mut line).ok()?;
    (len > 0).then(|| matches!(line.trim(), "yes" | "y"))
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
