// SPDX-License-Identifier: GPL-2.0

//! Tables of aligned columns, with colours on a terminal.

use std::{
    env,
    io::{self, IsTerminal},
};

use clap::builder::styling::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table as Layout, presets};

use super::print_text;

/// The meaning of a row, which its colour shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A headline.
    Head,
    /// Nothing special.
    Plain,
    /// Userspace can have it.
    Userspace,
    /// Something is not as it should be.
    Wrong,
    /// Nobody has it.
    Idle,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Head => Style::new().bold(),
            Self::Plain => Style::new(),
            Self::Userspace => AnsiColor::Green.on_default(),
            Self::Wrong => AnsiColor::Red.on_default(),
            Self::Idle => Style::new().dimmed(),
        }
    }
}

/// A table that is being made.
#[derive(Debug, Default)]
pub struct Table {
    tones: Vec<Tone>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns a table without rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a table with a headline.
    pub fn with_head(cells: &[&str]) -> Self {
        let mut table = Self::new();
        table.row(Tone::Head, cells.iter().copied());
        table
    }

    /// Adds a row. Rows may have fewer cells than others.
    pub fn row<T: Into<String>>(&mut self, tone: Tone, cells: impl IntoIterator<Item = T>) {
        self.tones.push(tone);
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Returns the lines, without colours.
    pub fn lines(&self) -> Vec<String> {
        let mut layout = Layout::new();
        layout
            .load_preset(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        let width = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        for row in &self.rows {
            let mut cells: Vec<String> = row.iter().map(|cell| one_line(cell)).collect();
            cells.resize(width, String::new());
            layout.add_row(cells);
        }
        for column in layout.column_iter_mut() {
            column.set_padding((0, 2));
        }
        layout
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    /// Prints the table.
    pub fn print(&self) {
        let paint = wants_colour();
        let mut text = String::new();
        for (line, tone) in self.lines().iter().zip(&self.tones) {
            let style = tone.style();
            if paint && !style.is_plain() {
                text.push_str(&format!("{style}{line}{style:#}\n"));
            } else {
                text.push_str(line);
                text.push('\n');
            }
        }
        print_text(&text);
    }
}

/// Returns the text without what would begin another row.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn wants_colour() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal()
        && !set("NO_COLOR")
        && env::var_os("TERM").is_some_and(|term| term != "dumb" && !term.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_have_no_blanks_at_their_end() {
        let mut table = Table::with_head(&["DEVICE", "DRIVER", "WHAT"]);
        table.row(Tone::Plain, ["a", "long-driver-name", ""]);
        table.row(Tone::Plain, ["b"]);
        assert_eq!(
            table.lines(),
            [
                "DEVICE  DRIVER            WHAT",
                "a       long-driver-name",
                "b"
            ]
        );
    }
}
