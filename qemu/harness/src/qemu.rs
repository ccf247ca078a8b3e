// SPDX-License-Identifier: GPL-2.0

//! One QEMU process: its command line, its channels, and its certain end.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom},
    os::unix::net::{UnixListener, UnixStream},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::Sender,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};

use crate::{
    accel::Accel, control, device_tree, initramfs::Initramfs, machine::Machine, qmp::Qmp,
    target::Target, tool,
};

/// The time that QEMU may take to open its channels.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
const CONNECT_INTERVAL: Duration = Duration::from_millis(5);

/// The guest's names of the harness's channels.
const KTAP_PORT: &str = "org.overdrive.ktap";
const CONTROL_PORT: &str = "org.overdrive.control";

/// A message from a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A line of the serial console: the kernel log.
    Console(String),
    /// A line of the port that tests print to.
    Port(String),
    /// A request of the guest and what was answered.
    Host(String),
    ConsoleClosed,
    PortClosed,
}

impl Event {
    /// Its form in a log that holds everything, in the order in which it came.
    pub(crate) fn log_line(&self) -> String {
        match self {
            Event::Console(line) => line.clone(),
            Event::Port(line) => format!("ktap| {line}"),
            Event::Host(line) => format!("host| {line}"),
            Event::ConsoleClosed => "host| the console is closed".to_owned(),
            Event::PortClosed => "host| the port is closed".to_owned(),
        }
    }
}

/// The place to which the serial console goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Console {
    /// To the harness, as events.
    Events,
    /// To the user's terminal, together with QEMU's monitor.
    Terminal,
}

/// The guest to boot.
pub(crate) struct Config<'a> {
    pub(crate) target: &'a Target,
    pub(crate) machine: &'a Machine,
    pub(crate) accel: Accel,
    pub(crate) initramfs: &'a Initramfs,
    /// Files in the initramfs of this boot only.
    pub(crate) files: Vec<(&'static str, String)>,
    /// Kernel command line beside what the machine needs.
    pub(crate) append: String,
    pub(crate) console: Console,
}

/// A running QEMU; it ends with this value, or with the thread that started it.
///
/// It has no files: what it was started with is opened, connected or read by then.
pub(crate) struct Qemu {
    child: Child,
    pub(crate) started: Instant,
    complaints: File,
}

/// QEMU with machine, kernel and accelerator, without channels.
pub(crate) fn base_command(target: &Target, machine: &Machine, accel: Accel) -> Result<Command> {
    let qemu = tool::find(&format!("qemu-system-{}", machine.arch.machine_name()))?;
    let kernel = target.image();
    if !kernel.is_file() {
        bail!(
            "no test kernel at {}; `make kernel` builds it",
            kernel.display()
        );
    }
    let cpus = match accel {
        Accel::Counting => 1,
        Accel::Kvm | Accel::Tcg | Accel::Parallel => machine.cpus,
    };
    // A harness that is killed cannot clean up: the kernel does it.
    let mut command = Command::new(tool::find("setpriv")?);
    command
        .args(["--pdeathsig", "KILL", "--"])
        .arg(&qemu)
        .args([
            "-nodefaults",
            "-no-user-config",
            "-no-reboot",
            "-nic",
            "none",
        ])
        .args(["-display", "none"])
        .args(accel.args(&qemu, machine)?)
        .args(machine.args())
        .args(["-m", &machine.memory_mib.to_string()])
        .args(["-smp", &cpus.to_string()])
        .arg("-kernel")
        .arg(kernel);
    Ok(command)
}

