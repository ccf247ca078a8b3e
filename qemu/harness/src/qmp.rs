// SPDX-License-Identifier: GPL-2.0

//! QEMU's monitor protocol, as far as the tests need it: any command, by name, and one event.
//!
//! A typed binding would have to know every command beforehand; the guest names them at run time.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The time that QEMU may take to answer, and a guest to let go of a device.
const PATIENCE: Duration = Duration::from_secs(30);

/// A message that QEMU sends.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Message {
    Return {
        #[serde(rename = "return")]
        value: Value,
    },
    Error {
        error: Refusal,
    },
    Event {
        event: String,
        #[serde(default)]
        data: Map<String, Value>,
    },
    Greeting {
        #[serde(rename = "QMP")]
        _qmp: Value,
    },
}

#[derive(Debug, Deserialize)]
struct Refusal {
    desc: String,
}

/// A connection that has said hello.
pub(crate) struct Qmp {
    stream: UnixStream,
    messages: Receiver<Result<Message>>,
}

impl Qmp {
    pub(crate) fn new(stream: UnixStream) -> Result<Self> {
        let reader = BufReader::new(stream.try_clone().context("cannot copy a socket")?);
        let (sender, messages) = channel();
        thread::spawn(move || {
            for line in reader.lines() {
                let message = line
                    .map_err(anyhow::Error::from)
                    .and_then(|line| Ok(serde_json::from_str(&line)?));
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut qmp = Self { stream, messages };
        match qmp.next(Instant::now() + PATIENCE)? {
            Message::Greeting { .. } => {}
            other => bail!("QEMU did not greet but sent {other:?}"),
        }
        qmp.execute("qmp_capabilities", Value::Null)?;
        Ok(qmp)
    }

    /// Executes one command. `device_del` ends when the device is gone.
    pub(crate) fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let removed = match command {
            "device_del" => arguments
                .get("id")
                .and_then(Value::as_str)
                .map(str::to_owned),
            _ => None,
        };
        let mut request = json!({ "execute": command });
        if !arguments.is_null() {
            request["arguments"] = arguments;
        }
        // One write: QEMU's parser does not mind, a reader of strace does.
        self.stream
            .write_all(format!("{request}\n").as_bytes())
            .context("cannot write to QEMU")?;

        let deadline = Instant::now() + PATIENCE;
        let mut gone = removed.is_none();
        let mut answer = None;
        loop {
            let message = self.next(deadline).with_context(|| match answer {
                Some(_) => format!("{command}: the device is still there"),
                None => command.to_owned(),
            })?;
            match message {
                Message::Return { value } => answer = Some(value),
                Message::Error { error } => return Err(anyhow!(error.desc)),
                Message::Event { event, data } => {
                    let device = data.get("device").and_then(Value::as_str);
                    match event.as_str() {
                        "DEVICE_DELETED" if device == removed.as_deref() => gone = true,
                        "DEVICE_UNPLUG_GUEST_ERROR" if device == removed.as_deref() => {
                            bail!("the guest refused to let go of the device")
                        }
                        _ => {}
                    }
                }
                Message::Greeting { .. } => bail!("QEMU greeted twice"),
            }
            if gone {
                if let Some(value) = answer.take() {
                    return Ok(value);
                }
            }
        }
    }

    fn next(&self, deadline: Instant) -> Result<Message> {
        match self
            .messages
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => bail!("no answer in {} s", PATIENCE.as_secs()),
            Err(RecvTimeoutError::Disconnected) => bail!("QEMU is gone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A QEMU that greets, takes `qmp_capabilities`, and then says `answers` to whatever comes.
    fn with_qemu(answers: &'static str) -> Qmp {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        thread::spawn(move || {
            let mut writer = theirs.try_clone().expect("copy");
            let mut lines = BufReader::new(theirs).lines();
            writeln!(
                writer,
                "{{\"QMP\": {{\"version\": {{}}, \"capabilities\": []}}}}"
            )
            .expect("greets");
            lines.next();
            writeln!(writer, "{{\"return\": {{}}}}").expect("answers");
            lines.next();
            writer.write_all(answers.as_bytes()).expect("answers");
            lines.next();
        });
        Qmp::new(ours).expect("connects")
    }

    #[test]
    fn an_answer_may_come_after_events() {
        let mut qmp =
            with_qemu("{\"event\": \"RESUME\", \"timestamp\": {}}\n{\"return\": {\"a\": 1}}\n");
        let value = qmp.execute("query-x", Value::Null).expect("answers");
        assert_eq!(value, json!({ "a": 1 }));
    }

    #[test]
    fn a_refusal_is_an_error() {
        let mut qmp =
            with_qemu("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such bus\"}}\n");
        let error = qmp.execute("device_add", json!({})).expect_err("refuses");
        assert_eq!(error.to_string(), "no such bus");
    }

    #[test]
    fn a_device_is_deleted_when_its_own_event_has_come() {
        let mut qmp = with_qemu(
            "{\"return\": {}}\n\
             {\"event\": \"DEVICE_DELETED\", \"data\": {\"path\": \"/x\"}}\n\
             {\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"d0\", \"path\": \"/y\"}}\n",
        );
        assert_eq!(
            qmp.execute("device_del", json!({ "id": "d0" }))
                .expect("is gone"),
            json!({})
        );
    }

    #[test]
    fn a_guest_may_refuse() {
        let mut qmp = with_qemu(
            "{\"return\": {}}\n\
             {\"event\": \"DEVICE_UNPLUG_GUEST_ERROR\", \"data\": {\"device\": \"d0\"}}\n",
        );
        assert!(qmp.execute("device_del", json!({ "id": "d0" })).is_err());
    }
}
