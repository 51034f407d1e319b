//! How is lychee, the link checker, run over the same list? With its own defaults but for what makes the work equal.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Names the program where it is not on `PATH`.
pub const VARIABLE: &str = "FRESHD_LYCHEE";

/// The option of newer versions that limits the rate of requests to a host.
const INTERVAL: &str = "--host-request-interval";

/// The program: what the variable names, or the first `lychee` in the directories of `path`.
pub fn find(named: Option<OsString>, path: &OsString) -> Option<PathBuf> {
    let named = named.filter(|name| !name.is_empty()).map(PathBuf::from);
    named.or_else(|| {
        std::env::split_paths(path).map(|dir| dir.join("lychee")).find(|file| file.is_file())
    })
}

/// Each address once, so many in flight, no second try, nothing from a file of settings or a cache. `paced` = this
/// version limits what it asks of a host, whatever the port: the sites are ports of one address, and the bare loop and
/// freshd are not limited here, either.
pub fn command(program: &Path, list: &Path, at_once: usize, paced: bool) -> Command {
    let at_once = at_once.to_string();
    let mut command = Command::new(program);
    command
        .args(["--no-progress", "--quiet", "--max-retries", "0", "--timeout", "20"])
        .args(["--max-concurrency", &at_once]);
    if paced {
        command.args([INTERVAL, "0s", "--host-concurrency", &at_once]);
    }
    let directory = list.parent().unwrap_or(Path::new("/"));
    command.arg("--").arg(list).current_dir(directory).stdin(Stdio::null());
    command
}

/// Does this version limit the rate of requests to a host?
pub fn is_paced(program: &Path) -> bool {
    let help = Command::new(program).arg("--help").stdin(Stdio::null()).output();
    help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains(INTERVAL))
}

/// Runs it to its end; what went wrong, in one line.
pub fn run(program: &Path, list: &Path, at_once: usize, paced: bool) -> Result<(), String> {
    let ran = command(program, list, at_once, paced).output();
    let Output { status, stderr, .. } = ran.map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&stderr);
    Err(format!("{status}: {}", said.lines().next().unwrap_or("said nothing")))
}
