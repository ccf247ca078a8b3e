// SPDX-License-Identifier: GPL-2.0

//! The device that a person means.
//!
//! A device is found by its name on any bus, any spelling of its PCI address, its ID, an interface or a disk of it under
//! any of their names, any file in `/dev`, or its folder in sysfs.

mod node;
mod owner;

use rustix::net::netdevice;

use super::{Device, all_buses, all_on_bus, pci_address::PciAddress};
use crate::{
    failure::{Exit, Failure, Result},
    system::{System, base},
};

use owner::owners;

/// Returns the device that `word` means.
pub fn find(system: &System, word: &str) -> Result<Device> {
    let path = find_path(system, word)?;
    Ok(Device::read(system, &path))
}

fn find_path(system: &System, word: &str) -> Result<String> {
    if word.is_empty() {
        return Err(Failure::usage("a device's name is empty"));
    }
    if word.starts_with("/dev/") {
        return node::find(system, word);
    }
    if word.contains('/') || !is_name(word) {
        return by_path(system, word);
    }
    if let Some(path) = by_name(system, word)? {
        return Ok(path);
    }
    if let Some(path) = by_class(system, word)? {
        return Ok(path);
    }
    if let Some(node) = node::link_to(system, word) {
        return node::find(system, &node);
    }
    if let Some((vendor, product)) = id(word) {
        return by_id(system, &vendor, &product);
    }
    Err(Failure::new(
        Exit::NotFound,
        format!("there is no device {word}; overdrive list shows what there is"),
    ))
}

/// Returns `false` for what leads elsewhere in the folders of sysfs.
fn is_name(word: &str) -> bool {
    !matches!(word, "" | "." | "..")
}

/// Returns the one path of several, or says that a person has to choose.
fn the_one(word: &str, mut paths: Vec<String>) -> Result<Option<String>> {
    paths.sort();
    paths.dedup();
    if paths.len() > 1 {
        return Err(Failure::new(
            Exit::NotFound,
            format!("{word} can be {}: say which", paths.join(" or ")),
        ));
    }
    Ok(paths.pop())
}

/// A folder in sysfs, `BUS/DEVICE`, or a file in /dev without that.
fn by_path(system: &System, word: &str) -> Result<String> {
    if let Some((bus, name)) = word.split_once('/') {
        let link = format!("/sys/bus/{bus}/devices/{name}");
        if is_name(bus) && is_name(name) && !name.contains('/') && system.exists(&link) {
            return found(system, &link);
        }
        if let Some(address) = PciAddress::parse(name).filter(|_| bus == "pci") {
            return found(system, &format!("/sys/bus/pci/devices/{address}"));
        }
    }
    let path = if word.starts_with('/') {
        word.to_owned()
    } else {
        let here = std::env::current_dir().unwrap_or_default();
        format!("{}/{word}", here.display())
    };
    if !system.exists(&path) {
        let node = format!("/dev/{word}");
        if system.exists(&node) {
            return node::find(system, &node);
        }
    }
    let path = found(system, &path)?;
    match system.real(&format!("{path}/subsystem")) {
        Some(kind) if kind.starts_with("/sys/bus/") => return Ok(path),
        // An interface, a disk, a screen.
        Some(_) => return behind(system, word, &path),
        None => {}
    }
    Err(Failure::new(
        Exit::NotFound,
        format!("{word} is no device's folder"),
    ))
}

fn found(system: &System, path: &str) -> Result<String> {
    system
        .real(path)
        .ok_or_else(|| Failure::new(Exit::NotFound, format!("there is no {path}")))
}

/// A name on any bus.
fn by_name(system: &System, word: &str) -> Result<Option<String>> {
    let mut names = vec![word.to_owned()];
    if let Some(address) = PciAddress::parse(word) {
        names.push(address.to_string());
    }
    let buses = all_buses(system);
    let mut paths = Vec::new();
    for bus in &buses {
        for name in &names {
            paths.extend(system.real(&format!("/sys/bus/{bus}/devices/{name}")));
        }
    }
    if paths.is_empty() {
        // Nobody remembers which letters are capital ones.
        for bus in &buses {
            let same = |path: &String| base(path).eq_ignore_ascii_case(word);
            paths.extend(all_on_bus(system, bus).into_iter().filter(same));
        }
    }
    the_one(word, paths)
}

/// The device behind an interface, a disk, a terminal, or whatever has a class.
fn by_class(system: &System, word: &str) -> Result<Option<String>> {
    let mut classes = vec!["net".to_owned(), "block".to_owned(), "tty".to_owned()];
    classes.extend(system.list("/sys/class"));
    for class in classes {
        let link = format!("/sys/class/{class}/{word}");
        if let Some(path) = system.real(&link) {
            return behind(system, word, &path).map(Some);
        }
    }
    match interface_name(system, word) {
        Some(name) => {
            let path = found(system, &format!("/sys/class/net/{name}"))?;
            behind(system, word, &path).map(Some)
        }
        None => Ok(None),
    }
}

/// Returns the name of the interface that has `word` for an alternative name.
fn interface_name(system: &System, word: &str) -> Option<String> {
    if !system.is_live() {
        return None;
    }
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        None,
    )
    .ok()?;
    let index = netdevice::name_to_index(&socket, word).ok()?;
    system.list("/sys/class/net").into_iter().find(|name| {
        system.number(&format!("/sys/class/net/{name}/ifindex")) == Some(u64::from(index))
    })
}

/// Returns the device behind something with a class.
fn behind(system: &System, word: &str, path: &str) -> Result<String> {
    the_one(word, owners(system, path))?
        .ok_or_else(|| Failure::new(Exit::NotFound, format!("{word} has no device behind it")))
}

/// Reads an ID: vendor and product in hexadecimal digits.
pub fn id(word: &str) -> Option<(String, String)> {
    let part = |text: &str| {
        let text = text.strip_prefix("0x").unwrap_or(text);
        (text.len() == 4 && text.bytes().all(|c| c.is_ascii_hexdigit()))
            .then(|| text.to_ascii_lowercase())
    };
    let (vendor, product) = word.split_once(':')?;
    Some((part(vendor)?, part(product)?))
}

/// The one PCI or USB device that has an ID.
fn by_id(system: &System, vendor: &str, product: &str) -> Result<String> {
    let word = format!("{vendor}:{product}");
    let mut paths = Vec::new();
    for (bus, files) in [
        ("pci", ["vendor", "device"]),
        ("usb", ["idVendor", "idProduct"]),
    ] {
        for path in all_on_bus(system, bus) {
            let line = |name| system.line(&format!("{path}/{name}"));
            let is = |name, digits| line(name).trim_start_matches("0x") == digits;
            if is(files[0], vendor) && is(files[1], product) {
                paths.push(path);
            }
        }
    }
    if paths.len() > 1 {
        let names: Vec<&str> = paths.iter().map(|path| base(path)).collect();
        return Err(Failure::new(
            Exit::NotFound,
            format!("{} are all {word}: say which", names.join(", ")),
        ));
    }
    paths
        .pop()
        .ok_or_else(|| Failure::new(Exit::NotFound, format!("no device is {word}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_in_either_case() {
        let is = |vendor: &str, product: &str| Some((vendor.to_owned(), product.to_owned()));
        assert_eq!(id("1234:11E8"), is("1234", "11e8"));
        assert_eq!(id("0x8086:0x10D3"), is("8086", "10d3"));
        assert_eq!(id("1234:11e"), None);
        assert_eq!(id("1-2:1.0"), None);
    }
}
