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
use serde_json::json;

use super::{DONE, FOUND, bytes, json, printed};
use crate::app::App;
use crate::app::health::FREE_BYTES_MIN;
use crate::cli::caller::Caller;
use crate::control::Response;
use crate::store::Audit;
use crate::store::backup::Manifest;
use crate::store::check::{Checked, Problem, Repair, TOLD_MAX};

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

/// What each kind is called; the rest is derived from these.
const TITLES: [(&str, &str); 13] = [
    ("account", "台账账号"),
    ("state", "账号判定状态"),
    ("journal", "采集记录"),
    ("evidence", "佐证"),
    ("letter", "信件"),
    ("letter_body", "信件正文"),
    ("link", "菜单链接"),
    ("owner_word", "账号方的反馈"),
    ("received", "收到的信"),
    ("dead_address", "收不到信的地址"),
    ("audit", "留痕"),
    ("meta", "程序自身的记录"),
    ("unknown", "不认识的记录"),
];

fn title(kind: &str) -> &str {
    TITLES.iter().find(|(key, _)| *key == kind).map_or(kind, |(_, title)| title)
}

pub(super) async fn check(
    app: &App,
    repair: bool,
    as_json: bool,
    caller: &Caller,
) -> anyhow::Result<Response> {
    let (store, now, dir) = (app.store().clone(), app.now(), app.config().store.path.clone());
    let checked = tokio::task::spawn_blocking(move || {
        store.check::<AccountState>(repair.then_some(Repair { dir: &dir, now }))
    });
    let checked = checked.await??;
    if checked.mended > 0 {
        let detail = format!("修好 {} 处,共发现 {} 处", checked.mended, checked.found);
        let (who, what, on) = (caller.to_string(), "store-repair".to_owned(), String::new());
        let entry = Audit { at: now, who, what, on, detail };
        app.store().update(|change| change.audit(&entry))?;
    }
    let exit = if checked.is_whole() { DONE } else { FOUND };
    if !as_json {
        return Ok(printed(exit, told(&checked, repair)));
    }
    let problem = |one: &Problem| json!({ "kind": one.kind, "key": one.key, "problem": one.what, "mended": one.mended });
    json(
        exit,
        &json!({
            "as_of": crate::zone::rfc3339(now),
            "whole": checked.is_whole(),
            "records": checked.records,
            "problems": checked.problems.iter().map(problem).collect::<Vec<_>>(),
            "found": checked.found,
            "mended": checked.mended,
            "set_aside": checked.set_aside,
        }),
    )
}

fn told(checked: &Checked, repair: bool) -> String {
    let mut text = String::new();
    let mut derived = 0;
    for (kind, records) in &checked.records {
        match title(kind) {
            same if same == *kind => derived += records,
            title => text.push_str(&format!("{title} {records} 条\n")),
        }
    }
    text.push_str(&format!("索引等其他记录 {derived} 条\n"));
    for one in &checked.problems {
        text.push_str(&format!("{}({}):{}", title(one.kind), one.key, one.what));
        match &one.mended {
            Some(mended) => text.push_str(&format!(";{mended}\n")),
            None => text.push('\n'),
        }
    }
    if checked.found > TOLD_MAX as u64 {
        text.push_str(&format!("只列出前 {TOLD_MAX} 个问题\n"));
    }
    let (found, mended) = (checked.found, checked.mended);
    let left = found - mended;
    text.push_str(&match (found, left, repair) {
        (0, ..) => "没有发现问题\n".to_owned(),
        (_, 0, _) => format!("发现 {found} 个问题,都已修好\n"),
        (_, _, true) => format!("发现 {found} 个问题,修好 {mended} 个,其余 {left} 个修不了\n"),
        (_, _, false) => {
            format!("发现 {found} 个问题;修复:freshd store check --repair(先做一份备份)\n")
        }
    });
    if let Some(path) = &checked.set_aside {
        text.push_str(&format!("读不了的记录原样保存在 {}\n", path.display()));
        if checked.problems.iter().any(|one| one.kind == "account" && one.mended.is_some()) {
            text.push_str("有账号的台账记录读不了,已移开;请重新导入台账,历史还在\n");
        }
    }
    text
}
