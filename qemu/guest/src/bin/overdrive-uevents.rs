// SPDX-License-Identifier: GPL-2.0

//! A listener to the kernel's uevents, which prints a line for each.
//!
//! `overdrive-uevents` prints `listening` as soon as no uevent can be missed. Each uevent becomes
//! `ACTION DEVPATH OVERDRIVE OVERDRIVE_BY OVERDRIVE_DRIVER SYNTH_UUID`, with `-` for a variable that
//! it does not have. `lost` tells that uevents came faster than they were read.

use std::io;

use anyhow::{Context, Result};
use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SocketFlags, SocketType, bind,
        netlink::{KOBJECT_UEVENT, SocketAddrNetlink},
        recv, socket_with, sockopt,
    },
};

/// The multicast group of what the kernel sends itself; udev's own has another number.
const KERNEL_GROUP: u32 = 1;

/// Room for what a test brings about before it looks, in bytes.
const QUEUE: usize = 1 << 20;

const VARIABLES: [&str; 4] = [
    "OVERDRIVE",
    "OVERDRIVE_BY",
    "OVERDRIVE_DRIVER",
    "SYNTH_UUID",
];

/// Returns the line for a message: `ACTION@DEVPATH`, then variables, each ending with a zero byte.
fn line(message: &str) -> Option<String> {
    let mut parts = message.split_terminator('\0');
    let (action, path) = parts.next()?.split_once('@')?;
    let variables: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
    let mut line = format!("{action} {path}");

    for name in VARIABLES {
        let value = variables.iter().find(|(found, _)| *found == name);
        line.push(' ');
        line.push_str(value.map_or("-", |(_, value)| value));
    }
    Some(line)
}

fn main() -> Result<()> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(KOBJECT_UEVENT),
    )
    .context("no netlink")?;
    let mut message = [0; 8192];

    sockopt::set_socket_recv_buffer_size_force(&socket, QUEUE).context("no queue")?;
    bind(&socket, &SocketAddrNetlink::new(0, KERNEL_GROUP)).context("no uevents")?;
    println!("listening");
    loop {
        match recv(&socket, &mut message[..], RecvFlags::empty()) {
            Ok((len, _)) => {
                if let Some(line) = line(&String::from_utf8_lossy(&message[..len])) {
                    println!("{line}");
                }
            }
            Err(Errno::NOBUFS) => println!("lost"),
            Err(Errno::INTR) => {}
            Err(error) => return Err(io::Error::from(error)).context("cannot receive"),
        }
    }
}
