// SPDX-License-Identifier: GPL-2.0

//! What becomes of a user whose device is to be unbound, and of a device whose user dies.
//!
//! `vfio-pci-revoke ADDRESS DRIVER MODULE`: the device is bound to DRIVER of MODULE, and is so in the
//! end.

use std::{
    ffi::CString,
    fs, io,
    process::ExitCode,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use libc::{EAGAIN, EBUSY, MAP_SHARED};
use overdrive_guest::{
    bus::PCI,
    ktap::{Outcome, Report, equal, fail, fails},
    mapping::{Mapping, PAGE},
    vfio::{Device, Region},
};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_TRIGGER as TRIGGER, VFIO_PCI_BAR0_REGION_INDEX,
    VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_INTX_IRQ_INDEX as INTX,
    VFIO_PCI_REQ_IRQ_INDEX as REQUEST,
};
use vmm_sys_util::eventfd::EventFd;

struct Subject {
    address: String,
    driver: String,
    module: String,
}

type Test = (&'static str, fn(&Subject) -> Outcome);

const TESTS: &[Test] = &[
    ("unbinding asks the user to go, and waits", asked),
    ("nobody else can open the device meanwhile", opening),
    ("a user that is killed leaves nothing behind", killed),
    (
        "the module can't be unloaded while the device is open",
        unload,
    ),
];

/// An open device with everything that a user may have of it.
struct User {
    device: Device,
    config: Region,
    registers: Mapping,
    request: EventFd,
    interrupt: EventFd,
}

impl User {
    fn new(subject: &Subject) -> io::Result<Self> {
        let device = Device::open_pci(&subject.address)?;
        let region = device.region(VFIO_PCI_BAR0_REGION_INDEX)?;
        let registers = device.map(region.offset, PAGE, MAP_SHARED)?;
        registers.read_u32(0);

        Ok(Self {
            config: device.region(VFIO_PCI_CONFIG_REGION_INDEX)?,
            request: device.trigger(REQUEST)?,
            interrupt: device.trigger(INTX)?,
            registers,
            device,
        })
    }
}

/// Unbinds the device in another thread.
fn begin_to_unbind(subject: &Subject) -> JoinHandle<io::Result<()>> {
    let (address, driver) = (subject.address.clone(), subject.driver.clone());
    thread::spawn(move || PCI.unbind(&address, &driver))
}

/// Waits until the kernel asks the user to give the device up.
fn wait_for_request(user: &User) -> Outcome {
    let start = Instant::now();
    while user.request.read().is_err() {
        if start.elapsed() > Duration::from_secs(10) {
            return fail("not asked after 10 s");
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Waits for the unbinding, and binds the device again.
fn finish(subject: &Subject, unbinding: JoinHandle<io::Result<()>>) -> Outcome {
    match unbinding.join() {
        Ok(result) => result?,
        Err(_) => return fail("the thread that unbinds has died"),
    }
    equal("the driver", PCI.driver(&subject.address), None)?;
    PCI.bind(&subject.address, &subject.driver)?;
    Device::open_pci(&subject.address)?.info()?;
    Ok(())
}

fn asked(subject: &Subject) -> Outcome {
    for _ in 0..3 {
        let user = User::new(subject)?;
        let unbinding = begin_to_unbind(subject);
        wait_for_request(&user)?;

        // All of it is the user's still.
        thread::sleep(Duration::from_millis(50));
        equal("unbound", unbinding.is_finished(), false)?;
        user.registers.read_u32(0);
        user.device.read_u32(&user.config, 0)?;
        user.device.irq_now(TRIGGER, INTX)?;
        equal("signals", user.interrupt.read()?, 1)?;

        drop(user);
        finish(subject, unbinding)?;
    }
    Ok(())
}

fn opening(subject: &Subject) -> Outcome {
    let user = User::new(subject)?;
    fails(
        "another user",
        Device::open_pci(&subject.address).map(drop),
        EBUSY,
    )?;

    let unbinding = begin_to_unbind(subject);
    wait_for_request(&user)?;
    fails(
        "another user, later",
        Device::open_pci(&subject.address).map(drop),
        EBUSY,
    )?;
    drop(user);
    finish(subject, unbinding)
}

fn killed(subject: &Subject) -> Outcome {
    const OPENED: &str = "/tmp/opened";

    // SAFETY: There are no other threads at this point, so that the child may do anything.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let _held = User::new(subject);
        fs::write(OPENED, "").ok();
        loop {
            thread::park();
        }
    }
    while fs::metadata(OPENED).is_err() {
        thread::sleep(Duration::from_millis(10));
    }
    fs::remove_file(OPENED)?;
    fails(
        "another user",
        Device::open_pci(&subject.address).map(drop),
        EBUSY,
    )?;

    // SAFETY: The child is ours.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, &mut 0, 0);
    }
    let user = User::new(subject)?;
    user.device.irq_now(TRIGGER, INTX)?;
    equal("signals", user.interrupt.read()?, 1)
}

fn unload(subject: &Subject) -> Outcome {
    let _user = User::new(subject)?;
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
        PCI.driver(&subject.address).as_ref(),
        Some(&subject.driver),
    )
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, address, driver, module] = args.as_slice() else {
        eprintln!("usage: vfio-pci-revoke ADDRESS DRIVER MODULE");
        return ExitCode::from(2);
    };
    let subject = Subject {
        address: address.clone(),
        driver: driver.clone(),
        module: module.clone(),
    };

    let mut report = Report::new(TESTS.len());
    for (name, test) in TESTS {
        report.result(name, test(&subject));
    }
    report.finish()
}
