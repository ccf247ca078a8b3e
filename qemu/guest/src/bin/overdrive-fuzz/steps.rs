// SPDX-License-Identifier: GPL-2.0

//! The meaning of the bytes of a sequence.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use overdrive_guest::{
    mapping::PAGE,
    vfio::{self, Beginning, Device, IrqSet, ioctl_with, request},
};

use crate::machine::{Machine, Plaything, driver_path};

/// The bytes of a step.
pub(crate) const STEP: usize = 4;
pub(crate) const MAX_STEPS: usize = 24;

/// The time that a step is waited for; then it goes on beside those after it.
const ALONE: Duration = Duration::from_millis(50);

/// A step with this bit is not waited for at all.
const BESIDE: u8 = 0x80;

const SLOTS: usize = 4;
const RULES: &str = "/sys/kernel/config/overdrive-rules";
const BUSES: &str = "/sys/kernel/config/overdrive-buses";

/// The standard driver of the step's device. A standard driver takes whatever the override gives it, and
/// does not survive a device of another kind.
const OWN: &str = "own";

const TARGETS: &[&str] = &[
    "vfio-meta",
    "vfio-meta",
    "vfio-pci",
    "pci-stub",
    OWN,
    OWN,
    "none",
    "standard",
    "no-such-driver",
    "vfio meta",
    "vfio-platform",
    "@group",
    "@standard",
    "",
    "\n",
];

const MATCHERS: &[&str] = &[
    "bus",
    "device",
    "parent",
    "path",
    "below",
    "modalias",
    "firmware",
    "serial",
    "vf",
    "group_owned",
    "driver",
    "enabled",
    "apply",
];

/// None of them is a device pattern that matches more than [`PLAYGROUND`] does.
const TEXTS: &[&str] = &[
    "pci",
    "platform",
    "0000:00:0[4-7].0",
    "0000:03:0?.0",
    "pci:v00001234d*",
    "pci:v00008086d*",
    "1",
    "0",
    "0-3,7",
    "0000:00:0c.0",
    "00:0b.0/00.0",
    "pci:*sc*",
    "[",
    "\\",
    "vfio-meta",
    "none",
];

/// The devices that rules may match. A rule can be applied to all that it matches, and the channels to
/// the host are behind a device as well.
const PLAYGROUND: &str = "0000:0[0-9a]:0[4-9a-f].0";

/// Held while functions are removed, or virtual ones made. A driver can leave virtual functions behind; they
/// then outlive the physical function if that is removed, and once it has been found again,
/// `pci_iov_add_virtfn()` adds them a second time and dereferences NULL.
static FUNCTIONS: Mutex<()> = Mutex::new(());

/// Steps, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sequence(pub(crate) Vec<u8>);

impl Sequence {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let digits = text.trim();
        let bytes = (0..digits.len() / 2)
            .map(|at| {
                let byte = digits.get(at * 2..at * 2 + 2).context("no digits")?;
                Ok(u8::from_str_radix(byte, 16)?)
            })
            .collect::<Result<_>>()?;
        Ok(Self(bytes))
    }

    /// Does all steps, closes every file, and waits for what still goes on.
    pub(crate) fn run(&self, machine: &Machine) {
        let open = Open::default();
        thread::scope(|scope| {
            for step in self.0.chunks_exact(STEP) {
                let (sender, done) = channel::<()>();
                let open = &open;
                let alive = open.alive.clone();
                scope.spawn(move || {
                    // That a step fails is as good as that it succeeds.
                    let _ = do_step(machine, open, step);
                    drop((sender, alive));
                });
                if step[0] & BESIDE == 0 {
                    match done.recv_timeout(ALONE) {
                        Ok(())
                        | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
                    }
                }
            }
            open.close();
            // A step that went on has perhaps opened one more.
            while Arc::strong_count(&open.alive) > 1 {
                thread::sleep(Duration::from_millis(5));
                open.close();
            }
        });
        open.close();
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The files that a sequence has open.
#[derive(Default)]
struct Open {
    devices: [Mutex<Option<Arc<Device>>>; SLOTS],
    transactions: [Mutex<Option<Arc<File>>>; SLOTS],
    /// Every step that goes on has a reference.
    alive: Arc<()>,
}

impl Open {
    fn close(&self) {
        for slot in 0..SLOTS {
            set(&self.devices[slot], None);
            set(&self.transactions[slot], None);
        }
    }
}

fn set<T>(slot: &Mutex<Option<T>>, value: Option<T>) {
    let old = {
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *slot, value)
    };
    // Closing can take long.
    drop(old);
}

