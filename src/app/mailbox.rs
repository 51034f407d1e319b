//! What came back by mail? Mails from the folder and the mailbox, each read once, held against the outbox, and kept with
//! what became of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::App;
use crate::notify::clean::clean_line;
use crate::notify::inbox::imap::{self, Cursor};
use crate::notify::inbox::{self, MAIL_BYTES_MAX};
use crate::notify::smtp::Password;
use crate::poll::Tick;
use crate::store::StoreError;

mod deal;

/// [`Reading`]: how far the mailbox was read, and since when it cannot be.
const META_READING: &str = "mail.inbox";
/// Files taken in one tick.
const TICK_MAX: usize = 20;
/// Files that are left are named at most so many.
const LEFT_MAX: usize = 50;
/// The folder is looked at so often.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(5);

/// How the mailbox stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reading {
    /// How far it was read.
    pub cursor: Cursor,
    /// When it was last read.
    pub read_at: Option<Timestamp>,
    /// Since when it cannot be read.
    pub failing_since: Option<Timestamp>,
    /// Why not, Chinese.
    pub fault: String,
    /// Files of the folder that cannot be read or put aside, and why.
    pub left: BTreeMap<String, String>,
}

/// How the mailbox stands now.
pub fn reading(app: &App) -> Result<Reading, StoreError> {
    Ok(app.store().meta(META_READING)?.unwrap_or_default())
}

/// Size and time of the last change.
type Shape = (u64, Option<SystemTime>);

/// The mailbox loop.
#[derive(Default)]
pub struct Mailbox {
    /// The files of the last look; one that has not changed since is finished.
    seen: BTreeMap<PathBuf, Shape>,
    /// Files that cannot be read or put aside; told in the log once, left until they are gone.
    left: BTreeMap<PathBuf, String>,
    /// When the mailbox is asked again.
    ask_at: Option<Timestamp>,
}

impl Mailbox {
    /// One look at the folder, and at the mailbox when it is time.
    pub async fn tick(&mut self, app: &App, now: Timestamp) -> anyhow::Result<Tick> {
        let config = app.config();
        let inbox = &config.mail.inbox;
        let mut tick = Tick::default();
        if let Some(folder) = &inbox.folder {
            let mut found = files(folder)?;
            self.left.retain(|path, _| found.contains_key(path));
            found.retain(|path, _| !self.left.contains_key(path));
            let finished = found.iter().filter(|(path, shape)| self.seen.get(*path) == Some(shape));
            let finished: Vec<PathBuf> =
                finished.map(|(path, _)| path.clone()).take(TICK_MAX).collect();
            self.seen = found;
            for path in &finished {
                if let Err(error) = take(app, folder, path).await {
                    // A store that fails is everybody's trouble; a file that does is left where it is, and the others go on.
                    if error.is::<StoreError>() {
                        return Err(error);
                    }
                    tracing::error!(file = %path.display(), %error, "a mail cannot be read or put aside; it is left");
                    self.left.insert(path.clone(), format!("{error:#}"));
                }
                self.seen.remove(path);
            }
            note_left(app, &self.left)?;
            tick.did += finished.len();
            tick.next_wake = Some(now + LOOK_EVERY);
        }
        if inbox.server.is_some() {
            let due = self.ask_at.is_none_or(|at| at <= now || at - now > TimeDelta::days(1));
            if due {
                let (did, more) = ask(app, now).await?;
                tick.did += did;
                let wait = TimeDelta::minutes(i64::from(inbox.every_min));
                self.ask_at = Some(if more { now } else { now + wait });
            }
            let next = [tick.next_wake, self.ask_at].into_iter().flatten().min();
            tick.next_wake = next;
        }
        Ok(tick)
    }
}

/// Reads everything that is there now, by hand; how many mails were new, and why the mailbox could not be read.
pub async fn fetch(app: &App, now: Timestamp) -> anyhow::Result<(usize, Option<String>)> {
    let (mut did, mut fault) = (0, None);
    if let Some(folder) = &app.config().mail.inbox.folder {
        let mut left = BTreeMap::new();
        for path in files(folder)?.keys() {
            match take(app, folder, path).await {
                Ok(new) => did += usize::from(new),
                Err(error) if error.is::<StoreError>() => return Err(error),
                Err(error) => {
                    left.insert(path.clone(), format!("{error:#}"));
                }
            }
        }
        note_left(app, &left)?;
        let lines = left.iter().map(|(path, why)| format!("{}:{why}", path.display()));
        let lines: Vec<String> = lines.collect();
        fault = (!lines.is_empty())
            .then(|| format!("这些文件读不了或不能移走,留在原处:\n{}", lines.join("\n")));
    }
    if app.config().mail.inbox.server.is_some() {
        loop {
            let (new, more) = ask(app, now).await?;
            did += new;
            if !more {
                break;
            }
        }
        let reading = reading(app)?;
        let away = reading.failing_since.map(|_| reading.fault);
        fault = away.into_iter().chain(fault).reduce(|one, other| format!("{one}\n{other}"));
    }
    Ok((did, fault))
}

