// SPDX-License-Identifier: GPL-2.0

//! `overdrive-harness test`: runs the selftests on every machine that they ask for.

mod archive;
mod outcome;
mod page;
mod report;
mod session;
mod summary;

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use clap::Args;

use self::{
    report::{Boot, Report},
    session::{Planned, Session, Step},
};
use crate::{
    accel::Accel,
    coverage::Coverage,
    initramfs::Initramfs,
    kvm,
    machine::{self, Machine},
    qemu::{Config, Console, Event, Qemu},
    selftest::{self, Selftest},
    target::{Flavor, Target},
    tool::Log,
};

/// The time that a guest may take to its first test.
const BOOT_LIMIT_SECONDS: u64 = 240;

/// Time limits of the tests are stretched by this much for a stress run.
const STRESS_SLOWNESS: u32 = 10;

/// The name under which the guest's runner looks for leaks when all tests of a boot are done.
const LEAK_CHECK: &str = "kmemleak";
const LEAK_CHECK_SECONDS: u64 = 120;

/// A guest that keeps one processor of the host busy is not to run alone for long, and what a test
/// spoils is not to spoil all.
const TESTS_PER_BOOT: usize = 15;

/// Arguments of `test`.
#[derive(Args, Debug)]
pub(crate) struct TestArgs {
    /// Run on this machine only
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,

    /// Run with many more repetitions (OVERDRIVE_STRESS=1 for the tests)
    #[arg(long)]
    stress: bool,

    /// Hand an environment variable to the tests
    #[arg(long = "env", value_name = "NAME=VALUE")]
    environment: Vec<String>,

    /// Number of guests at a time [default: the number of processors, at most 4]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,

    /// Take the tests from here instead of qemu/selftests
    #[arg(long, value_name = "DIR")]
    selftests: Option<PathBuf>,

    /// List what would be run, and where
    #[arg(long)]
    list: bool,

    /// Run only tests whose name, or MACHINE:NAME, contains one of these
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
}

/// Scripts that share a boot.
struct Group {
    machine: &'static Machine,
    append: String,
    tests: Vec<Selftest>,
}

impl Group {
    /// Deals the tests out to as many guests as keep each below [`TESTS_PER_BOOT`]. Neighbours by name,
    /// which tend to take equally long, come to different guests.
    fn split(self) -> Vec<Self> {
        let boots = self.tests.len().div_ceil(TESTS_PER_BOOT);
        let mut parts: Vec<Self> = (0..boots)
            .map(|_| Self {
                machine: self.machine,
                append: self.append.clone(),
                tests: Vec::new(),
            })
            .collect();
        for (number, test) in self.tests.into_iter().enumerate() {
            parts[number % boots].tests.push(test);
        }
        parts
    }
}

/// The state that all boots of a run share.
struct Run<'a> {
    target: &'a Target,
    args: &'a TestArgs,
    accel: Accel,
    initramfs: Initramfs,
    report: Report,
    coverage: Coverage,
    /// The number of boots that were started.
    boots: AtomicUsize,
}

/// Returns whether everything went well; what did not is printed.
pub(crate) fn run(target: &Target, args: &TestArgs) -> Result<bool> {
    let selftests = args.selftests.clone().unwrap_or_else(|| target.selftests());
    let groups = groups(target, args, &selftests)?;
    let count = groups.iter().map(|group| group.tests.len()).sum::<usize>();
    if args.list {
        for group in &groups {
            for test in &group.tests {
                println!("{}:{} {}", group.machine.name, test.name, group.append);
            }
        }
        return Ok(true);
    }
    let Some(first) = groups.first() else {
        bail!("no test matches");
    };
    for pair in &args.environment {
        if !pair.contains('=') || pair.contains(char::is_whitespace) {
            bail!("--env {pair}: not NAME=VALUE without blanks");
        }
    }
    let logs = target.log_dir();
    remove_old_logs(&logs, &log_prefix(target))?;
    let run = Run {
        // The more of them there are, the more races need true concurrency, and the less it
        // matters that a guest is lost.
        accel: match kvm::choose(target, first.machine) {
            Accel::Tcg if args.stress => Accel::Parallel,
            accel => accel,
        },
        initramfs: Initramfs::build(target, &selftests)?,
        report: Report::new(target.name(), count),
        coverage: Coverage::default(),
        boots: AtomicUsize::new(0),
        target,
        args,
    };
    let jobs = args
        .jobs
        .unwrap_or_else(default_jobs)
        .clamp(1, groups.len());
    let queue = Mutex::new(VecDeque::from(groups));
    let next = || {
        queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|_| {
                scope.spawn(|| {
                    while let Some(group) = next() {
                        run.group(&group)?;
                    }
                    Ok(())
                })
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a thread panicked")))
    })?;
    let good = run.report.finish(&logs)?;
    if target.coverage {
        run.coverage.finish(target)?;
    }
    Ok(good)
}

/// Returns the release in the first line of a kernel's log.
fn kernel_release(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("] Linux version ")?;
    rest.split_whitespace().next()
}

fn default_jobs() -> usize {
    thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4)
}

fn log_prefix(target: &Target) -> String {
    format!("test-{}-", target.name())
}

