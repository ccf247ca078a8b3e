// SPDX-License-Identifier: GPL-2.0

//! The end of a user whose device is unbound, and the fate of a device whose user dies.
//!
//! `vfio-revoke BUS DEVICE DRIVER MODULE`: the device is bound to DRIVER of MODULE, and is so in the
//! end. A PCI device remains its user's, who is asked to go; from the user of a platform or AMBA device
//! it is taken.

mod asked;
mod taken;

use std::{
    ffi::CString,
    fs, io,
    process::ExitCode,
    thread::{self, JoinHandle},
};

use libc::{EAGAIN, EBUSY};
use overdrive_guest::{
    bus::{Bus, PCI},
    ktap::{Outcome, Report, equal, fail, fails},
    vfio::Device,
    wait::until_true,
};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_TRIGGER as TRIGGER, VFIO_PCI_REQ_IRQ_INDEX,
};

struct Subject {
    bus: Bus,
    device: String,
    driver: String,
    module: String,
}

impl Subject {
    fn open(&self) -> io::Result<Device> {
        self.bus.open(&self.device)
    }

    /// An interrupt that needs no hardware, if the device has one.
    fn interrupt(&self, device: &Device) -> io::Result<Option<u32>> {
        if self.bus == PCI {
            return Ok(Some(VFIO_PCI_REQ_IRQ_INDEX));
        }
        Ok((device.info()?.irqs > 0).then_some(0))
    }

    /// Unbinds the device in another thread.
    fn begin_to_unbind(&self) -> JoinHandle<io::Result<()>> {
        let (bus, device, driver) = (self.bus, self.device.clone(), self.driver.clone());

        thread::spawn(move || bus.unbind(&device, &driver))
    }

    /// Waits for the unbinding, and binds the device again.
    fn finish(&self, unbinding: JoinHandle<io::Result<()>>) -> Outcome {
        match unbinding.join() {
            Ok(result) => result?,
            Err(_) => return fail("the thread that unbinds has died"),
        }
        equal("the driver", self.bus.driver(&self.device), None)?;
        self.bus.bind(&self.device, &self.driver)?;
        self.open()?.info()?;
        Ok(())
    }
}

type Test = (&'static str, fn(&Subject) -> Outcome);

const TESTS: &[Test] = &[
    ("a user that is killed leaves nothing behind", killed),
    (
        "the module can't be unloaded while the device is open",
        unload,
    ),
];

fn killed(subject: &Subject) -> Outcome {
    const OPENED: &str = "/tmp/opened";

    // SAFETY: There are no other threads at this point, so that the child may do anything.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let held = subject.open().map(|device| {
            let interrupt = subject.interrupt(&device).ok().flatten();
            let event = interrupt.and_then(|index| device.trigger(index).ok());
            let mapping = taken::first_page(&device).ok();
            (device, event, mapping)
        });
        fs::write(OPENED, "").ok();
        loop {
            thread::park();
            std::hint::black_box(&held);
        }
    }
    until_true(|| Ok(fs::metadata(OPENED).is_ok()))?;
    fs::remove_file(OPENED)?;
    fails("another user", subject.open().map(drop), EBUSY)?;

    // SAFETY: The child is ours.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, &mut 0, 0);
    }
    let device = subject.open()?;
    if let Some(index) = subject.interrupt(&device)? {
        let event = device.trigger(index)?;
        device.irq_now(TRIGGER, index)?;
        equal("signals", event.read()?, 1)?;
    }
    Ok(())
}

fn unload(subject: &Subject) -> Outcome {
    let _device = subject.open()?;
    let module = CString::new(subject.module.as_str()).map_err(io::Error::other)?;

    // SAFETY: The name is a string.
    let result =
        unsafe { libc::syscall(libc::SYS_delete_module, module.as_ptr(), libc::O_NONBLOCK) };
    let result = match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    fails("unloading", result, EAGAIN)?;
    equal(
        "the driver",
        subject.bus.driver(&subject.device).as_ref(),
        Some(&subject.driver),
    )
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, bus, device, driver, module] = args.as_slice() else {
        eprintln!("usage: vfio-revoke BUS DEVICE DRIVER MODULE");
        return ExitCode::from(2);
    };
    let Some(bus) = Bus::by_name(bus) else {
        eprintln!("no such bus: {bus}");
        return ExitCode::from(2);
    };
    let subject = Subject {
        bus,
        device: device.clone(),
        driver: driver.clone(),
        module: module.clone(),
    };

    let own = if bus == PCI {
        asked::TESTS
    } else {
        taken::TESTS
    };
    let mut report = Report::new(own.len() + TESTS.len());
    for (name, test) in own.iter().chain(TESTS) {
        report.result(name, test(&subject));
    }
    report.finish()
}
