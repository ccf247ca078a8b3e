// SPDX-License-Identifier: GPL-2.0

//! The kernel's uevents, by netlink; those of a recorded machine come from a file.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SocketFlags, SocketType, bind,
        netlink::{KOBJECT_UEVENT, SocketAddrNetlink},
        recv, socket_with, sockopt,
    },
};

use crate::system::System;

/// The file of a recorded machine: the messages as the kernel sends them, with a newline for each NUL, and an empty
/// line after each.
const RECORDED: &str = "/dev/uevents";

/// A uevent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uevent {
    /// The verb, for instance `change`.
    pub action: String,
    /// The folder of the device in sysfs.
    pub path: String,
    variables: Vec<(String, String)>,
}

impl Uevent {
    /// Reads a message: `ACTION@DEVPATH`, then `NAME=VALUE`, each ending with `end`.
    fn parse(message: &str, end: char) -> Option<Self> {
        let mut parts = message.split_terminator(end);
        let (action, path) = parts.next()?.split_once('@')?;
        let pair = |part: &str| {
            let (name, value) = part.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        Some(Self {
            action: action.to_owned(),
            path: format!("/sys{path}"),
            variables: parts.filter_map(pair).collect(),
        })
    }

    /// Returns the value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(its, _)| its == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The result of listening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A uevent.
    Uevent(Uevent),
    /// Some were lost.
    Lost,
    /// None came in the time.
    Silence,
    /// None will come any more.
    End,
}

/// A listener to uevents.
#[derive(Debug)]
pub enum Uevents {
    /// To those of the kernel.
    Live(OwnedFd),
    /// To recorded ones.
    Recorded(std::vec::IntoIter<Uevent>),
}

impl Uevents {
    /// Begins to listen: no uevent from now on is missed.
    pub fn listen(system: &System) -> io::Result<Self> {
        /// The multicast group of what the kernel sends itself; udev's own has another number.
        const KERNEL_GROUP: u32 = 1;
        /// Room for a storm of events, in bytes.
        const QUEUE: usize = 1 << 20;

        if !system.is_live() {
            let text = system.text(RECORDED).unwrap_or_default();
            let all: Vec<Uevent> = text
                .split("\n\n")
                .filter_map(|message| Uevent::parse(message.trim_start(), '\n'))
                .collect();
            return Ok(Self::Recorded(all.into_iter()));
        }
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(KOBJECT_UEVENT),
        )?;
        // Only root may have more than the system's limit; who is not has less room.
        if sockopt::set_socket_recv_buffer_size_force(&socket, QUEUE).is_err() {
            let _ = sockopt::set_socket_recv_buffer_size(&socket, QUEUE);
        }
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL_GROUP))?;
        Ok(Self::Live(socket))
    }

    /// Returns the next uevent, or that there is none in the time.
    pub fn next(&mut self, limit: Duration) -> io::Result<Heard> {
        let socket = match self {
            Self::Recorded(all) => return Ok(all.next().map_or(Heard::End, Heard::Uevent)),
            Self::Live(socket) => OwnedFd::as_fd(socket),
        };
        let limit = Timespec::try_from(limit).map_err(|_| Errno::INVAL)?;
        match poll(&mut [PollFd::new(&socket, PollFlags::IN)], Some(&limit)) {
            Ok(0) | Err(Errno::INTR) => return Ok(Heard::Silence),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        // The kernel's messages are shorter.
        let mut message = [0; 8192];
        match recv(socket, &mut message[..], RecvFlags::DONTWAIT) {
            Ok((len, _)) => {
                let text = String::from_utf8_lossy(message.get(..len).unwrap_or_default());
                Ok(Uevent::parse(&text, '\0').map_or(Heard::Silence, Heard::Uevent))
            }
            Err(Errno::NOBUFS) => Ok(Heard::Lost),
            Err(Errno::INTR | Errno::AGAIN) => Ok(Heard::Silence),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_the_kernel_is_a_verb_a_folder_and_variables() {
        let message = "change@/devices/a\0ACTION=change\0OVERDRIVE=done\0OVERDRIVE_DRIVER=\0";
        let uevent = Uevent::parse(message, '\0').expect("is a message");
        assert_eq!(uevent.action, "change");
        assert_eq!(uevent.path, "/sys/devices/a");
        assert_eq!(uevent.get("OVERDRIVE"), Some("done"));
        assert_eq!(uevent.get("OVERDRIVE_DRIVER"), Some(""));
        assert_eq!(uevent.get("OVERDRIVE_BY"), None);
    }

    #[test]
    fn what_udev_sends_is_no_message_of_the_kernel() {
        assert_eq!(Uevent::parse("libudev\0\u{fffd}\u{fffd}", '\0'), None);
    }
}
