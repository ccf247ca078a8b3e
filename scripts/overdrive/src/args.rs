// SPDX-License-Identifier: GPL-2.0

//! The command line: commands, options, and what `--help` teaches.

mod help;

use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::bus::Scope;

/// Decides which driver owns a device.
#[derive(Debug, Parser)]
#[command(
    name = "overdrive",
    version,
    about,
    arg_required_else_help = true,
    after_help = help::MAIN,
    disable_help_subcommand = false,
    infer_subcommands = false
)]
pub struct Args {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show devices with their IOMMU groups, drivers and overrides
    #[command(after_help = help::SHOW)]
    List(Show),
    /// Show the same by bus and IOMMU group
    #[command(after_help = help::SHOW)]
    Tree(Show),
    /// Show all about a device, and who uses it
    Status(Status),
    /// Tell what is wrong, and what helps
    #[command(after_help = help::DOCTOR)]
    Doctor(Doctor),
    /// Move devices to another driver
    #[command(
        after_help = help::MOVE,
        override_usage = "overdrive bind [OPTIONS] DEVICE... DRIVER"
    )]
    Bind(Bind),
    /// Keep what bind --try has moved, and rules that the boot tries
    Confirm(Confirm),
    /// Hand a device to the VFIO driver that knows most about it
    #[command(after_help = help::VARIANT)]
    Variant(Variant),
    /// Take the driver away and keep all others off
    #[command(after_help = help::MOVE)]
    Unbind(Unbind),
    /// Give devices back to their standard driver
    #[command(after_help = help::MOVE)]
    Release(Unbind),
    /// Make, remove and list rules, which decide before the first probe
    #[command(subcommand, after_help = help::RULE)]
    Rule(Rule),
    /// Make, remove and list slots, whose devices the meta driver seizes
    #[command(subcommand, after_help = help::SLOT)]
    Slot(Slot),
    /// Give driver_override to buses that lack it
    #[command(subcommand, after_help = help::BUS)]
    Bus(Bus),
    /// Write what is in force to /etc/overdrive.d
    #[command(after_help = help::STORE)]
    Save(Save),
    /// Put in force what is saved
    #[command(after_help = help::STORE)]
    Restore(Restore),
    /// Check what is saved, file by file and line by line
    #[command(after_help = help::STORE)]
    Check(Check),
    /// Lend devices to a command, and have them back however it ends
    #[command(after_help = help::RUN)]
    Run(Run),
    /// Tell which rules match a device, which one wins, and why the others do not
    #[command(after_help = help::FORESIGHT)]
    Explain(Explain),
    /// Tell what restore or the next boot would do to the devices that are here
    #[command(after_help = help::FORESIGHT)]
    Plan(Plan),
    /// Tell which PCI devices can be handed out, and why the others can not
    #[command(after_help = help::SURVEY)]
    Survey(Survey),
    /// Follow moves, rules and near misses as they happen
    #[command(after_help = help::MONITOR)]
    Monitor(Monitor),
    /// Make rules from what driverctl and vfio-pci were told
    #[command(after_help = help::IMPORT)]
    Import(Import),
    /// Describe what is bound to VFIO for container runtimes
    #[command(after_help = help::CDI)]
    Cdi(Cdi),
    /// Wait for the confirmation of a rule that the boot tries
    #[command(hide = true)]
    Trial(Trial),
    /// Print all names of a kind, for completions
    #[command(hide = true)]
    Names(Names),
}

/// Which devices are shown, and how.
#[derive(Debug, ClapArgs)]
pub struct Show {
    /// All devices of all buses
    #[arg(long, short)]
    pub all: bool,
    /// All devices of this bus
    #[arg(long, value_name = "BUS", action = ArgAction::Append)]
    pub bus: Vec<String>,
    /// For programs: an array of objects
    #[arg(long)]
    pub json: bool,
}

/// Which devices' status is shown.
#[derive(Debug, ClapArgs)]
pub struct Status {
    /// For programs: an array of objects
    #[arg(long)]
    pub json: bool,
    /// Devices by any of their names
    #[arg(value_name = "DEVICE", required = true)]
    pub devices: Vec<String>,
}

/// The subject of the doctor.
#[derive(Debug, ClapArgs)]
pub struct Doctor {
    /// For programs: an array of objects
    #[arg(long)]
    pub json: bool,
    /// Devices by any of their names
    #[arg(value_name = "DEVICE")]
    pub devices: Vec<String>,
}

