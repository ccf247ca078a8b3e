// SPDX-License-Identifier: GPL-2.0

//! `/dev/overdrive`: transactions over any devices, for good or for as long as the file is open.
//!
//! See `Documentation/ABI/testing/dev-overdrive`.

mod request;

use crate::{
    abstractions::{
        misc_device::{
            MiscDevice,
            OpenFile, //
        },
        module,
        monitor::Monitor, //
    },
    device::{
        list::Devices,
        tracked::TrackedDevice, //
    },
    transaction::{
        loan::Loans,
        target::Target,
        Answer,
        Transactions, //
    },
};
use kernel::{
    prelude::*,
    static_lock_class,
    str::{
        BStr,
        CString, //
    },
    sync::Arc,
    uaccess::{
        UserSliceReader,
        UserSliceWriter, //
    }, //
};
use request::{
    Destination,
    Request,
    Verb, //
};

/// The longest line that can be written, in bytes.
const MAX_LEN: usize = 4096;

/// The part of a file that changes.
struct State {
    /// Somebody is in a write.
    writing: bool,
    /// The text that is read next.
    text: KVec<u8>,
    /// The number of its bytes that were read.
    read: usize,
}

/// An open file.
#[pin_data]
pub(crate) struct Session {
    #[pin]
    state: Monitor<State>,
    loans: Loans,
}

/// The registered node.
pub(crate) type Node = MiscDevice<Session>;

/// Allows one write at a time; dropping it lets in the next one.
struct Writing<'a>(&'a Session);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.state.update(|state| state.writing = false);
    }
}

impl Session {
    /// Registers the node.
    pub(crate) fn register(module: &'static ThisModule) -> impl PinInit<Node, Error> {
        MiscDevice::new(c"overdrive", 0o600, module)
    }

    fn begin(&self) -> Result<Writing<'_>> {
        self.state
            .wait(|state| (!core::mem::replace(&mut state.writing, true)).then_some(()))?;
        Ok(Writing(self))
    }

    fn answer(&self, text: KVec<u8>) {
        let old = self.state.with(|state| {
            state.read = 0;
            core::mem::replace(&mut state.text, text)
        });

        drop(old);
    }

    fn execute(&self, line: &[u8]) -> Result {
        let request = Request::parse(line).map_err(|reason| {
            pr_err!("/dev/overdrive: {reason}\n");
            EINVAL
        })?;
        let target = match request.destination {
            Destination::Standard => Target::Standard,
            Destination::Driver(name) => Target::try_from(name).inspect_err(|err| {
                if *err == EINVAL {
                    pr_err!("/dev/overdrive: driver=: what was written is no driver's name\n");
                }
            })?,
        };
        let mut devices = KVec::new();
        let mut unknown = None;

        for device in request.devices() {
            let (bus, name) = device.map_err(|_| EINVAL)?;

            match find(bus, name)? {
                Some(device) => devices.push(device, GFP_KERNEL)?,
                None => {
                    unknown = unknown.or(Some((bus, name)));
                }
            }
        }
        if let Some((bus, name)) = unknown {
            let (bus, name) = (BStr::from_bytes(bus), BStr::from_bytes(name));
            let line = CString::try_from_fmt(fmt!(
                "device={bus}/{name} state=untouched error={} reason=unknown\n",
                ENODEV.to_errno()
            ))?;
            let mut text = KVec::new();

            pr_err!("/dev/overdrive: there is no {bus}/{name} on a bus with overrides\n");
            text.extend_from_slice(line.to_bytes(), GFP_KERNEL)?;
            self.answer(text);
            return Err(ENODEV);
        }

        let transactions = Transactions::published()?;
        let mut answer = Answer::default();
        let ret = match request.verb {
            Verb::Bind => transactions.bind(&devices, target, request.wait, &mut answer),
            Verb::Lend => {
                transactions.lend(&devices, target, request.wait, &self.loans, &mut answer)
            }
        };

        self.answer(answer.into_text());
        ret
    }
}

/// The tracked device of that bus and name.
fn find(bus: &[u8], name: &[u8]) -> Result<Option<Arc<TrackedDevice>>> {
    let mut found = None;

    Devices::published()?.for_each(|device| {
        if device.bus() == bus && device.device().name().to_bytes() == name {
            found = Some(device.clone());
        }
    });
    Ok(found)
}

impl OpenFile for Session {
    fn open() -> Result<Arc<Self>> {
        let mut text = KVec::new();

        for part in [
            &b"version="[..],
            module::version(),
            b"\nverbs=bind,lend\noptions=wait\n",
        ] {
            text.extend_from_slice(part, GFP_KERNEL)?;
        }
        let loans = Loans::new()?;

        Arc::pin_init(
            pin_init!(Self {
                state <- Monitor::new(
                    State {
                        writing: false,
                        text,
                        read: 0,
                    },
                    c"overdrive_session",
                    static_lock_class!(),
                ),
                loans,
            }),
            GFP_KERNEL,
        )
    }

    fn read(&self, mut to: UserSliceWriter) -> Result<usize> {
        // Copied out, as writing to userspace sleeps.
        let mut part = KVec::with_capacity(to.len().min(MAX_LEN), GFP_KERNEL)?;

        self.state.with(|state| {
            for &c in state.text.iter().skip(state.read) {
                if part.push_within_capacity(c).is_err() {
                    break;
                }
            }
            state.read += part.len();
        });
        to.write_slice(&part)?;
        Ok(part.len())
    }

    fn write(&self, from: UserSliceReader) -> Result {
        if from.len() > MAX_LEN {
            return Err(EMSGSIZE);
        }
        let mut line = KVec::new();

        from.read_all(&mut line, GFP_KERNEL)?;
        let _writing = self.begin()?;

        self.answer(KVec::new());
        self.execute(&line)
    }

    fn release(&self) {
        self.loans.give_back();
    }
}