fn get<T: Clone>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn pick<T: Copy>(all: &[T], number: u8) -> T {
    all[usize::from(number) % all.len()]
}

fn put(path: PathBuf, text: &str) -> Result<()> {
    fs::write(&path, text).with_context(|| path.display().to_string())
}

fn target(device: &Plaything, number: u8) -> &str {
    match pick(TARGETS, number) {
        OWN => device.standard.as_deref().unwrap_or("none"),
        target => target,
    }
}

fn do_step(machine: &Machine, open: &Open, step: &[u8]) -> Result<()> {
    let [kind, a, b, c] = *step else {
        return Ok(());
    };
    let device = &machine.devices[usize::from(a) % machine.devices.len()];
    let target = target(device, b);
    match (kind & !BESIDE) % 18 {
        0 => put(device.path().join("driver_override"), target),
        1 => put(device.path().join("driver/unbind"), &device.name),
        2 => put("/sys/bus/pci/drivers_probe".into(), &device.name),
        3 => put(driver_path(target).join("bind"), &device.name),
        4 => put(device.path().join("overdrive/rebind"), target),
        // The group can have devices of other kinds.
        5 if pick(TARGETS, b) == OWN => put(device.path().join("overdrive/rebind_group"), "none"),
        5 => put(device.path().join("overdrive/rebind_group"), target),
        6 | 7 => transaction(machine, open, step),
        8 => read_transaction(open, c),
        9 => make_rule(device, a, b, c),
        10 => put(
            format!("{RULES}/r{}/{}", a % 4, pick(MATCHERS, b)).into(),
            pick(TEXTS, c),
        ),
        11 => fs::remove_dir(format!("{RULES}/r{}", a % 4)).context("rmdir"),
        12 => remove(device, b),
        13 => set_virtual_functions(device, pick(&["0", "1", "4", "9"], b)),
        14 => open_device(open, device, c),
        15 | 16 => use_device(open, a, b, c),
        _ => others(device, b, c),
    }
}

/// One write to `/dev/overdrive`, by a file that stays open.
fn transaction(machine: &Machine, open: &Open, step: &[u8]) -> Result<()> {
    let [kind, a, b, c] = *step else {
        return Ok(());
    };
    let slot = &open.transactions[usize::from(c) % SLOTS];
    if get(slot).is_none() {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/overdrive")?;
        set(slot, Some(Arc::new(file)));
    }
    let file = get(slot).context("closed by another step")?;
    let verb = pick(&["bind", "lend"], c >> 2);
    // Nobody waits for a user who is closed at the end.
    let option = pick(&["", "", "", "wait "], c >> 3);
    let count = 1 + usize::from(c >> 5) % 4;
    let first = &machine.devices[usize::from(a) % machine.devices.len()];
    let target = target(first, b);
    let mut line = format!("{verb} {option}driver=\"{target}\"");
    for number in 0..count {
        let device = &machine.devices[(usize::from(a) + number * 3) % machine.devices.len()];
        if pick(TARGETS, b) == OWN && device.standard != first.standard {
            continue;
        }
        line += &format!(" pci/{}", device.name);
    }
    if kind & 0x40 != 0 {
        line.truncate(line.len() / 2);
    }
    (&*file).write_all(line.as_bytes()).context("transaction")
}

fn read_transaction(open: &Open, c: u8) -> Result<()> {
    let slot = &open.transactions[usize::from(c) % SLOTS];
    if c & 0x40 != 0 {
        set(slot, None);
        return Ok(());
    }
    let mut buffer = [0; 512];
    if let Some(file) = get(slot) {
        // However much there is.
        let _ = (&*file).read(&mut buffer[..usize::from(c | 1)])?;
    }
    Ok(())
}

/// A rule that is likely to match.
fn make_rule(device: &Plaything, a: u8, b: u8, c: u8) -> Result<()> {
    let rule = PathBuf::from(format!("{RULES}/r{}", c % 4));
    fs::create_dir(&rule)?;
    put(rule.join("device"), PLAYGROUND)?;
    match (c >> 2) % 4 {
        0 => put(rule.join("device"), &device.name)?,
        1 => {}
        2 => put(rule.join("modalias"), "pci:*")?,
        _ => put(rule.join("parent"), pick(TEXTS, a))?,
    }
    let driver = match pick(TARGETS, b) {
        // It may match devices of other kinds.
        OWN => "none",
        driver => driver,
    };
    put(rule.join("driver"), driver)?;
    put(rule.join("enabled"), "1")?;
    if c & 0x40 != 0 {
        put(rule.join("apply"), "1")?;
    }
    Ok(())
}

