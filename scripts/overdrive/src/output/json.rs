// SPDX-License-Identifier: GPL-2.0

//! JSON for programs: an array with an object on every line, or one object.

use std::io;

use serde::Serialize;
use serde_json::{Serializer, ser::Formatter};

use super::print;

/// A layout with blanks after commas and colons, and a line for each entry of the outermost array.
#[derive(Default)]
struct Lines {
    depth: usize,
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        match (first, self.depth) {
            (true, _) => Ok(()),
            (false, 1) => writer.write_all(b",\n "),
            (false, _) => writer.write_all(b", "),
        }
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first {
            Ok(())
        } else {
            writer.write_all(b", ")
        }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

/// Returns the value as JSON.
pub fn to_text(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Lines::default());
    // Writing to memory does not fail, and all maps have strings for keys.
    let _ = value.serialize(&mut serializer);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Prints the value as JSON.
pub fn print_json(value: &impl Serialize) {
    print(to_text(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        words: Vec<&'static str>,
    }

    #[test]
    fn an_array_has_an_object_on_every_line() {
        let row = |name| Row {
            name,
            words: vec!["x", "y"],
        };
        assert_eq!(
            to_text(&vec![row("a"), row("b\"")]),
            "[{\"name\": \"a\", \"words\": [\"x\", \"y\"]},\n {\"name\": \"b\\\"\", \"words\": [\"x\", \"y\"]}]"
        );
    }
}
