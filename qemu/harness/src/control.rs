// SPDX-License-Identifier: GPL-2.0

//! Requests of the guest to the host, over the port `org.overdrive.control`.
//!
//! One line `COMMAND JSON-ARGUMENTS`, answered by one line: `ok JSON` or `error TEXT`.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    thread,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::qmp::Qmp;

/// Splits a request into command and arguments.
fn parse(line: &str) -> Result<(&str, Value)> {
    let line = line.trim();
    let (command, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    if command.is_empty() {
        bail!("an empty request");
    }
    let arguments = arguments.trim();
    if arguments.is_empty() {
        return Ok((command, Value::Null));
    }
    let value: Value = serde_json::from_str(arguments).context("the arguments are not JSON")?;
    if !value.is_object() {
        bail!("the arguments are not a JSON object");
    }
    Ok((command, value))
}

fn answer(qmp: &mut Qmp, line: &str) -> Result<Value> {
    let (command, arguments) = parse(line)?;
    qmp.execute(command, arguments)
}

/// Serves requests until the guest is gone, telling `note` of each.
pub(crate) fn serve(
    control: UnixStream,
    qmp: UnixStream,
    note: impl Fn(String) + Send + 'static,
) -> Result<()> {
    let reader = control.try_clone().context("cannot copy a socket")?;
    thread::spawn(move || {
        let mut writer = control;
        let mut qmp = match Qmp::new(qmp) {
            Ok(qmp) => qmp,
            Err(error) => return note(format!("no connection to QEMU's monitor: {error:#}")),
        };
        for line in BufReader::new(reader).split(b'\n') {
            let Ok(line) = line else { break };
            let line = String::from_utf8_lossy(&line);
            note(format!("< {line}"));
            let answer = match answer(&mut qmp, &line) {
                Ok(value) => format!("ok {value}"),
                Err(error) => format!("error {error:#}").replace('\n', " "),
            };
            note(format!("> {answer}"));
            if writeln!(writer, "{answer}").is_err() {
                break;
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        let (command, arguments) = parse("device_del {\"id\": \"x\"}\r").expect("parses");
        assert_eq!(command, "device_del");
        assert_eq!(arguments["id"], "x");
        assert_eq!(parse("query-status").expect("parses").1, Value::Null);
        for line in ["", "  ", "device_del x", "device_del [1]"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