/// Keeps which files are left, for people to see.
fn note_left(app: &App, left: &BTreeMap<PathBuf, String>) -> Result<(), StoreError> {
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let left: BTreeMap<String, String> = left
        .iter()
        .take(LEFT_MAX)
        .map(|(path, why)| (clean_line(&name(path)), clean_line(why)))
        .collect();
    let held = reading(app)?;
    if held.left != left {
        app.store().set_meta(META_READING, &Reading { left, ..held })?;
    }
    Ok(())
}

/// Mails in the folder: no hidden files, none that are still on their way.
fn files(folder: &Path) -> anyhow::Result<BTreeMap<PathBuf, Shape>> {
    let place = || format!("[mail.inbox] folder {}", folder.display());
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(place)? {
        let entry = entry.with_context(place)?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if name.starts_with(['.', '~']) || !name.ends_with(".eml") || !entry.file_type()?.is_file()
        {
            continue;
        }
        let held = entry.metadata()?;
        found.insert(entry.path(), (held.len(), held.modified().ok()));
    }
    Ok(found)
}

/// Reads one file and puts it aside; was it new?
async fn take(app: &App, folder: &Path, path: &Path) -> anyhow::Result<bool> {
    let mut raw = Vec::new();
    match fs::File::open(path) {
        Ok(file) => file.take(MAIL_BYTES_MAX as u64).read_to_end(&mut raw)?,
        // Somebody was quicker: another command, or a person.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let new = read_one(app, &raw).await?;
    // Nothing is put aside before what it came to is durable.
    app.store().barrier().await?;
    let place = folder.join("done");
    fs::create_dir_all(&place)?;
    fs::rename(path, free(&place, path, &inbox::id_of(&raw)))?;
    Ok(new)
}

/// The file's own name, or one with the mail's id before it where that is taken.
fn free(place: &Path, path: &Path, id: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    let target = place.join(name);
    if !target.exists() {
        return target;
    }
    place.join(format!("{id}.eml"))
}

/// One conversation with the mailbox: how many mails were new, and whether there are more.
async fn ask(app: &App, now: Timestamp) -> anyhow::Result<(usize, bool)> {
    let config = app.config();
    let inbox = &config.mail.inbox;
    let Some(server) = &inbox.server else { return Ok((0, false)) };
    let secrets = Arc::clone(&config.secrets);
    let password: Password = Arc::new(move || secrets.inbox_password());
    let held = reading(app)?;
    let fetched = imap::fetch(server, &password, &inbox.mailbox, &held.cursor, now).await;
    let fetched = match fetched {
        Ok(fetched) => fetched,
        Err(fault) => {
            tracing::warn!(fault, "mailbox cannot be read");
            let failing_since = held.failing_since.or(Some(now));
            app.store().set_meta(META_READING, &Reading { failing_since, fault, ..held })?;
            return Ok((0, false));
        }
    };
    let mut did = 0;
    let mut last = Reading {
        cursor: fetched.cursor,
        read_at: Some(now),
        left: held.left.clone(),
        ..Reading::default()
    };
    for (cursor, raw) in fetched.mails {
        if !raw.is_empty() {
            did += usize::from(read_one(app, &raw).await?);
        }
        last.cursor = cursor;
        app.store().set_meta(META_READING, &last)?;
    }
    if last.cursor != held.cursor
        || held.failing_since.is_some()
        || did > 0
        || held.read_at.is_none()
    {
        app.store().set_meta(META_READING, &last)?;
    }
    app.store().barrier().await?;
    Ok((did, fetched.more))
}

/// Deals with one mail, once; was it new?
async fn read_one(app: &App, raw: &[u8]) -> anyhow::Result<bool> {
    let id = inbox::id_of(raw);
    if app.store().received(&id)?.is_some() {
        return Ok(false);
    }
    // A mail that breaks its reader must not stand in the way of the next one.
    let mail = catch_unwind(|| inbox::read(raw)).unwrap_or_else(|_| {
        tracing::error!(mail = id, "a mail could not be read");
        app.env.metrics.panicked("mailbox");
        inbox::Incoming { id, ..inbox::Incoming::default() }
    });
    let received = deal::with(app, &mail).await?;
    tracing::info!(mail = received.id, outcome = ?received.outcome, letter = received.letter, "mail read");
    Ok(true)
}
