// SPDX-License-Identifier: GPL-2.0

//! The manual page and the program know the same words.

use clap::CommandFactory;
use overdrive::args::Args;

const MANUAL: &str = include_str!("../../../../Documentation/man/overdrive.8");
const FILES: &str = include_str!("../../../../Documentation/man/overdrive.d.5");

/// Returns every command with its path, and every long option.
fn words(command: &clap::Command, found: &mut Vec<(String, Vec<String>)>) {
    // What is hidden is for completions only.
    for inner in command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set())
    {
        let options = inner
            .get_arguments()
            .filter_map(|argument| argument.get_long())
            .map(str::to_owned)
            .collect();
        found.push((inner.get_name().to_owned(), options));
        words(inner, found);
    }
}

#[test]
fn every_field_of_a_rule_is_in_the_manual_page_of_its_file() {
    for field in overdrive_rules::fields() {
        let item = format!(".It Cm {}\n", field.key);
        assert!(FILES.contains(&item), "{}", field.key);
    }
}

#[test]
fn every_command_and_option_is_in_the_manual_page() {
    let mut found = Vec::new();
    words(&Args::command(), &mut found);
    assert!(found.len() > 10);
    for (command, options) in found {
        assert!(MANUAL.contains(&command), "the command {command}");
        for option in options {
            let macros = [
                format!("Fl -{option}"),
                format!("Fl -{}", option.replace('-', "\\-")),
            ];
            assert!(
                macros.iter().any(|text| MANUAL.contains(text.as_str())),
                "--{option} of {command}"
            );
        }
    }
}
