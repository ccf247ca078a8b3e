// SPDX-License-Identifier: GPL-2.0

//! The engine under a scheduler that tries one interleaving after the other.
//!
//! A schedule in which nobody can go on is a failure, and so is one in which a device is not where the
//! engine says it is; see `SimMember::finish`.
//!
//! `SCHEDULES` is how many are tried, in all.

use crate::{
    simulation::{can_be_killed_by, Driver, Setup, World, USERSPACE},
    transaction::engine::{Term, Transaction},
};
use kernel::prelude::*;
use shuttle::{
    rand::{thread_rng, Rng},
    thread, Config,
};
use std::sync::{
    atomic::{AtomicBool, Ordering},
    Arc,
};

/// The number of schedules that are tried of all cases together.
const SCHEDULES: usize = 100_000;

/// Tries a case for `percent` of the schedules.
fn try_schedules(percent: usize, case: impl Fn() + Send + Sync + 'static) {
    let all = std::env::var("SCHEDULES").map_or(SCHEDULES, |it| it.parse().expect("a number"));
    let mut config = Config::new();

    config.stack_size = 0x2_0000;
    config.failure_persistence = shuttle::FailurePersistence::Print;
    config.max_steps = shuttle::MaxSteps::FailAfter(200_000);
    let runner = shuttle::Runner::new(
        shuttle::scheduler::RandomScheduler::new_from_seed(seed(), (all * percent).div_ceil(100)),
        config,
    );

    runner.run(case);
}

/// The same schedules each time, unless `SEED` says otherwise.
fn seed() -> u64 {
    std::env::var("SEED").map_or(1, |it| it.parse().expect("a number"))
}

fn device(driver: Option<Driver>) -> Setup {
    Setup {
        driver,
        over: driver,
        refused: Vec::new(),
        is_physical_function: false,
        waits_for: None,
    }
}

/// Waits until nothing keeps the module loaded.
fn settle(world: &World) {
    while world.keeps.load(Ordering::Relaxed) > 0 {
        thread::yield_now();
    }
}

#[test]
fn writers_of_overlapping_sets_never_wait_for_each_other() {
    try_schedules(25, || {
        let world = World::new(vec![device(Some(1)), device(Some(2)), device(None)]);
        let sets: [&[usize]; 3] = [&[0, 1], &[1, 2], &[2, 0]];
        let writers = sets.map(|set| {
            let world = world.clone();

            thread::spawn(move || {
                let target = [None, Some(1), Some(2)][thread_rng().gen_range(0..3)];
                let transaction = world.transaction(set, target, Term::Good);

                assert_eq!(world.write(Some(set[0]), &transaction), Ok(()));
            })
        });

        for writer in writers {
            writer.join().unwrap();
        }
        settle(&world);
    });
}

#[test]
fn a_set_that_fails_is_as_it_was() {
    try_schedules(15, || {
        let mut refusing = device(Some(2));

        // The override was cleared when the device was bound.
        refusing.over = None;
        refusing.refused.push(3);
        let world = World::new(vec![device(Some(1)), refusing, device(None)]);
        let transaction = world.transaction(&[0, 1, 2], Some(3), Term::Good);
        let other = {
            let world = world.clone();

            thread::spawn(move || {
                let transaction = world.transaction(&[2], Some(1), Term::Good);

                assert_eq!(world.write(None, &transaction), Ok(()));
            })
        };

        assert_eq!(world.write(None, &transaction), Err(EIO));
        drop(transaction);
        other.join().unwrap();
        settle(&world);
        assert_eq!(world.devices[0].driver(), Some(1));
        assert_eq!(world.devices[1].driver(), Some(2));
        assert_eq!(world.devices[1].over(), None);
        assert_eq!(world.devices[2].driver(), Some(1));
    });
}

