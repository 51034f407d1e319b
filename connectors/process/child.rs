//! How is one child started, spoken to, listened to and ended? Its three pipes and its process group.
//!
//! No task of its own: whoever waits for an answer moves the pipes ([`Child::step`]), and every step may be dropped at
//! any await without losing a byte.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};

use super::tell::hide;
use crate::wire::LINE_BYTES_MAX;

/// Bytes read at once.
const READ_BYTES: usize = 16 << 10;
/// A line of standard error is logged up to so many bytes.
const SAID_BYTES_MAX: usize = 500;
/// Lines of standard error logged between two answers.
const SAID_LINES_MAX: usize = 100;
/// How long an ended child may take to be reaped, and to bring its last words.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Where programs are looked for when the daemon itself was given no `PATH`.
const PATH_FALLBACK: &str = "/usr/local/bin:/usr/bin:/bin";

/// Why a child is no longer of use.
#[derive(Debug)]
pub(super) enum Death {
    /// It could not be started.
    Unstartable(io::Error),
    /// It closed its output.
    Exited(Option<ExitStatus>),
    /// A line longer than [`LINE_BYTES_MAX`].
    TooLong,
    /// A line that is no UTF-8, no `observation/1`, or no answer to a question; English, for its author.
    BadLine(String),
    /// Its hello does not fit; Chinese.
    Stranger(String),
    /// Nothing came for so long.
    Silent(Duration),
    /// Its pipes are broken.
    Pipe(io::Error),
}

/// A running child. Dropping it ends it and all that it started.
pub(super) struct Child {
    name: String,
    process: tokio::process::Child,
    group: Option<Pid>,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: ChildStderr,
    /// Does its standard error still bring anything?
    heard: bool,
    /// Has it closed its standard input?
    deaf: bool,
    outbox: BytesMut,
    inbox: BytesMut,
    /// Bytes at the start of the inbox that hold no line end.
    scanned: usize,
    said: BytesMut,
    said_lines: usize,
    /// The last line of its standard error, without secrets.
    pub(super) last_said: String,
}

