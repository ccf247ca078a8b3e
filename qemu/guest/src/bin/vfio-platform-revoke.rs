// SPDX-License-Identifier: GPL-2.0

//! What becomes of a user whose device is taken away, and of a device whose user dies.
//!
//! `vfio-platform-revoke DEVICE DRIVER`: the device is bound to overdrive's DRIVER, and is so in the
//! end.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use libc::{EAGAIN, EBUSY, ENODEV, MAP_SHARED, SIGBUS};
use overdrive_guest::{
    bus::Bus,
    ktap::{Outcome, Report, equal, fail, fails, skip},
    mapping::{Mapping, PAGE, signal_of_read},
    vfio::Device,
};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_TRIGGER as TRIGGER, VFIO_REGION_INFO_FLAG_MMAP,
};

struct Subject {
    device: String,
    driver: String,
}

type Test = (&'static str, fn(&Subject) -> Outcome);

const TESTS: &[Test] = &[
    ("unbinding takes the registers away", registers),
    ("unbinding takes mappings away", mappings),
    (
        "unbinding takes mappings away that are just made",
        new_mappings,
    ),
    ("unbinding takes interrupts away", interrupts),
    ("nobody can open the device meanwhile", opening),
    ("the group is free again afterwards", afterwards),
    ("a user that is killed leaves nothing behind", killed),
    (
        "the module can't be unloaded while the device is open",
        unload,
    ),
];

/// The device, while somebody waits for it to be given up.
struct Revoked {
    device: Device,
    unbinding: JoinHandle<io::Result<()>>,
}

impl Revoked {
    /// Unbinds the device in another thread, until the user notices.
    fn new(subject: &Subject, device: Device) -> Result<Self, String> {
        let (name, driver) = (subject.device.clone(), subject.driver.clone());
        let unbinding = thread::spawn(move || Bus::of_firmware(&name).unbind(&name, &driver));

        let start = Instant::now();
        while device.file().read_at(&mut [0; 1], 0).is_ok() {
            if start.elapsed() > Duration::from_secs(10) {
                return Err("the registers can still be read after 10 s".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Self { device, unbinding })
    }

    /// Gives the device up, and binds it again.
    fn finish(self, subject: &Subject) -> Outcome {
        if self.unbinding.is_finished() {
            return fail("the device is unbound although it is open");
        }
        drop(self.device);
        match self.unbinding.join() {
            Ok(result) => result?,
            Err(_) => return fail("the thread that unbinds has died"),
        }
        let bus = Bus::of_firmware(&subject.device);
        equal("the driver", bus.driver(&subject.device), None)?;
        bus.bind(&subject.device, &subject.driver)?;
        Device::open(&subject.device)?.info()?;
        Ok(())
    }
}

fn registers(subject: &Subject) -> Outcome {
    let device = Device::open(&subject.device)?;
    let region = device.region(0)?;
    let revoked = Revoked::new(subject, device)?;
    let file = revoked.device.file();

    for len in [1, 2, 4, 8, 16] {
        fails(
            "a read",
            file.read_at(&mut vec![0; len], region.offset),
            ENODEV,
        )?;
        fails(
            "a write",
            file.write_at(&vec![0; len], region.offset),
            ENODEV,
        )?;
    }
    fails("a reset", revoked.device.reset(), ENODEV)?;
    // What is known about the device can be told.
    revoked.device.info()?;
    revoked.finish(subject)
}

fn pages(device: &Device) -> io::Result<Option<Mapping>> {
    let region = device.region(0)?;
    if region.flags & VFIO_REGION_INFO_FLAG_MMAP == 0 {
        return Ok(None);
    }
    device.map(region.offset, PAGE, MAP_SHARED).map(Some)
}

fn mappings(subject: &Subject) -> Outcome {
    let device = Device::open(&subject.device)?;
    let (Some(touched), Some(untouched)) = (pages(&device)?, pages(&device)?) else {
        return skip("no pages");
    };
    touched.read_u32(0);
    equal(
        "what kills a reader before",
        signal_of_read(&touched, 0)?,
        None,
    )?;

    let revoked = Revoked::new(subject, device)?;
    equal(
        "what kills a reader",
        signal_of_read(&touched, 0)?,
        Some(SIGBUS),
    )?;
    equal(
        "what kills another",
        signal_of_read(&untouched, 0)?,
        Some(SIGBUS),
    )?;
    if let Some(late) = pages(&revoked.device)? {
        equal(
            "what kills a late one",
            signal_of_read(&late, 0)?,
            Some(SIGBUS),
        )?;
    }
    drop((touched, untouched));
    revoked.finish(subject)
}

/// Maps a page all the time; returns the last mappings.
fn map_until(over: &AtomicBool, file: &File, position: u64) -> io::Result<VecDeque<Mapping>> {
    let mut last = VecDeque::new();

    while !over.load(Relaxed) {
        last.push_back(Mapping::of_file(file, position, PAGE, MAP_SHARED)?);
        if last.len() > 30 {
            last.pop_front();
        }
    }
    Ok(last)
}

/// What is mapped when the device is taken away must be taken away, too.
fn new_mappings(subject: &Subject) -> Outcome {
    let device = Device::open(&subject.device)?;
    if pages(&device)?.is_none() {
        return skip("no pages");
    }
    let position = device.region(0)?.offset;
    let file = device.file().try_clone()?;
    let over = AtomicBool::new(false);

    let (revoked, mapped) = thread::scope(|scope| {
        let mappers = [(); 3].map(|()| scope.spawn(|| map_until(&over, &file, position)));
        thread::sleep(Duration::from_millis(50));
        let revoked = Revoked::new(subject, device);
        over.store(true, Relaxed);
        (revoked, mappers.map(|mapper| mapper.join()))
    });
    drop(file);
    let revoked = revoked?;
    let mut mappings = Vec::new();
    for mapper in mapped {
        mappings.extend(mapper.map_err(|_| "a thread that maps has died")??);
    }
    // The last of them go when the address space can be looked at, after the registers.
    let start = Instant::now();
    for mapping in &mappings {
        while signal_of_read(mapping, 0)? != Some(SIGBUS) {
            if start.elapsed() > Duration::from_secs(5) {
                return fail("a page can still be read after 5 s");
            }
        }
    }
    drop(mappings);
    revoked.finish(subject)
}

fn interrupts(subject: &Subject) -> Outcome {
    let device = Device::open(&subject.device)?;
    if device.info()?.2 == 0 {
        return skip("no interrupts");
    }
    let event = device.trigger(0)?;
    let revoked = Revoked::new(subject, device)?;

    // The interrupts go right after the registers.
    thread::sleep(Duration::from_millis(100));
    fails("a trigger", revoked.device.irq_now(TRIGGER, 0), ENODEV)?;
    fails("a new eventfd", revoked.device.trigger(0).map(drop), ENODEV)?;
    fails("signals", event.read(), EAGAIN)?;
    revoked.finish(subject)
}

fn opening(subject: &Subject) -> Outcome {
    let revoked = Revoked::new(subject, Device::open(&subject.device)?)?;

    fails(
        "another user",
        Device::open(&subject.device).map(drop),
        EBUSY,
    )?;
    if let Ok(again) = revoked.device.open_again(&subject.device) {
        fails("a read", again.read_at(&mut [0; 4], 0), ENODEV)?;
    }
    revoked.finish(subject)
}

fn afterwards(subject: &Subject) -> Outcome {
    for _ in 0..5 {
        Revoked::new(subject, Device::open(&subject.device)?)?.finish(subject)?;
    }
    Ok(())
}

fn killed(subject: &Subject) -> Outcome {
    // SAFETY: There are no other threads at this point, so that the child may do anything.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let _held = Device::open(&subject.device).map(|device| {
            let held = (pages(&device).ok(), device.trigger(0).ok());
            (device, held)
        });
        fs::write("/tmp/opened", "").ok();
        loop {
            thread::park();
        }
    }
    while fs::metadata("/tmp/opened").is_err() {
        thread::sleep(Duration::from_millis(10));
    }
    fs::remove_file("/tmp/opened")?;
    fails(
        "another user",
        Device::open(&subject.device).map(drop),
        EBUSY,
    )?;

    // SAFETY: The child is ours.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, &mut 0, 0);
    }
    let device = Device::open(&subject.device)?;
    if device.info()?.2 > 0 {
        let event = device.trigger(0)?;
        device.irq_now(TRIGGER, 0)?;
        equal("signals", event.read()?, 1)?;
    }
    Ok(())
}

fn unload(subject: &Subject) -> Outcome {
    let _device = Device::open(&subject.device)?;

    // SAFETY: The name is a string.
    let result = unsafe {
        libc::syscall(
            libc::SYS_delete_module,
            c"overdrive".as_ptr(),
            libc::O_NONBLOCK,
        )
    };
    let result = match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    fails("unloading", result, EAGAIN)?;
    equal(
        "the driver",
        Bus::of_firmware(&subject.device)
            .driver(&subject.device)
            .as_ref(),
        Some(&subject.driver),
    )
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, device, driver] = args.as_slice() else {
        eprintln!("usage: vfio-platform-revoke DEVICE DRIVER");
        return ExitCode::from(2);
    };
    let subject = Subject {
        device: device.clone(),
        driver: driver.clone(),
    };

    let mut report = Report::new(TESTS.len());
    for (name, test) in TESTS {
        report.result(name, test(&subject));
    }
    report.finish()
}
