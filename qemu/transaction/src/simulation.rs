// SPDX-License-Identifier: GPL-2.0

//! A driver core, simulated for the engine: devices, their locks, probes that fail and removals.
//!
//! It has what transactions can collide with: the notifier chain of a bus, in which removals are
//! announced and which the probe of a physical function writes to; the wait of a removal for those who
//! are in a file of the device; users who have a device open.

use crate::{
    device::marks::Marks,
    transaction::{
        engine::{End, Level, Member, Monitor, Runtime, Term, Transaction, TransactionLock, When},
        plan::{Pace, Plan, Subject},
    },
};
use kernel::{prelude::*, sync::Arc as KArc};
use shuttle::{
    rand::{thread_rng, Rng},
    sync::{Condvar, Mutex, RwLock},
    thread,
};
use std::{cell::RefCell, sync::atomic, sync::Arc};

/// A driver. `USERSPACE` hands devices to users; no other has a meaning.
pub type Driver = u8;
pub const USERSPACE: Driver = 9;

shuttle::thread_local! {
    /// The mark that a fatal signal to this thread sets.
    static KILLED: RefCell<Option<Arc<atomic::AtomicBool>>> = const { RefCell::new(None) };
}

fn is_killed() -> bool {
    KILLED.with(|killed| {
        killed
            .borrow()
            .as_ref()
            .is_some_and(|it| it.load(atomic::Ordering::Relaxed))
    })
}

/// Makes `flag` the one that kills this thread.
pub fn can_be_killed_by(flag: &Arc<atomic::AtomicBool>) {
    KILLED.with(|killed| *killed.borrow_mut() = Some(flag.clone()));
}

pub struct SimMonitor<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T: Send> Monitor<T> for SimMonitor<T> {
    fn new(value: T, _: Level) -> Result<Self> {
        Ok(Self {
            value: Mutex::new(value),
            changed: Condvar::new(),
        })
    }

    fn with<U>(&self, f: impl FnOnce(&mut T) -> U) -> U {
        f(&mut self.value.lock().unwrap())
    }

    fn update<U>(&self, f: impl FnOnce(&mut T) -> U) -> U {
        let ret = f(&mut self.value.lock().unwrap());

        self.changed.notify_all();
        ret
    }

    fn wait<U>(&self, mut f: impl FnMut(&mut T) -> Option<U>) -> Result<U> {
        let mut value = self.value.lock().unwrap();

        loop {
            if let Some(ret) = f(&mut value) {
                return Ok(ret);
            }
            if is_killed() {
                return Err(EINTR);
            }
            value = self.changed.wait(value).unwrap();
        }
    }

    fn wait_timeout<U>(&self, tries: u32, mut f: impl FnMut(&mut T) -> Option<U>) -> Option<U> {
        for _ in 0..tries {
            if let Some(ret) = self.with(&mut f) {
                return Some(ret);
            }
            thread::yield_now();
        }
        None
    }
}

/// The driver core's knowledge of a device.
#[derive(Debug, Default)]
struct Core {
    driver: Option<Driver>,
    dead: bool,
    /// Users who have it open.
    open: usize,
}

/// An override, and whose it is: each that is set has a number of its own.
pub type Override = Option<(Driver, u64)>;

/// A device.
pub struct Device {
    pub id: usize,
    marks: Marks,
    /// The device lock.
    core: Mutex<Core>,
    /// Someone has closed the device, or freed it.
    core_changed: Condvar,
    over: Mutex<Override>,
    /// Nobody can open it.
    door: Mutex<bool>,
    /// The number of threads in a file of the device.
    in_files: Mutex<usize>,
    left_files: Condvar,
    /// The probe of this device writes to the notifier chain.
    is_physical_function: bool,
    /// The drivers whose probe refuses, and the error.
    refused: Vec<Driver>,
    /// The probe of this driver ends when that device is gone.
    waits_for: Option<(Driver, usize)>,
    /// A transaction is working on the device.
    worked_on: atomic::AtomicBool,
}

impl Device {
    pub fn driver(&self) -> Option<Driver> {
        self.core.lock().unwrap().driver
    }

    pub fn over(&self) -> Option<Driver> {
        self.over.lock().unwrap().map(|(driver, _)| driver)
    }