/// Sets the number of a device's virtual functions.
fn set_virtual_functions(device: &Plaything, count: &str) -> Result<()> {
    let _one = FUNCTIONS.lock().unwrap_or_else(PoisonError::into_inner);
    put(device.path().join("sriov_numvfs"), count)
}

fn remove(device: &Plaything, b: u8) -> Result<()> {
    let _one = FUNCTIONS.lock().unwrap_or_else(PoisonError::into_inner);
    let virtual_functions = fs::read_to_string(device.path().join("sriov_numvfs"));
    let has_some = virtual_functions.is_ok_and(|count| count.trim() != "0");
    if b & 1 == 0 && !has_some {
        put(device.path().join("remove"), "1")?;
    }
    if b & 2 == 0 {
        put("/sys/bus/pci/rescan".into(), "1")?;
    }
    Ok(())
}

fn open_device(open: &Open, device: &Plaything, c: u8) -> Result<()> {
    let slot = &open.devices[usize::from(c) % SLOTS];
    let opened = if c & 0x40 != 0 {
        None
    } else {
        Some(Arc::new(Device::open_pci(&device.name)?))
    };
    set(slot, opened);
    Ok(())
}

/// VFIO's calls, with good and with bad arguments.
fn use_device(open: &Open, a: u8, b: u8, c: u8) -> Result<()> {
    let device = get(&open.devices[usize::from(a) % SLOTS]).context("not open")?;
    let index = u32::from(b) % 11;
    match c % 12 {
        0 => drop(device.info()?),
        1 => drop(device.region(index)?),
        2 => {
            let region = device.region(index)?;
            device.read_u32(&region, u64::from(c) * 4)?;
        }
        3 => {
            // In the configuration space, where edu's DMA can't be started.
            let region = device.region(7)?;
            device.write_u32(&region, u64::from(b & 0xfc), u32::from(c) * 0x0101_0101)?;
        }
        4 => {
            let region = device.region(index)?;
            let mapping = device.map(region.offset, PAGE, libc::MAP_SHARED)?;
            mapping.read_u32(usize::from(c & 0xfc));
        }
        5 => device.reset()?,
        6 => drop(device.trigger(index)?),
        7 => device.irq_now(1 << (3 + c % 3), index)?,
        8 => device.set_bus_master(b & 1 != 0)?,
        9 => {
            let mut set = IrqSet {
                argsz: u32::from(b) % 64,
                flags: u32::from(c) * 5,
                index,
                start: u32::from(a >> 4),
                count: u32::from(b >> 4),
                data: [u32::MAX; 8],
            };
            ioctl_with(device.file(), vfio::DEVICE_SET_IRQS, &mut set)?;
        }
        10 => {
            // Requests that neither map memory nor hand out files.
            let mut argument = Beginning {
                argsz: u32::from(a),
                flags: u32::from(b),
                rest: [u32::from(c); 6],
            };
            ioctl_with(
                device.file(),
                request(7 + u32::from(c >> 4) % 6),
                &mut argument,
            )?;
        }
        _ => {
            let mut argument = Beginning {
                argsz: 16,
                flags: u32::from(b),
                rest: [0; 6],
            };
            ioctl_with(device.file(), request(12), &mut argument)?;
        }
    }
    Ok(())
}

/// Slots, buses, and reading everything.
fn others(device: &Plaything, b: u8, c: u8) -> Result<()> {
    let meta = driver_path("vfio-meta");
    let address = device.name.trim_start_matches("0000:");
    let bus = pick(&["serio", "usb", "hid", "no-such-bus", "virtio"], c);
    match b % 8 {
        0 => put(meta.join("new_slot"), address),
        1 => put(meta.join("remove_slot"), address),
        2 => fs::create_dir(format!("{BUSES}/{bus}")).context("mkdir"),
        3 => fs::remove_dir(format!("{BUSES}/{bus}")).context("rmdir"),
        4 => put(
            format!("{BUSES}/{bus}/scope").into(),
            pick(&["restrict", "force", "?"], c),
        ),
        5 => put(meta.join("new_slot"), pick(TEXTS, c)),
        6 => fs::read(device.path().join("overdrive/identity"))
            .map(drop)
            .context("identity"),
        _ => fs::read(device.path().join("overdrive/status"))
            .map(drop)
            .context("status"),
    }
}