impl Qemu {
    /// Starts QEMU; `events` hears of everything that comes from the guest.
    pub(crate) fn start(config: &Config<'_>, events: &Sender<Event>) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("overdrive-")
            .tempdir()
            .context("cannot make a temporary directory")?;
        let initrd = dir.path().join("initrd");
        config.initramfs.write(&initrd, &config.files)?;

        let mut command = base_command(config.target, config.machine, config.accel)?;
        command.arg("-initrd").arg(&initrd);
        if let Some(table) = config.machine.table {
            let file = dir.path().join("acpi-table");
            fs::write(&file, table())
                .with_context(|| format!("cannot write {}", file.display()))?;
            command
                .arg("-acpitable")
                .arg(format!("file={}", file.display()));
        }
        let nodes = config.machine.nodes;
        if !nodes.is_empty() {
            let bare = base_command(config.target, config.machine, config.accel)?;
            command
                .arg("-dtb")
                .arg(device_tree::write(bare, nodes, dir.path())?);
        }
        command.arg("-append").arg(format!(
            "console={} {} {} panic=-1 oops=panic printk.devkmsg=on {}",
            config.machine.console,
            config.machine.append,
            config.target.flavor.append(),
            config.append
        ));

        let mut listeners = Vec::new();
        let mut names = vec!["ktap", "control", "qmp"];
        match config.console {
            Console::Events => names.insert(0, "console"),
            Console::Terminal => {
                command.args(["-chardev", "stdio,id=console,mux=on,signal=off"]);
                command.args(["-mon", "chardev=console,mode=readline"]);
            }
        }
        for name in names {
            let path = dir.path().join(name);
            let listener = UnixListener::bind(&path)
                .with_context(|| format!("cannot listen at {}", path.display()))?;
            listener
                .set_nonblocking(true)
                .context("cannot prepare a socket")?;
            listeners.push(listener);
            command
                .arg("-chardev")
                .arg(format!("socket,id={name},path={}", path.display()));
        }
        command.args([
            "-serial",
            "chardev:console",
            "-mon",
            "chardev=qmp,mode=control",
        ]);
        command.args(["-device", config.machine.ports]);
        for (chardev, name) in [("ktap", KTAP_PORT), ("control", CONTROL_PORT)] {
            command
                .arg("-device")
                .arg(format!("virtserialport,chardev={chardev},name={name}"));
        }
        let complaints = tempfile::tempfile().context("cannot make a temporary file")?;
        if config.console == Console::Events {
            let stderr = complaints.try_clone().context("cannot copy a file")?;
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(stderr);
        }
        let started = Instant::now();
        let child = command.spawn().context("cannot start QEMU")?;
        let mut qemu = Self {
            child,
            started,
            complaints,
        };
        let streams = qemu.accept(&listeners)?;
        qemu.serve(streams, config.console, events)?;
        Ok(qemu)
    }

    /// Waits for QEMU's end.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().context("cannot wait for QEMU")
    }

    /// Returns the complaints of QEMU itself.
    pub(crate) fn complaints(&self) -> String {
        let mut text = Vec::new();
        let mut file = &self.complaints;
        // They only add to what is reported already.
        let _ = file
            .seek(SeekFrom::Start(0))
            .and_then(|_| file.read_to_end(&mut text));
        String::from_utf8_lossy(&text).trim_end().to_owned()
    }

    /// Takes QEMU's connections, in the order of the listeners.
    fn accept(&mut self, listeners: &[UnixListener]) -> Result<Vec<UnixStream>> {
        let deadline = Instant::now() + CONNECT_LIMIT;
        let mut streams = Vec::new();
        while let Some(listener) = listeners.get(streams.len()) {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream
                        .set_nonblocking(false)
                        .context("cannot prepare a socket")?;
                    streams.push(stream);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error).context("cannot accept QEMU's connection"),
            }
            if let Some(status) = self.child.try_wait().context("cannot wait for QEMU")? {
                bail!("QEMU did not start: {status}\n{}", self.complaints());
            }
            if Instant::now() > deadline {
                bail!("QEMU does not open its channels\n{}", self.complaints());
            }
            thread::sleep(CONNECT_INTERVAL);
        }
        Ok(streams)
    }

    /// Starts the threads that listen to the guest.
    fn serve(
        &self,
        streams: Vec<UnixStream>,
        console: Console,
        events: &Sender<Event>,
    ) -> Result<()> {
        let mut streams = streams.into_iter();
        let mut next = || streams.next().context("a channel is missing");
        if console == Console::Events {
            read_lines(
                next()?,
                events.clone(),
                Event::Console,
                Event::ConsoleClosed,
            );
        }
        read_lines(next()?, events.clone(), Event::Port, Event::PortClosed);
        let (control, qmp) = (next()?, next()?);
        // Its monitor answers when QEMU has read everything it needs.
        let qmp = Qmp::new(qmp).map_err(|error| anyhow!("{error:#}\n{}", self.complaints()))?;
        let events = events.clone();
        control::serve(control, qmp, move |text| {
            // Nobody listens any more when the boot is over.
            let _ = events.send(Event::Host(text));
        })
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends what is read line by line, then `end`.
fn read_lines(stream: UnixStream, events: Sender<Event>, line: fn(String) -> Event, end: Event) {
    thread::spawn(move || {
        for bytes in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let text = String::from_utf8_lossy(&bytes);
            if events
                .send(line(text.trim_end_matches('\r').to_owned()))
                .is_err()
            {
                return;
            }
        }
        let _ = events.send(end);
    });
}