    pub fn is_dead(&self) -> bool {
        self.core.lock().unwrap().dead
    }
}

/// Devices, and who works on them.
pub struct World {
    pub devices: Vec<Arc<Device>>,
    pub lock: KArc<TransactionLock<Sim>>,
    chain: RwLock<()>,
    gone: Mutex<Vec<usize>>,
    someone_gone: Condvar,
    serial: atomic::AtomicU64,
    pub keeps: Arc<atomic::AtomicUsize>,
}

pub struct Setup {
    pub driver: Option<Driver>,
    pub over: Option<Driver>,
    pub refused: Vec<Driver>,
    pub is_physical_function: bool,
    pub waits_for: Option<(Driver, usize)>,
}

impl World {
    pub fn new(setups: Vec<Setup>) -> Arc<Self> {
        let devices = setups.into_iter().enumerate().map(|(id, setup)| {
            Arc::new(Device {
                id,
                marks: Marks::new(),
                core: Mutex::new(Core {
                    driver: setup.driver,
                    ..Core::default()
                }),
                core_changed: Condvar::new(),
                over: Mutex::new(setup.over.map(|driver| (driver, id as u64))),
                door: Mutex::new(true),
                in_files: Mutex::new(0),
                left_files: Condvar::new(),
                is_physical_function: setup.is_physical_function,
                refused: setup.refused,
                waits_for: setup.waits_for,
                worked_on: atomic::AtomicBool::new(false),
            })
        });

        Arc::new(Self {
            devices: devices.collect(),
            lock: KArc::new(TransactionLock::new().unwrap(), GFP_KERNEL).unwrap(),
            chain: RwLock::new(()),
            gone: Mutex::new(Vec::new()),
            someone_gone: Condvar::new(),
            serial: atomic::AtomicU64::new(1_000),
            keeps: Arc::new(atomic::AtomicUsize::new(0)),
        })
    }

    fn new_override(&self, driver: Option<Driver>) -> Override {
        driver.map(|driver| (driver, self.serial.fetch_add(1, atomic::Ordering::Relaxed)))
    }

    /// Somebody writes the override, and not by a transaction.
    pub fn write_override(&self, device: usize, driver: Option<Driver>) {
        *self.devices[device].over.lock().unwrap() = self.new_override(driver);
    }

    /// Removes a device, as `device_del()` does.
    pub fn remove(&self, index: usize) {
        let device = &self.devices[index];

        device.core.lock().unwrap().dead = true;
        {
            let _chain = self.chain.read().unwrap();

            self.lock.dying(&device.marks);
        }
        self.release(device);
        drop(self.chain.read().unwrap());
        // The directory goes away when nobody is in a file anymore.
        let mut in_files = device.in_files.lock().unwrap();

        while *in_files > 0 {
            in_files = device.left_files.wait(in_files).unwrap();
        }
        drop(in_files);
        self.gone.lock().unwrap().push(index);
        self.someone_gone.notify_all();
    }

    /// Takes the device from its driver, which waits until nobody has it open.
    fn release(&self, device: &Device) {
        let mut core = device.core.lock().unwrap();

        while core.open > 0 && core.driver == Some(USERSPACE) {
            core = device.core_changed.wait(core).unwrap();
        }
        core.driver = None;
    }

    fn attach(&self, device: &Device, driver: Driver) -> Result {
        let mut core = device.core.lock().unwrap();

        if core.dead {
            return Err(ENODEV);
        }
        match core.driver {
            Some(current) if current == driver => return Ok(()),
            Some(_) => return Err(EBUSY),
            None => {}
        }
        // The bus matches by the override only.
        if device.over().is_some_and(|over| over != driver) {
            return Err(ENODEV);
        }
        if device.is_physical_function {
            drop(self.chain.write().unwrap());
        }
        if let Some((_, other)) = device.waits_for.filter(|(slow, _)| *slow == driver) {
            let mut gone = self.gone.lock().unwrap();

            while !gone.contains(&other) {
                gone = self.someone_gone.wait(gone).unwrap();
            }
        }
        if device.refused.contains(&driver) {
            return Err(EIO);
        }
        core.driver = Some(driver);
        Ok(())
    }

