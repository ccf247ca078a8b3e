// SPDX-License-Identifier: GPL-2.0

//! Counts what things cost, in guest instructions.
//!
//! It runs in a guest whose clock is its instruction counter (QEMU's `-icount shift=0`), so that the
//! figures repeat on any machine. Standard output is for the harness: `bench-limit NAME RATIO`, or
//! `bench-limit NAME +INSTRUCTIONS`, once per figure, `bench-sample NAME ours|peer INSTRUCTIONS` per measurement. `overdrive-bench NAME...`
//! measures only the figures that are named, and only those that are for `OVERDRIVE_MACHINE`, if that
//! is in the environment.

mod bind;
mod clock;
mod console;
mod extend;
mod figure;
mod hot_add;
mod machine;
mod module;
mod rebind;
mod rule_memory;
mod set;
mod set_override;
mod sysfs;
mod vfio_pci;
mod vfio_platform;

fn main() -> anyhow::Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let machine = std::env::var("OVERDRIVE_MACHINE").ok();
    let figures = [
        set_override::FIGURE,
        bind::FIGURE,
        rebind::FIGURE,
        set::SLEEPING,
        set::DEVICES,
        hot_add::NO_RULE,
        extend::MATCH,
        extend::MATCH_WITH_OVERRIDE,
        extend::NO_EXTENSION,
    ];

    let is_wanted = |figure: &&figure::Figure| {
        machine
            .as_deref()
            .is_none_or(|machine| machine == figure.machine)
            && (wanted.is_empty() || wanted.iter().any(|name| name == figure.name))
    };

    let quiet = console::Quiet::new()?;
    for figure in figures
        .iter()
        .chain(&vfio_platform::FIGURES)
        .chain(&vfio_pci::FIGURES)
        .chain(&hot_add::MANY)
        .filter(is_wanted)
    {
        figure.measure(clock::instructions)?;
    }
    hot_add::clean_up();
    for figure in vfio_pci::WITH_SLEEP.iter().filter(is_wanted) {
        figure.measure(clock::own_instructions)?;
    }
    if machine
        .as_deref()
        .is_none_or(|machine| machine == rule_memory::MACHINE)
        && (wanted.is_empty() || wanted.iter().any(|name| name == rule_memory::NAME))
    {
        rule_memory::measure()?;
    }
    quiet.finish()
}