fn remove_old_logs(dir: &Path, prefix: &str) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry.context("cannot read a directory entry")?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with(prefix)) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Sorts the tests by what they need to boot.
fn groups(target: &Target, args: &TestArgs, selftests: &Path) -> Result<Vec<Group>> {
    let tests = selftest::all(selftests)?;
    let machines: Vec<&'static Machine> = match &args.machine {
        Some(name) => vec![machine::by_name(name)?],
        None => machine::ALL.to_vec(),
    };
    let mut groups: Vec<Group> = Vec::new();
    for machine in machines {
        if machine.arch != target.arch {
            continue;
        }
        for test in &tests {
            let full = format!("{}:{}", machine.name, test.name);
            let wanted = args.filters.is_empty() || args.filters.iter().any(|f| full.contains(f));
            if !wanted || !test.wants.runs_on(machine, target.flavor) {
                continue;
            }
            let place = groups.iter_mut().find(|group| {
                group.machine.name == machine.name && group.append == test.wants.append
            });
            match place {
                Some(group) => group.tests.push(test.clone()),
                None => groups.push(Group {
                    machine,
                    append: test.wants.append.clone(),
                    tests: vec![test.clone()],
                }),
            }
        }
    }
    let mut groups: Vec<Group> = groups.into_iter().flat_map(Group::split).collect();
    // The longest first, so that the last guest does not run alone.
    groups.sort_by_key(|group| std::cmp::Reverse(group.tests.len()));
    Ok(groups)
}

impl Run<'_> {
    /// Runs a group in as many boots as it takes.
    fn group(&self, group: &Group) -> Result<()> {
        let slowness = if self.args.stress { STRESS_SLOWNESS } else { 1 };
        let mut planned: Vec<Planned> = group
            .tests
            .iter()
            .map(|test| Planned {
                name: test.name.clone(),
                limit: test.wants.timeout * self.target.flavor.slowness() * slowness,
                optional: self.allowed_skips(&test.wants.optional),
            })
            .collect();
        while !planned.is_empty() {
            let done = self.boot(group, &planned)?;
            planned.drain(..done);
        }
        Ok(())
    }

    /// Boots once and returns how many of the tests have a verdict now.
    fn boot(&self, group: &Group, tests: &[Planned]) -> Result<usize> {
        let number = self.boots.fetch_add(1, Ordering::Relaxed) + 1;
        let machine = group.machine;
        let path = self.log_path(machine, number);
        let mut log = Log::create(&path)?;

        let mut planned = tests.to_vec();
        if self.target.flavor == Flavor::Debug {
            planned.push(Planned {
                name: LEAK_CHECK.to_owned(),
                limit: self.target.limit(LEAK_CHECK_SECONDS),
                optional: self.allowed_skips(&[]),
            });
        }
        let (sender, events) = channel();
        let config = self.config(group, &planned);
        let qemu = Qemu::start(&config, &sender)?;
        drop(sender);

        let mut sink = Boot {
            report: &self.report,
            number,
            machine: machine.name,
            log: path.clone(),
        };
        let limit = self.target.limit(BOOT_LIMIT_SECONDS);
        let mut session = Session::new(&planned, limit, qemu.started, &mut sink);
        let mut up = None;
        loop {
            let wait = session.deadline().saturating_duration_since(Instant::now());
            match events.recv_timeout(wait) {
                Ok(event) if self.coverage.take(&event, machine.name) => {}
                Ok(event) => {
                    log.line(&event.log_line())?;
                    if let Event::Console(line) = &event {
                        if let Some(release) = kernel_release(line) {
                            self.report.kernel(release);
                        }
                    }
                    let step = session.event(&event, Instant::now());
                    if up.is_none() && session.is_up() {
                        up = Some(qemu.started.elapsed());
                    }
                    if step == Step::Stop {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    session.timed_out(Instant::now());
                    break;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let (done, trouble, splats) = session.into_parts();
        let complaints = qemu.complaints();
        drop(qemu);
        if !complaints.is_empty() {
            log.line(&format!("qemu| {}", complaints))?;
        }
        if let Some(up) = up {
            self.report.remark(&format!(
                "{}: the first test began {:.1} s after QEMU",
                machine.name,
                up.as_secs_f64()
            ));
        }
        for splat in splats {
            let reason = format!("kernel log: {}", splat.title);
            self.report
                .boot_failure(machine.name, &[reason], &splat.lines, &path);
        }
        match trouble {
            // The look for leaks is none of the tests.
            None => Ok(done.min(tests.len())),
            // Another try could go the same way for ever.
            Some(trouble) => {
                let left: Vec<_> = tests.iter().skip(done).map(|t| t.name.as_str()).collect();
                let reasons = [trouble, complaints, format!("not run: {}", left.join(", "))];
                self.report.boot_failure(machine.name, &reasons, &[], &path);
                Ok(tests.len())
            }
        }
    }

    /// Texts of which a skip's reason must contain one; none for kernels that others configure.
    fn allowed_skips(&self, optional: &[String]) -> Option<Vec<String>> {
        (self.target.flavor != Flavor::Stock).then(|| optional.to_vec())
    }

    fn config<'a>(&'a self, group: &Group, planned: &[Planned]) -> Config<'a> {
        let mut list = String::new();
        for test in planned {
            list.push_str(&format!("{} {}\n", test.name, test.limit.as_secs()));
        }
        let mut append = format!(
            "loglevel=8 OVERDRIVE_MODE=test OVERDRIVE_MACHINE={}",
            group.machine.name
        );
        if self.args.stress {
            append.push_str(" OVERDRIVE_STRESS=1");
        }
        for word in self.args.environment.iter().chain([&group.append]) {
            append.push(' ');
            append.push_str(word);
        }
        Config {
            target: self.target,
            machine: group.machine,
            accel: self.accel,
            initramfs: &self.initramfs,
            files: vec![("etc/overdrive-tests", list)],
            append,
            console: Console::Events,
        }
    }

    fn log_path(&self, machine: &Machine, number: usize) -> PathBuf {
        let name = format!("{}{}-{number}.log", log_prefix(self.target), machine.name);
        self.target.log_dir().join(name)
    }
}
