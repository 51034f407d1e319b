//! What was dropped into the folder? Finished files are taken in as `freshd ingest` would, and put aside with what came
//! of them. They are hits only: nobody stands there to vouch.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use freshd_core::Timestamp;

use super::App;
use crate::bundle::BUNDLE_BYTES_MAX;
use crate::cli::exec::{DONE, execute};
use crate::cli::request::{Ingest, Request, SentFile};
use crate::poll::Tick;

/// Who acts: `ingest:收件夹` where a source is named.
const WHO: &str = "收件夹";
/// Files taken in one tick.
const TICK_MAX: usize = 20;
/// The folder is looked at so often.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(5);

/// Size and time of the last change.
type Shape = (u64, Option<SystemTime>);

/// The intake loop.
#[derive(Default)]
pub struct Intake {
    /// The files of the last look; one that has not changed since is finished.
    seen: BTreeMap<PathBuf, Shape>,
}

impl Intake {
    /// One look at the folder, if there is one.
    pub async fn tick(&mut self, app: &App, now: Timestamp) -> anyhow::Result<Tick> {
        let Some(folder) = app.config().exchange.watch.clone() else { return Ok(Tick::default()) };
        let next_wake = Some(now + LOOK_EVERY);
        let found =
            files(&folder).with_context(|| format!("[ingest] watch {}", folder.display()))?;
        let finished = found.iter().filter(|(path, shape)| self.seen.get(*path) == Some(shape));
        let finished: Vec<PathBuf> =
            finished.map(|(path, _)| path.clone()).take(TICK_MAX).collect();
        self.seen = found;
        for path in &finished {
            take(app, &folder, path).await?;
            self.seen.remove(path);
        }
        Ok(Tick { did: finished.len(), next_wake })
    }
}

/// Plain files that may be meant: no hidden ones, none that are still on their way.
fn files(folder: &Path) -> std::io::Result<BTreeMap<PathBuf, Shape>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let on_its_way = [".tmp", ".part", ".crdownload"].iter().any(|end| name.ends_with(end));
        if name.starts_with(['.', '~']) || on_its_way || !entry.file_type()?.is_file() {
            continue;
        }
        let held = entry.metadata()?;
        found.insert(entry.path(), (held.len(), held.modified().ok()));
    }
    Ok(found)
}

async fn take(app: &App, folder: &Path, path: &Path) -> anyhow::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let size = fs::metadata(path)?.len();
    let read = match usize::try_from(size).is_ok_and(|size| size <= BUNDLE_BYTES_MAX) {
        true => fs::read(path).map_err(|error| crate::os::io_text(&error)),
        false => Err("文件过大".to_owned()),
    };
    let file = match read {
        Ok(bytes) => {
            SentFile { name, base64: STANDARD.encode(bytes), unread: None, modified: None }
        }
        Err(why) => SentFile { name, base64: String::new(), unread: Some(why), modified: None },
    };
    let asked = Ingest { files: vec![file], ..Ingest::default() };
    let response = execute(app, Request::Ingest(asked), WHO).await;
    let place = folder.join(if response.exit == DONE { "done" } else { "failed" });
    fs::create_dir_all(&place)?;
    let target = free(&place, path, app.now());
    let mut told = target.clone().into_os_string();
    told.push(".txt");
    fs::write(told, format!("{}{}", response.stdout, response.stderr))?;
    fs::rename(path, &target)?;
    tracing::info!(file = %target.display(), exit = response.exit, "a dropped file was looked at");
    Ok(())
}

/// The file's own name, or one with the time before it where that is taken.
fn free(place: &Path, path: &Path, now: Timestamp) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    let target = place.join(name);
    if !target.exists() {
        return target;
    }
    let mut dated = std::ffi::OsString::from(format!("{}-", now.timestamp_millis()));
    dated.push(name);
    place.join(dated)
}