/// The options that all moves have.
#[derive(Clone, Copy, Debug, ClapArgs)]
pub struct MoveOptions {
    /// All devices of the device's IOMMU group but bridges: all, or none
    #[arg(long, short)]
    pub group: bool,
    /// Also a device in use
    #[arg(long, short)]
    pub force: bool,
}

/// A move to a driver.
#[derive(Debug, ClapArgs)]
pub struct Bind {
    #[command(flatten)]
    pub options: MoveOptions,
    /// Also make a rule for each device, and write it to /etc/overdrive.d
    #[arg(long)]
    pub save: bool,
    /// Undo it after so many seconds, unless it is confirmed
    #[arg(long = "try", value_name = "SECONDS")]
    pub try_for: Option<u64>,
    /// Devices by any of their names, and the driver last
    #[arg(value_name = "DEVICE", num_args = 2.., required = true)]
    pub words: Vec<String>,
}

/// A move to the best VFIO driver.
#[derive(Debug, ClapArgs)]
pub struct Variant {
    /// List the candidates, best first, and change nothing
    #[arg(long)]
    pub all: bool,
    /// Only print the module that would be taken
    #[arg(long, conflicts_with = "all")]
    pub print: bool,
    #[command(flatten)]
    pub options: MoveOptions,
    /// A device by any of its names
    #[arg(value_name = "DEVICE")]
    pub device: String,
}

/// A move to no driver, or to the standard one.
#[derive(Debug, ClapArgs)]
pub struct Unbind {
    #[command(flatten)]
    pub options: MoveOptions,
    /// Devices by any of their names
    #[arg(value_name = "DEVICE", required = true)]
    pub devices: Vec<String>,
}

/// The actions on rules.
#[derive(Debug, Subcommand)]
pub enum Rule {
    /// Make a rule
    Add(RuleAdd),
    /// Remove a rule
    Del(RuleDel),
    /// List the rules
    List(RuleList),
}

/// A new rule.
#[derive(Debug, ClapArgs)]
pub struct RuleAdd {
    /// Have it act on devices that are here already
    #[arg(long)]
    pub apply: bool,
    /// Also write it to /etc/overdrive.d
    #[arg(long)]
    pub save: bool,
    /// Also for a device in use, or one that the next boot needs
    #[arg(long, short)]
    pub force: bool,
    /// For this device, by all that tells it from others: place, serial number and kind
    #[arg(long = "for", value_name = "DEVICE")]
    pub for_device: Option<String>,
    /// For whatever device is in the place that device= names
    #[arg(long)]
    pub place: bool,
    /// With --save: at boot, take it back after so many seconds, unless it is confirmed
    #[arg(
        long,
        value_name = "SECONDS",
        requires = "save",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    pub try_boot: Option<u64>,
    /// The rule's name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Its fields, FIELD=TEXT
    #[arg(value_name = "FIELD=TEXT", required = true)]
    pub fields: Vec<String>,
}

