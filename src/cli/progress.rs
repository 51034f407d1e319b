//! How far has long work come? One line on the terminal of whoever waits, gone when the work is done.

use std::io::{IsTerminal as _, Write as _};

/// Characters of the bar itself.
const WIDTH: usize = 30;

/// A bar on standard error; nothing where that is no terminal.
pub(super) struct Progress {
    what: &'static str,
    total: usize,
    shown: bool,
}

impl Progress {
    /// A bar for so many pieces of work. Only the process that the person started draws it, not the daemon that works for
    /// it.
    pub(super) fn new(what: &'static str, total: usize, is_serving: bool) -> Self {
        Self { what, total, shown: !is_serving && total > 1 && std::io::stderr().is_terminal() }
    }

    /// So many are done.
    pub(super) fn at(&self, done: usize) {
        if self.shown {
            let mut out = std::io::stderr().lock();
            // A terminal that is gone is no reason to stop working.
            let _ = write!(out, "\r\x1b[2K{}", line(self.what, done, self.total));
            let _ = out.flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}

fn line(what: &str, done: usize, total: usize) -> String {
    let full = done.min(total) * WIDTH / total.max(1);
    format!("{what} [{}{}] {done}/{total}", "#".repeat(full), " ".repeat(WIDTH - full))
}

#[cfg(test)]
mod tests;
