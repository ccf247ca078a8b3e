// SPDX-License-Identifier: GPL-2.0

//! Users that open, use and close a device as fast as they can, while it is bound and unbound.
//!
//! `vfio-race BUS DEVICE DRIVER COUNT` binds and unbinds COUNT times.

use std::{
    io,
    os::fd::AsRawFd,
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use libc::{EFD_NONBLOCK, MAP_SHARED};
use overdrive_guest::{bus::Bus, mapping::PAGE, sigbus, vfio::Device};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_MASK as MASK, VFIO_IRQ_SET_ACTION_TRIGGER as TRIGGER,
    VFIO_IRQ_SET_ACTION_UNMASK as UNMASK,
};
use vmm_sys_util::eventfd::EventFd;

#[derive(Default)]
struct Race {
    over: AtomicBool,
    opened: AtomicU32,
    taken: AtomicU32,
}

/// Does everything with a device; ends with the first error, which may come at any point.
fn use_device(device: &Device) -> io::Result<()> {
    let region = device.region(0)?;
    let unmask = EventFd::new(EFD_NONBLOCK)?;
    let mapping = device.map(region.offset, PAGE, MAP_SHARED);

    for round in 0..4 {
        let _event = device.trigger(0)?;
        device.irq_now(TRIGGER, 0)?;
        if device.irq_by_fd(UNMASK, 0, unmask.as_raw_fd()).is_ok() {
            unmask.write(1)?;
            device.irq_now(MASK, 0)?;
            device.irq_now(UNMASK, 0)?;
            device.irq_by_fd(UNMASK, 0, -1)?;
        }
        device.read_u32(&region, 0)?;
        if let Ok(mapping) = &mapping {
            mapping.read_u32(0);
        }
        if round % 2 == 1 {
            // Not every device has a reset.
            let _ = device.reset();
        }
    }
    Ok(())
}

fn user(bus: Bus, name: &str, race: &Race) {
    while !race.over.load(Relaxed) {
        match bus.open(name) {
            Ok(device) => {
                race.opened.fetch_add(1, Relaxed);
                if use_device(&device).is_err() {
                    race.taken.fetch_add(1, Relaxed);
                }
            }
            // Nobody has the device, or somebody else: who binds it needs the processor, too.
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

fn run(bus: Bus, name: &str, driver: &str, count: u32) -> Result<()> {
    let race = Race::default();
    let start = Instant::now();
    sigbus::survive()?;
    bus.unbind(name, driver)?;

    thread::scope(|scope| -> Result<()> {
        for _ in 0..2 {
            scope.spawn(|| user(bus, name, &race));
        }
        let result = (0..count).try_for_each(|round| {
            bus.bind(name, driver)
                .with_context(|| format!("binding, round {round}"))?;
            thread::sleep(Duration::from_micros(u64::from(round * 7919 % 9000)));
            bus.unbind(name, driver)
                .with_context(|| format!("unbinding, round {round}"))
        });
        race.over.store(true, Relaxed);
        result
    })?;

    bus.bind(name, driver)?;
    bus.open(name)?.info()?;
    let (opened, taken) = (race.opened.into_inner(), race.taken.into_inner());
    println!(
        "# bound {count} times, opened {opened} times, taken away {taken} times, in {} ms",
        start.elapsed().as_millis()
    );
    ensure!(opened > 0, "nobody could open the device");
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, bus, device, driver, count] = args.as_slice() else {
        eprintln!("usage: vfio-race BUS DEVICE DRIVER COUNT");
        return ExitCode::from(2);
    };
    let (Some(bus), Ok(count)) = (Bus::by_name(bus), count.parse()) else {
        eprintln!("neither a bus nor a number: {bus}, {count}");
        return ExitCode::from(2);
    };

    match run(bus, device, driver, count) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vfio-race: {error:#}");
            ExitCode::FAILURE
        }
    }
}
