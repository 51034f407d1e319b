//! Which configuration file is used, and what does the process bring along? The edge to the environment.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::problem::Problem;

/// The command line's say in the configuration.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// `--store DIR`, stronger than `[store] path`.
    pub store: Option<PathBuf>,
}

/// What the process brings along; a value, so that tests choose it.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The environment's variables (only those that are valid text).
    pub variables: BTreeMap<String, String>,
    /// The user that this process acts as.
    pub uid: u32,
    /// Where relative paths of the command line start.
    pub directory: PathBuf,
    /// Was the machine started by systemd, so that credentials may arrive at a start?
    pub systemd: bool,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            variables: std::env::vars_os().filter_map(text).collect(),
            uid: fs::metadata("/proc/self").map(|held| held.uid()).unwrap_or(u32::MAX),
            directory: std::env::current_dir().unwrap_or_default(),
            systemd: sd_notify::booted().unwrap_or(false),
        }
    }

    /// A variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// systemd's directory of credentials for this start.
    pub fn credentials(&self) -> Option<PathBuf> {
        self.variable("CREDENTIALS_DIRECTORY").map(PathBuf::from)
    }
}

/// The file below the current directory, used only if its owner may be trusted.
const NEAR: &str = "config/freshd.toml";
/// The installed file.
const INSTALLED: &str = "/etc/freshd/freshd.toml";

/// The configuration file: `--config`, `$FRESHD_CONFIG`, `config/freshd.toml` if it belongs to the caller or root,
/// `/etc/freshd/freshd.toml`.
pub(crate) fn choose(args: &Args, around: &Surroundings) -> Result<PathBuf, Problem> {
    if let Some(file) = &args.config {
        return exists(around.directory.join(file), "--config");
    }
    if let Some(file) = around.variable("FRESHD_CONFIG") {
        return exists(around.directory.join(file), "环境变量 FRESHD_CONFIG");
    }
    let near = around.directory.join(NEAR);
    let owner = fs::metadata(&near).map(|held| held.uid()).ok();
    if owner.is_some_and(|owner| owner == around.uid || owner == 0) {
        return Ok(if around.directory == Path::new("") { NEAR.into() } else { near });
    }
    if Path::new(INSTALLED).exists() {
        return Ok(INSTALLED.into());
    }
    let what = match owner {
        Some(owner) => format!("{NEAR} 属于用户 {owner},既不是您也不是 root,因此没有采用"),
        None => "没有找到配置文件".to_owned(),
    };
    let help = format!("用 --config 指明,或设环境变量 FRESHD_CONFIG,或放在 {NEAR} 或 {INSTALLED}");
    Err(Problem::in_file(INSTALLED, what, help))
}

fn exists(file: PathBuf, named_by: &str) -> Result<PathBuf, Problem> {
    match fs::metadata(&file) {
        Ok(held) if held.is_file() => Ok(file),
        Ok(_) => {
            let what = format!("{named_by} 指的不是一个文件");
            Err(Problem::in_file(&file.display().to_string(), what, "写到文件名为止"))
        }
        Err(error) => {
            let what = format!("{named_by} 指的配置文件读不到:{}", crate::os::io_text(&error));
            Err(Problem::in_file(&file.display().to_string(), what, "检查路径和权限"))
        }
    }
}
