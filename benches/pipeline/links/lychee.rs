//! How is lychee, the link checker, run over the same list? With its own defaults but for what makes the work equal.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Names the program where it is not on `PATH`.
pub const VARIABLE: &str = "FRESHD_LYCHEE";

/// The program: what the variable names, or the first `lychee` in the directories of `path`.
pub fn find(named: Option<OsString>, path: &OsString) -> Option<PathBuf> {
    let named = named.filter(|name| !name.is_empty()).map(PathBuf::from);
    named.or_else(|| {
        std::env::split_paths(path).map(|dir| dir.join("lychee")).find(|file| file.is_file())
    })
}

/// Each address once, so many in flight, no second try, addresses on loopback as any other, nothing from a file of
/// settings or a cache. A site's rate is not limited for it: the bare loop's and freshd's are not, either.
pub fn command(program: &Path, list: &Path, at_once: usize) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--no-progress", "--quiet", "--max-retries", "0", "--timeout", "20"])
        .args(["--max-concurrency", &at_once.to_string()])
        .arg("--")
        .arg(list)
        .current_dir(list.parent().unwrap_or(Path::new("/")))
        .stdin(Stdio::null());
    command
}

/// Runs it to its end; what went wrong, in one line.
pub fn run(program: &Path, list: &Path, at_once: usize) -> Result<(), String> {
    let ran = command(program, list, at_once).output();
    let Output { status, stderr, .. } = ran.map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&stderr);
    Err(format!("{status}: {}", said.lines().next().unwrap_or("said nothing")))
}
