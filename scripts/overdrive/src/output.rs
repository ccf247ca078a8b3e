// SPDX-License-Identifier: GPL-2.0

//! The printed output: messages, tables and JSON.

pub mod json;
pub mod log;
pub mod table;

use std::io::{self, BufWriter, Write};

/// Says something on standard error, with the program's name before it.
pub fn say(text: impl AsRef<str>) {
    // Nobody is left to be told.
    let _ = writeln!(io::stderr(), "overdrive: {}", text.as_ref());
}

/// Says something that belongs to the message before it.
pub fn say_more(text: impl AsRef<str>) {
    let _ = writeln!(io::stderr(), "  {}", text.as_ref());
}

/// Prints a line on standard output.
pub fn print(text: impl AsRef<str>) {
    print_text(&format!("{}\n", text.as_ref()));
}

/// Prints a line on standard output at once. Returns `false` if nobody reads it.
pub fn print_line(line: &str) -> bool {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())
        .and_then(|()| out.flush())
        .is_ok()
}

/// Prints lines on standard output, with as few writes as possible. Whoever stops reading needs no more of them.
pub fn print_text(text: &str) {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