    /// A user opens the device, if that can be, and closes it again.
    pub fn use_for_a_while(&self, index: usize) {
        let device = &self.devices[index];
        {
            // The door is asked where the device is opened.
            let door = device.door.lock().unwrap();

            if !*door {
                return;
            }
            // An opening takes no device lock, and the core only looks at the count.
            let Ok(mut core) = device.core.try_lock() else {
                return;
            };
            if core.driver != Some(USERSPACE) {
                return;
            }
            core.open += 1;
        }
        thread::yield_now();
        device.core.lock().unwrap().open -= 1;
        device.core_changed.notify_all();
    }

    /// Makes a transaction that moves devices, each of the set to the same driver.
    pub fn transaction(
        self: &Arc<Self>,
        set: &[usize],
        target: Option<Driver>,
        term: Term,
    ) -> KArc<Transaction<Sim>> {
        let names: Vec<String> = set.iter().map(|id| format!("{id:04}")).collect();
        let subjects: Vec<Subject<'_>> = set
            .iter()
            .zip(&names)
            .map(|(&id, name)| Subject {
                id,
                bus: b"sim",
                name: name.as_bytes(),
                ancestors: KVec::new(),
                physical_function: None,
                is_bridge: false,
                consumers: KVec::new(),
            })
            .collect();
        let pace = if thread_rng().gen() {
            Pace::SideBySide
        } else {
            Pace::InOrder
        };
        let plan = Plan::new(&subjects, pace, |_| pace).unwrap();
        let mut members = KVec::new();

        for &index in set {
            let member = SimMember {
                world: self.clone(),
                device: self.devices[index].clone(),
                target,
                term,
                saved: std::sync::Mutex::new(Saved::default()),
            };

            members.push(member, GFP_KERNEL).unwrap();
        }
        Transaction::new(&self.lock, members, plan, term, Keep::new(&self.keeps)).unwrap()
    }

    /// Executes a transaction as a writer to a file of the device does.
    pub fn write(&self, via: Option<usize>, transaction: &KArc<Transaction<Sim>>) -> Result {
        let via = via.map(|via| &self.devices[via]);

        if let Some(via) = via {
            let mut in_files = via.in_files.lock().unwrap();

            // Else there is no file anymore.
            if self.gone.lock().unwrap().contains(&via.id) {
                return Err(ENODEV);
            }
            *in_files += 1;
        }
        let ret = Transaction::execute(transaction, via.map(|via| &via.marks));

        if let Some(via) = via {
            *via.in_files.lock().unwrap() -= 1;
            via.left_files.notify_all();
        }
        ret
    }
}

/// A reference that keeps the module loaded.
pub struct Keep(Arc<atomic::AtomicUsize>);