impl Child {
    /// Starts a program in a process group of its own, with nothing in its environment but `PATH` (to find interpreters)
    /// and a UTF-8 `LANG`.
    pub(super) fn start(name: &str, command: &[String], directory: &Path) -> Result<Self, Death> {
        let (program, arguments) = command.split_first().ok_or_else(|| {
            Death::Unstartable(io::Error::new(io::ErrorKind::InvalidInput, "no program"))
        })?;
        let path = std::env::var_os("PATH").unwrap_or_else(|| PATH_FALLBACK.into());
        // A program named by a path lies where paths of the configuration start; a bare name is looked for.
        let mut made = match program.contains('/') {
            true => Command::new(directory.join(program)),
            false => Command::new(program),
        };
        made.args(arguments)
            .env_clear()
            .env("PATH", path)
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if !directory.as_os_str().is_empty() {
            made.current_dir(directory);
        }
        let mut process = made.spawn().map_err(Death::Unstartable)?;
        let group = process.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pipes = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            unreachable!("all three pipes were asked for");
        };
        Ok(Self {
            name: name.to_owned(),
            process,
            group,
            stdin,
            stdout,
            stderr,
            heard: true,
            deaf: false,
            outbox: BytesMut::new(),
            inbox: BytesMut::new(),
            scanned: 0,
            said: BytesMut::new(),
            said_lines: 0,
            last_said: String::new(),
        })
    }

    /// Puts a line on its way; [`Self::step`] carries it out.
    pub(super) fn say(&mut self, line: &[u8]) {
        self.outbox.extend_from_slice(line);
        self.outbox.extend_from_slice(b"\n");
    }

    /// Has it ended while nobody asked it anything?
    pub(super) fn ended(&mut self) -> Option<Death> {
        match self.process.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(Death::Exited(Some(status))),
            Err(error) => Some(Death::Pipe(error)),
        }
    }

    /// It has answered: it may speak on its standard error again.
    pub(super) fn answered(&mut self) {
        self.said_lines = 0;
    }

    /// Moves whatever of its pipes can be moved: a whole line that it said, or `None` when only something moved.
    pub(super) async fn step(
        &mut self,
        secrets: &BTreeSet<String>,
    ) -> Result<Option<String>, Death> {
        if let Some(line) = self.line()? {
            return Ok(Some(line));
        }
        self.inbox.reserve(READ_BYTES);
        self.said.reserve(READ_BYTES);
        tokio::select! {
            read = self.stdout.read_buf(&mut self.inbox) => match read {
                Ok(0) => return Err(self.last_words(secrets).await),
                Ok(_) => {}
                Err(error) => return Err(Death::Pipe(error)),
            },
            read = self.stderr.read_buf(&mut self.said), if self.heard => {
                self.heard = read.is_ok_and(|bytes| bytes > 0);
                self.log(secrets);
            }
            wrote = self.stdin.write(&self.outbox), if !self.outbox.is_empty() && !self.deaf => match wrote {
                Ok(bytes) => self.outbox.advance(bytes),
                // It is going away, or will never answer; its output says which.
                Err(_) => self.deaf = true,
            },
        }
        Ok(None)
    }

    /// The next whole line of the inbox.
    fn line(&mut self) -> Result<Option<String>, Death> {
        let fresh = self.inbox[self.scanned..].iter().position(|byte| *byte == b'\n');
        let Some(end) = fresh.map(|at| self.scanned + at) else {
            self.scanned = self.inbox.len();
            return if self.scanned > LINE_BYTES_MAX { Err(Death::TooLong) } else { Ok(None) };
        };
        if end > LINE_BYTES_MAX {
            return Err(Death::TooLong);
        }
        let line = self.inbox.split_to(end);
        self.inbox.advance(1);
        self.scanned = 0;
        let text = String::from_utf8(line.to_vec());
        text.map(Some).map_err(|_| Death::BadLine("a line is not UTF-8".to_owned()))
    }

    /// Logs whole lines of its standard error, a bounded number of bounded ones, without secrets.
    fn log(&mut self, secrets: &BTreeSet<String>) {
        while let Some(end) = self.said.iter().position(|byte| *byte == b'\n') {
            let line = self.said.split_to(end);
            self.said.advance(1);
            self.log_line(&line, secrets);
        }
        if self.said.len() > READ_BYTES || (!self.heard && !self.said.is_empty()) {
            let line = self.said.split();
            self.log_line(&line, secrets);
        }
    }

    fn log_line(&mut self, line: &[u8], secrets: &BTreeSet<String>) {
        // Hidden before it is cut, so that no cut leaves half a secret.
        let text = hide(&String::from_utf8_lossy(line), secrets);
        let plain = text.chars().filter(|c| !c.is_control());
        let mut kept = String::new();
        for c in plain {
            if kept.len() + c.len_utf8() > SAID_BYTES_MAX {
                break;
            }
            kept.push(c);
        }
        if kept.trim().is_empty() {
            return;
        }
        self.said_lines += 1;
        if self.said_lines < SAID_LINES_MAX {
            tracing::info!(connector = self.name, said = kept, "connector process");
        } else if self.said_lines == SAID_LINES_MAX {
            tracing::warn!(connector = self.name, "connector process says too much; rest left out");
        }
        self.last_said = kept;
    }

    /// Its output has ended: how it ended, after its last words were read.
    async fn last_words(&mut self, secrets: &BTreeSet<String>) -> Death {
        let rest = async {
            while self.heard && self.said.len() < 4 * READ_BYTES {
                self.said.reserve(READ_BYTES);
                self.heard = self.stderr.read_buf(&mut self.said).await.is_ok_and(|read| read > 0);
            }
        };
        let _ = tokio::time::timeout(LAST_WORDS, rest).await;
        self.log(secrets);
        match tokio::time::timeout(LAST_WORDS, self.process.wait()).await {
            Ok(status) => Death::Exited(status.ok()),
            Err(_) => Death::Exited(None),
        }
    }

    /// Ends it and everything that it started.
    pub(super) fn kill(&mut self) {
        // Its number is not given away while the group has members, and the group was made with it.
        if let Some(group) = self.group.take() {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.process.start_kill();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}
