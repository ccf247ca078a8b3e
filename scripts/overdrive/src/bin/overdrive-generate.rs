// SPDX-License-Identifier: GPL-2.0

//! Writes completions for shells, and a man page for each command, to a folder: `overdrive-generate FOLDER`.

use std::{env, fs, io, path::Path};

use clap::CommandFactory;
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;
use overdrive::args::Args;

/// The shells, and what is added to their completions by hand.
const SHELLS: &[(Shell, &str)] = &[
    (
        Shell::Bash,
        include_str!("../../../packaging/completions/overdrive.bash"),
    ),
    (
        Shell::Zsh,
        include_str!("../../../packaging/completions/overdrive.zsh"),
    ),
    (
        Shell::Fish,
        include_str!("../../../packaging/completions/overdrive.fish"),
    ),
];

fn main() -> io::Result<()> {
    let folder = env::args_os()
        .nth(1)
        .ok_or_else(|| io::Error::other("a folder is needed"))?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let mut command = Args::command();
    for (shell, more) in SHELLS {
        let file = generate_to(*shell, &mut command, "overdrive", folder)?;
        let mut text = fs::read_to_string(&file)?;
        if *shell == Shell::Zsh {
            text = with_names(&text, more)?;
        } else {
            text.push_str(more);
        }
        fs::write(file, text)?;
    }
    command.build();
    // The page of the whole is written by hand.
    for inner in command.get_subcommands() {
        pages(inner, "overdrive", folder)?;
    }
    Ok(())
}

/// Returns the completions for zsh with functions for the arguments that are names.
///
/// # Errors
///
/// An argument is called otherwise now.
fn with_names(text: &str, functions: &str) -> io::Result<String> {
    // The first line is for the shell.
    let (head, body) = text.split_once('\n').unwrap_or((text, ""));
    let mut body = body.to_owned();
    for (title, kinds) in [
        ("Devices by any of their names", &["devices"][..]),
        (
            "Devices by any of their names, and the driver last",
            &["devices", "drivers"],
        ),
        ("A device by any of its names", &["devices"]),
        ("serial number and kind]:DEVICE", &["devices"]),
        ("Only these rules", &["rules"]),
        ("The slot", &["slots"]),
    ] {
        let calls: Vec<String> = kinds
            .iter()
            .map(|kind| format!("_overdrive_names {kind}"))
            .collect();
        let old = format!("{title}:_default");
        if !body.contains(&old) {
            return Err(io::Error::other(format!(
                "no argument has the title '{title}'"
            )));
        }
        body = body.replace(&old, &format!("{title}:{{{}}}", calls.join("; ")));
    }
    Ok(format!("{head}\n{functions}{body}"))
}

/// Writes the pages of a command and of those below it.
fn pages(command: &clap::Command, parent: &str, folder: &Path) -> io::Result<()> {
    if command.get_name() == "help" || command.is_hide_set() {
        return Ok(());
    }
    let name = format!("{parent}-{}", command.get_name());
    let mut text = Vec::new();
    Man::new(command.clone())
        .title(name.to_uppercase())
        .section("8")
        .source("overdrive")
        .manual("System Manager's Manual")
        .render(&mut text)?;
    fs::write(folder.join(format!("{name}.8")), text)?;
    for inner in command.get_subcommands() {
        pages(inner, &name, folder)?;
    }
    Ok(())
}