/// A rule to be removed.
#[derive(Debug, ClapArgs)]
pub struct RuleDel {
    /// Also remove it from /etc/overdrive.d
    #[arg(long)]
    pub save: bool,
    /// The rule's name
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// The form in which rules are listed.
#[derive(Debug, ClapArgs)]
pub struct RuleList {
    /// For programs: an array of objects
    #[arg(long)]
    pub json: bool,
}

/// The actions on slots.
#[derive(Debug, Subcommand)]
pub enum Slot {
    /// Make a slot
    Add(SlotAdd),
    /// Remove a slot
    Del {
        /// The slot
        #[arg(value_name = "SLOT")]
        slot: String,
    },
    /// List the slots
    List,
}

/// A new slot.
#[derive(Debug, ClapArgs)]
pub struct SlotAdd {
    /// Also for a device in use
    #[arg(long, short)]
    pub force: bool,
    /// An address as xen-pciback writes it, or platform/NAME
    #[arg(value_name = "SLOT")]
    pub slot: String,
}

/// The actions on buses.
#[derive(Debug, Subcommand)]
pub enum Bus {
    /// Extend a bus
    Add {
        /// The devices that can have the driver that their override names: restrict or force
        #[arg(long, value_name = "SCOPE", value_parser = scope)]
        scope: Option<Scope>,
        /// The bus's name
        #[arg(value_name = "BUS")]
        bus: String,
    },
    /// Take it back
    Del {
        /// The bus's name
        #[arg(value_name = "BUS")]
        bus: String,
    },
    /// List the buses
    List,
}

fn scope(word: &str) -> Result<Scope, String> {
    Scope::parse(word).ok_or_else(|| "it is restrict or force".to_owned())
}

/// The choice of what is saved.
#[derive(Debug, ClapArgs)]
pub struct Save {
    /// Also what takes a device that the next boot needs
    #[arg(long, short)]
    pub force: bool,
    /// Only these rules
    #[arg(value_name = "RULE")]
    pub rules: Vec<String>,
}

/// The choice of what is put in force.
#[derive(Debug, ClapArgs)]
pub struct Restore {
    /// Only print the line for modprobe.d that does the same when the module is loaded
    #[arg(long)]
    pub print: bool,
    /// Only print the modules of the drivers and buses that are needed, for an initramfs
    #[arg(long, conflicts_with = "print")]
    pub modules: bool,
    /// Also devices in use
    #[arg(long, short)]
    pub force: bool,
    /// For programs: an object with what was changed
    #[arg(long, conflicts_with_all = ["print", "modules"])]
    pub json: bool,
}

/// A command that devices are lent to.
#[derive(Debug, ClapArgs)]
pub struct Run {
    /// A device by any of its names, and the driver that it gets; by default the one of overdrive for VFIO
    #[arg(long, value_name = "DEVICE[=DRIVER]", required = true)]
    pub with: Vec<String>,
    /// Also devices in use
    #[arg(long, short)]
    pub force: bool,
    /// The command with its arguments
    #[arg(value_name = "COMMAND", required = true, last = true)]
    pub command: Vec<String>,
}

/// A device to be explained.
#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// For programs: an array of objects
    #[arg(long)]
    pub json: bool,
    /// A device by any of its names
    #[arg(value_name = "DEVICE")]
    pub device: String,
}

/// The choice of what is foreseen.
#[derive(Debug, ClapArgs)]
pub struct Plan {
    /// The next boot, instead of restore
    #[arg(long)]
    pub boot: bool,
    /// For programs: an object
    #[arg(long)]
    pub json: bool,
}

/// The way in which what is saved is checked.
#[derive(Debug, ClapArgs)]
pub struct Check {
    /// For programs: an array of objects
    #[arg(long)]
    pub json: bool,
}

/// The handling of rules from elsewhere.
#[derive(Debug, ClapArgs)]
pub struct Import {
    /// Write the rules to /etc/overdrive.d
    #[arg(long)]
    pub save: bool,
    /// Also for devices that the next boot needs
    #[arg(long, short)]
    pub force: bool,
    /// For programs: an object
    #[arg(long)]
    pub json: bool,
}

/// The options of `cdi`; there are none.
#[derive(Debug, ClapArgs)]
pub struct Cdi {}

/// The form in which a survey is shown.
#[derive(Debug, ClapArgs)]
pub struct Survey {
    /// For programs: an object
    #[arg(long)]
    pub json: bool,
}

/// A question for names.
#[derive(Debug, ClapArgs)]
pub struct Names {
    /// Their kind
    #[arg(value_name = "KIND")]
    pub kind: NameKind,
}

/// A kind of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NameKind {
    /// Devices, network interfaces and disks.
    Devices,
    /// Drivers that are loaded.
    Drivers,
    /// Rules in force, and those that are saved.
    Rules,
    /// Slots.
    Slots,
    /// Buses.
    Buses,
    /// Buses that overdrive has extended.
    Extended,
}

/// The events that are told, and how.
#[derive(Debug, ClapArgs)]
pub struct Monitor {
    /// For programs: an object on every line
    #[arg(long)]
    pub json: bool,
    /// Only these devices, by any of their names, and no rules
    #[arg(value_name = "DEVICE")]
    pub devices: Vec<String>,
}

/// The trial of a rule.
#[derive(Debug, ClapArgs)]
pub struct Trial {
    /// The rule's name
    #[arg(value_name = "NAME")]
    pub rule: String,
    /// The time for the answer
    #[arg(value_name = "SECONDS")]
    pub seconds: u64,
}

/// The confirmation of all that is on trial; there is one way.
#[derive(Debug, ClapArgs)]
pub struct Confirm {}