impl Keep {
    fn new(keeps: &Arc<atomic::AtomicUsize>) -> Self {
        keeps.fetch_add(1, atomic::Ordering::Relaxed);
        Self(keeps.clone())
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        self.0.fetch_sub(1, atomic::Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Saved {
    driver: Option<Driver>,
    over: Override,
    ours: Override,
    entered: bool,
    released: bool,
    refused: bool,
    /// Somebody has written another override meanwhile.
    lost: bool,
}

pub struct SimMember {
    world: Arc<World>,
    device: Arc<Device>,
    target: Option<Driver>,
    term: Term,
    saved: std::sync::Mutex<Saved>,
}

impl SimMember {
    /// Nobody else works on the device while `f` runs.
    fn alone<U>(&self, f: impl FnOnce(&mut Saved) -> U) -> U {
        use atomic::Ordering::Relaxed;

        assert!(self.device.marks.is_locked(), "the device is not locked");
        assert!(
            !self.device.worked_on.swap(true, Relaxed),
            "two transactions work on a device"
        );
        let mut saved = std::mem::take(&mut *self.saved.lock().unwrap());
        let ret = f(&mut saved);

        *self.saved.lock().unwrap() = saved;
        self.device.worked_on.store(false, Relaxed);
        ret
    }

    /// Sets the override if it is the one that this transaction has set.
    fn replace(&self, saved: &mut Saved, new: Override) {
        let mut over = self.device.over.lock().unwrap();

        if *over == saved.ours {
            *over = new;
            saved.ours = new;
        } else {
            saved.lost = true;
        }
    }
}

impl Member for SimMember {
    fn marks(&self) -> &Marks {
        &self.device.marks
    }

    fn prepare(&self) -> Result {
        self.alone(|saved| saved.driver = self.device.driver());
        Ok(())
    }

    fn enter(&self) {
        self.alone(|saved| {
            let new = self.world.new_override(self.target);

            saved.over = std::mem::replace(&mut *self.device.over.lock().unwrap(), new);
            saved.ours = new;
            saved.entered = true;
        });
    }

    fn release(&self) {
        self.alone(|saved| {
            assert!(saved.entered, "released before its override was set");
            if self.device.driver() != self.target {
                let core = self.device.core.lock().unwrap();

                assert!(
                    core.open == 0 || core.driver != Some(USERSPACE),
                    "taken from its user"
                );
                drop(core);
                self.world.release(&self.device);
                saved.released = true;
            }
        });
    }

    fn attach(&self) -> Result {
        self.alone(|saved| match self.target {
            Some(driver) if saved.released => self.world.attach(&self.device, driver),
            _ => Ok(()),
        })
    }

    fn withdraw(&self) {
        self.alone(|saved| {
            if *self.device.over.lock().unwrap() != saved.ours {
                saved.lost = true;
                return;
            }
            if saved.released {
                self.world.release(&self.device);
                if saved.driver.is_some() {
                    let naming = self.world.new_override(saved.driver);

                    self.replace(saved, naming);
                }
            }
        });
    }

    fn reattach(&self) {
        self.alone(|saved| {
            if saved.lost {
                return;
            }
            if let Some(driver) = saved.driver.filter(|_| saved.released) {
                saved.refused = self.world.attach(&self.device, driver).is_err();
            }
            let over = saved.over;

            self.replace(saved, over);
        });
    }

    fn returning(&self) {}

    /// Sees whether what is told is true.
    fn finish(&self, end: End) {
        self.alone(|saved| {
            // Others write overrides, remove devices and open them, but bind none.
            let dead = self.device.is_dead();
            let over = *self.device.over.lock().unwrap();
            let touched = over != saved.ours;

            match end {
                End::Untouched(_) => assert!(!saved.entered, "touched"),
                _ if dead || saved.lost || touched => {}
                End::Done => {
                    assert_eq!(self.device.driver(), self.target, "not where it was to go");
                    assert_eq!(over.map(|(driver, _)| driver), self.target);
                }
                End::RolledBack(_) | End::Returned => {
                    assert_eq!(over, saved.over, "its override is not the one from before");
                    if saved.refused {
                        assert_eq!(self.device.driver(), None);
                    } else {
                        assert_eq!(self.device.driver(), saved.driver, "not where it was");
                    }
                    if end == End::Returned {
                        assert!(self.term == Term::Loan);
                    }
                }
            }
        });
    }
}

/// Doors of devices, closed.
pub struct SimDoors(Vec<Arc<Device>>);

impl Drop for SimDoors {
    fn drop(&mut self) {
        for device in &self.0 {
            *device.door.lock().unwrap() = true;
        }
    }
}

pub struct SimTask(usize);

pub enum Sim {}

impl Runtime for Sim {
    type Monitor<T: Send + Unpin> = SimMonitor<T>;
    type Member = SimMember;
    type Doors = SimDoors;
    type Task = SimTask;
    type Keep = Keep;

    fn task(index: usize) -> Result<SimTask> {
        Ok(SimTask(index))
    }

    fn start(task: &SimTask, transaction: KArc<Transaction<Self>>, when: When) {
        let index = task.0;

        thread::spawn(move || {
            if when == When::Later {
                thread::yield_now();
            }
            Transaction::run(&transaction, index);
        });
    }

    fn close_doors(members: &[SimMember]) -> Result<SimDoors, (usize, Error)> {
        let mut closed = SimDoors(Vec::new());

        for (index, member) in members.iter().enumerate() {
            let device = &member.device;
            let mut door = device.door.lock().unwrap();
            let core = device.core.lock().unwrap();

            if core.open > 0 && core.driver == Some(USERSPACE) && member.target != core.driver {
                return Err((index, EBUSY));
            }
            if core.open > 0 && member.term == Term::Loan && core.driver == Some(USERSPACE) {
                return Err((index, EBUSY));
            }
            *door = false;
            drop((core, door));
            closed.0.push(device.clone());
        }
        Ok(closed)
    }
}
