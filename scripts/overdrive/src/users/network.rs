// SPDX-License-Identifier: GPL-2.0

//! Network interfaces, and what is on top of them.

use super::{Use, Users, nodes};
use crate::system::{System, base};

/// Adds the uses of an interface, and of those on top of it.
pub(super) fn collect(users: &Users<'_>, name: &str, uses: &mut Vec<Use>) {
    add(users, name, 0, uses);
}

fn add(users: &Users<'_>, name: &str, depth: usize, uses: &mut Vec<Use>) {
    const UP: u64 = 1;
    const DEEPEST: usize = 8;

    let system = users.system;
    let folder = format!("/sys/class/net/{name}");
    let flags = system.number(&format!("{folder}/flags")).unwrap_or(0);
    if flags & UP == 0 || depth > DEEPEST {
        return;
    }
    if let Some(master) = system.link_name(&format!("{folder}/master")) {
        uses.push(Use::new(format!("{name} is up and a port of {master}")));
    }
    if has_default_route(system, name) {
        uses.push(Use::vital(format!(
            "{name} is up and has the default route"
        )));
    } else if let Some(address) = address(system, name) {
        let text = format!("{name} is up with the address {address}");
        uses.push(if users.mounts().is_root_remote() {
            Use::vital(format!("{text}, and / comes over the network"))
        } else {
            Use::new(text)
        });
    }
    if has_kernel_log(system, name) {
        uses.push(Use::new(format!(
            "{name} carries the kernel log (netconsole)"
        )));
    }
    // The interface of a virtual machine has a file instead of an address.
    if depth > 0 {
        let path = system.real(&folder).unwrap_or_default();
        for file in nodes::below(system, &path).files {
            users.open_files().tell(system, &file, base(&file), uses);
        }
    }
    for entry in system.list(&folder) {
        if let Some(upper) = entry.strip_prefix("upper_") {
            add(users, upper, depth + 1, uses);
        }
    }
}

/// Returns `true` if the kernel sends its log over the interface.
fn has_kernel_log(system: &System, name: &str) -> bool {
    const TARGETS: &str = "/sys/kernel/config/netconsole";

    system.list(TARGETS).iter().any(|target| {
        let line = |file| system.line(&format!("{TARGETS}/{target}/{file}"));
        line("enabled") == "1" && line("dev_name") == name
    })
}

fn has_default_route(system: &System, name: &str) -> bool {
    const REJECT: u32 = 0x200;

    let words =
        |line: &str| -> Vec<String> { line.split_whitespace().map(str::to_owned).collect() };
    let v4 = system.text("/proc/net/route").unwrap_or_default();
    if v4.lines().skip(1).map(words).any(|word| {
        let is = |at: usize, text: &str| word.get(at).is_some_and(|its| its == text);
        is(0, name) && is(1, "00000000") && is(7, "00000000")
    }) {
        return true;
    }
    let v6 = system.text("/proc/net/ipv6_route").unwrap_or_default();
    v6.lines().map(words).any(|word| {
        let flags = word
            .get(8)
            .and_then(|flags| u32::from_str_radix(flags, 16).ok());
        word.last().is_some_and(|its| its == name)
            && word
                .first()
                .is_some_and(|net| net.bytes().all(|c| c == b'0'))
            && word.get(1).is_some_and(|bits| bits == "00")
            && flags.is_some_and(|flags| flags & REJECT == 0)
    })
}

/// Returns the first address of an interface that is good beyond its link.
fn address(system: &System, name: &str) -> Option<String> {
    if system.is_live() {
        if let Some(address) = v4_address(name) {
            return Some(address);
        }
    }
    let text = system.text("/proc/net/if_inet6")?;
    text.lines().find_map(|line| {
        const GLOBAL: &str = "00";

        let words: Vec<&str> = line.split_whitespace().collect();
        let [digits, _, bits, scope, _, its] = words[..] else {
            return None;
        };
        if its != name || scope != GLOBAL {
            return None;
        }
        let bits = u8::from_str_radix(bits, 16).ok()?;
        let number = u128::from_str_radix(digits, 16).ok()?;
        Some(format!("{}/{bits}", std::net::Ipv6Addr::from(number)))
    })
}

fn v4_address(name: &str) -> Option<String> {
    let addresses = nix::ifaddrs::getifaddrs().ok()?;
    addresses
        // An address can have a label of its own.
        .filter(|one| one.interface_name.split(':').next() == Some(name))
        .find_map(|one| {
            let address = one.address.as_ref()?.as_sockaddr_in()?.ip();
            let mask = one.netmask.as_ref()?.as_sockaddr_in()?.ip();
            Some(format!("{address}/{}", u32::from(mask).count_ones()))
        })
}