#[test]
fn a_removal_does_not_wait_for_a_transaction() {
    try_schedules(20, || {
        let mut slow = device(Some(1));
        let mut function = device(None);

        // The probe of the one ends when the other is gone, which the set has as well.
        slow.waits_for = Some((3, 1));
        function.is_physical_function = true;
        let world = World::new(vec![slow, device(Some(1)), function]);
        let writer = {
            let world = world.clone();

            thread::spawn(move || {
                let transaction = world.transaction(&[0, 1], Some(3), Term::Good);

                let _ = world.write(Some(1), &transaction);
            })
        };
        let remover = {
            let world = world.clone();

            thread::spawn(move || world.remove(1))
        };
        let function = {
            let world = world.clone();

            thread::spawn(move || {
                let transaction = world.transaction(&[2], Some(4), Term::Good);

                assert_eq!(world.write(Some(2), &transaction), Ok(()));
            })
        };

        for thread in [writer, remover, function] {
            thread.join().unwrap();
        }
        settle(&world);
        assert!(world.devices[1].is_dead());
        assert_eq!(world.devices[2].driver(), Some(4));
    });
}

#[test]
fn a_writer_that_is_killed_leaves_nothing_half_done() {
    try_schedules(15, || {
        let mut refusing = device(Some(2));

        refusing.refused.push(3);
        let world = World::new(vec![device(Some(1)), refusing]);
        let kill = Arc::new(AtomicBool::new(false));
        let target = [Some(1), Some(3)][thread_rng().gen_range(0..2)];
        let writers = [0, 1].map(|_| {
            let (world, kill) = (world.clone(), kill.clone());

            thread::spawn(move || {
                can_be_killed_by(&kill);
                let transaction = world.transaction(&[0, 1], target, Term::Good);

                let _ = world.write(Some(0), &transaction);
            })
        });

        kill.store(true, Ordering::Relaxed);
        // The signal wakes whoever waits.
        world.lock.open();
        for writer in writers {
            writer.join().unwrap();
        }
        settle(&world);
        match world.devices[1].driver() {
            Some(1) => assert_eq!(world.devices[0].driver(), Some(1)),
            driver => {
                assert_eq!(driver, Some(2));
                assert_eq!(world.devices[0].driver(), Some(1));
            }
        }
    });
}

#[test]
fn a_loan_goes_back_whenever_its_borrower_ends() {
    try_schedules(20, || {
        let world = World::new(vec![device(Some(1)), device(None)]);
        let kill = Arc::new(AtomicBool::new(false));
        let borrower = {
            let (world, kill) = (world.clone(), kill.clone());

            thread::spawn(move || {
                can_be_killed_by(&kill);
                let transaction = world.transaction(&[0, 1], Some(USERSPACE), Term::Loan);

                let _ = world.write(None, &transaction);
                // The file is closed.
                Transaction::give_back(&transaction);
            })
        };
        let user = {
            let world = world.clone();

            thread::spawn(move || world.use_for_a_while(0))
        };
        let other = {
            let world = world.clone();

            thread::spawn(move || {
                let transaction = world.transaction(&[1], Some(1), Term::Loan);

                let _ = world.write(Some(1), &transaction);
                Transaction::give_back(&transaction);
            })
        };

        if thread_rng().gen() {
            // At any moment of the transaction, also when all is done but told.
            for _ in 0..thread_rng().gen_range(0..60) {
                thread::yield_now();
            }
            kill.store(true, Ordering::Relaxed);
            world.lock.open();
        }
        for thread in [borrower, user, other] {
            thread.join().unwrap();
        }
        settle(&world);
        assert_eq!(world.devices[0].driver(), Some(1));
        assert_eq!(world.devices[0].over(), Some(1));
        assert_eq!(world.devices[1].driver(), None);
        assert_eq!(world.devices[1].over(), None);
    });
}

#[test]
fn the_machine_sleeps_when_no_transaction_runs() {
    try_schedules(5, || {
        let world = World::new(vec![device(Some(1))]);
        let writer = {
            let world = world.clone();

            thread::spawn(move || {
                let transaction = world.transaction(&[0], Some(2), Term::Good);

                assert_eq!(world.write(Some(0), &transaction), Ok(()));
            })
        };

        if world.lock.close(50).is_ok() {
            let driver = world.devices[0].driver();

            // Nobody moves it now.
            for _ in 0..20 {
                thread::yield_now();
            }
            assert_eq!(world.devices[0].driver(), driver);
            world.lock.open();
        }
        writer.join().unwrap();
        settle(&world);
    });
}
