// SPDX-License-Identifier: GPL-2.0

//! Writes completions for shells, and a man page for each command, to a folder: `overdrive-generate FOLDER`.

use std::{env, fs, io, path::Path};

use clap::CommandFactory;
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;
use overdrive::args::Args;

fn main() -> io::Result<()> {
    let folder = env::args_os()
        .nth(1)
        .ok_or_else(|| io::Error::other("a folder is needed"))?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let mut command = Args::command();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut command, "overdrive", folder)?;
    }
    command.build();
    // The page of the whole is written by hand.
    for inner in command.get_subcommands() {
        pages(inner, "overdrive", folder)?;
    }
    Ok(())
}

/// Writes the pages of a command and of those below it.
fn pages(command: &clap::Command, parent: &str, folder: &Path) -> io::Result<()> {
    if command.get_name() == "help" {
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
