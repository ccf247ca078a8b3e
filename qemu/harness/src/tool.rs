// SPDX-License-Identifier: GPL-2.0

//! Runs other programs and keeps what they print.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, anyhow, bail};

/// The number of lines of a failed program's output that an error quotes.
const TAIL_LINES: usize = 12;

/// A log file that the output of programs goes to.
pub(crate) struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Starts an empty log.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds one line.
    pub(crate) fn line(&mut self, line: &str) -> Result<()> {
        writeln!(self.file, "{line}")
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// Runs `command` to its end, its output into `log` and line by line to `each`.
pub(crate) fn run(
    mut command: Command,
    what: &str,
    log: &mut Log,
    mut each: impl FnMut(&str),
) -> Result<()> {
    log.line(&format!("+ {command:?}"))?;
    // One pipe for both streams keeps their order.
    let (reader, writer) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).context("cannot make a pipe")?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone().context("cannot copy a pipe")?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("cannot start {:?} for {what}", command.get_program()))?;
    // The command holds the write ends: the pipe would never end while it lives.
    drop(command);

    let mut tail = std::collections::VecDeque::new();
    let mut full = false;
    for line in BufReader::new(File::from(reader)).split(b'\n') {
        let line = line.context("cannot read from a pipe")?;
        let line = String::from_utf8_lossy(&line);
        full |= line.contains("No space left on device") || line.contains("Disk quota exceeded");
        log.line(&line)?;
        each(&line);
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(line.into_owned());
    }
    let status = child.wait().context("cannot wait for a child")?;
    if status.success() {
        return Ok(());
    }
    let tail: Vec<String> = tail.into_iter().map(|line| format!("    {line}")).collect();
    let reason = if full {
        "the disk is full".to_owned()
    } else {
        format!("{status}")
    };
    bail!(
        "{what} failed: {reason}\n{}\nThe whole log: {}",
        tail.join("\n"),
        log.path.display()
    )
}

/// Returns the standard output of `program`.
pub(crate) fn output(program: &Path, args: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", program.display()))?;
    if !output.status.success() {
        bail!(
            "{} {}: {}\n{}",
            program.display(),
            args.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    String::from_utf8(output.stdout)
        .map_err(|_| anyhow!("{} does not print UTF-8", program.display()))
}

/// Finds `name` in `PATH` or where system tools are when `PATH` is a user's.
pub(crate) fn find(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(system)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
        .with_context(|| {
            format!("{name} is not installed; `scripts/setup --check` tells what is missing")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Result<()>, String, Vec<String>) {
        let dir = tempfile::tempdir().expect("temporary directory");
        let mut log = Log::create(&dir.path().join("log/a.log")).expect("log");
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut lines = Vec::new();
        let result = run(command, "the script", &mut log, |line| {
            lines.push(line.to_owned())
        });
        let text = fs::read_to_string(log.path()).expect("log is there");
        (result, text, lines)
    }

    #[test]
    fn both_streams_are_kept_in_order() {
        let (result, log, lines) = shell("echo one; echo two >&2; echo three");
        assert!(result.is_ok());
        assert_eq!(lines, ["one", "two", "three"]);
        assert!(log.ends_with("one\ntwo\nthree\n"));
    }

    #[test]
    fn a_failure_names_the_step_the_tail_and_the_log() {
        let (result, _, _) = shell("echo because; exit 3");
        let message = result.expect_err("fails").to_string();
        assert!(message.starts_with("the script failed: exit status: 3"));
        assert!(message.contains("    because"));
        assert!(message.contains("a.log"));
    }

    #[test]
    fn a_full_disk_is_named() {
        let (result, _, _) = shell("echo 'x: No space left on device'; exit 1");
        let message = result.expect_err("fails").to_string();
        assert!(message.contains("the disk is full"));
    }
}
