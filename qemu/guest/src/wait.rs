// SPDX-License-Identifier: GPL-2.0

//! Waiting for what may take a moment.

use std::{
    io,
    thread::sleep,
    time::{Duration, Instant},
};

use vmm_sys_util::eventfd::EventFd;

/// Longer than anything takes that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Long enough for whatever is not to come.
pub const QUIET: Duration = Duration::from_millis(200);

/// Tries until `condition` has a value, and returns it.
///
/// # Errors
///
/// Those of `condition`; `TimedOut` if there is none in [`PATIENCE`].
pub fn until<T>(condition: impl FnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    until_within(PATIENCE, condition)
}

/// Like [`until`], with another patience.
pub fn until_within<T>(
    patience: Duration,
    mut condition: impl FnMut() -> io::Result<Option<T>>,
) -> io::Result<T> {
    let start = Instant::now();

    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if start.elapsed() > patience {
            let seconds = patience.as_secs();
            let why = format!("nothing came of it in {seconds} s");
            return Err(io::Error::new(io::ErrorKind::TimedOut, why));
        }
        sleep(Duration::from_millis(1));
    }
}

/// Waits until `condition` is true.
pub fn until_true(mut condition: impl FnMut() -> io::Result<bool>) -> io::Result<()> {
    until(|| Ok(condition()?.then_some(())))
}

/// Waits until an eventfd that does not block is signalled, and returns how often it was.
pub fn until_signalled(event: &EventFd) -> io::Result<u64> {
    until(|| signals(event))
}

/// Returns how often an eventfd that does not block was signalled since the last call; None if not at
/// all.
pub fn signals(event: &EventFd) -> io::Result<Option<u64>> {
    match event.read() {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
