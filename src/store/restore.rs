//! How does a backup become the store? A new one is built beside the old, and takes its place in one step.
//!
//! Until that step nothing of the old store is touched; the step itself is the file system's exchange of two names, so
//! that a kill leaves the old store or the new one, whole, at its place. The old one is kept, never deleted.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use freshd_core::Timestamp;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::backup::{BackupError, Manifest};
use super::engine::{Batch, Order};
use super::error::StoreError;
use super::keys::{kind, span};
use super::outbox::read_index;
use super::{Audit, LetterState, Store, StoreOptions, directory, meta, promise, spare};

#[cfg(test)]
mod tests;

/// In a store that is being built: it is not whole.
const UNFINISHED: &str = "unfinished";
/// Records go into the new store in batches of so many bytes.
const BATCH_BYTES_MAX: usize = 256 * 1024;
/// What a restored letter says until it is released.
const HELD: &str = "由备份恢复,可能已经发过;核对后再放行";

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The backup.
    pub manifest: Manifest,
    /// Where the old store is now, if there was one.
    pub aside: Option<PathBuf>,
    /// Letters that were about to go out, and are held now.
    pub held: usize,
    /// Files that are no part of the store, and were brought over from the old directory.
    pub brought: Vec<String>,
}

/// Makes the backup in `from` the store in `dir`. Nobody may hold that; `who` asked for it.
pub fn restore(
    from: &Path,
    dir: &Path,
    who: &str,
    now: Timestamp,
) -> Result<Restored, BackupError> {
    let manifest = Manifest::verified(from)?;
    let dir = place_of(dir)?;
    let _hold = match dir.exists() {
        true => Some(hold(&dir)?),
        false => None,
    };
    let aside = beside(&dir, &format!("before-restore-{}", now.format("%Y%m%dT%H%M%SZ")));
    let building = beside(&dir, "restoring");
    keep_what_is_whole(&building, &aside).map_err(StoreError::from)?;
    let held = match build(&manifest, from, &building, who, now) {
        Ok(held) => held,
        Err(error) => {
            // Of ours, and not whole.
            if let Err(left) = fs::remove_dir_all(&building) {
                tracing::warn!(error = %left, dir = %building.display(), "half a store is left");
            }
            return Err(error);
        }
    };
    let aside = take_place(&building, &dir, &aside).map_err(StoreError::from)?;
    let brought = match &aside {
        Some(aside) => bring_over(aside, &dir).map_err(StoreError::from)?,
        None => Vec::new(),
    };
    Ok(Restored { manifest, aside, held, brought })
}

/// The store's directory without links, so that what is beside it is on the same file system.
fn place_of(dir: &Path) -> Result<PathBuf, StoreError> {
    match dir.canonicalize() {
        Ok(dir) => Ok(dir),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let dir = std::path::absolute(dir)?;
            dir.parent().map(directory::create).transpose()?;
            Ok(dir)
        }
        Err(error) => Err(error.into()),
    }
}

fn beside(dir: &Path, what: &str) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(format!(".{what}"));
    PathBuf::from(name)
}

/// Holds the old store; what root makes in it stays its owner's.
fn hold(dir: &Path) -> Result<directory::Hold, StoreError> {
    let hold = directory::hold(dir)?;
    own(&dir.join(directory::HOLDER_FILE), dir)?;
    Ok(hold)
}

/// Gives a file to whom `like` belongs to; only root can, and need.
fn own(path: &Path, like: &Path) -> io::Result<()> {
    let (is, wanted) = (fs::symlink_metadata(path)?, fs::metadata(like)?);
    if (is.uid(), is.gid()) == (wanted.uid(), wanted.gid()) {
        return Ok(());
    }
    match chown(path, Some(wanted.uid()), Some(wanted.gid())) {
        // The owner himself, of a directory whose group is another.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        done => done,
    }
}

/// What a killed restore left: half a store goes, a whole one is kept.
fn keep_what_is_whole(building: &Path, aside: &Path) -> io::Result<()> {
    if !building.try_exists()? {
        return Ok(());
    }
    if building.join(UNFINISHED).try_exists()? {
        return fs::remove_dir_all(building);
    }
    fs::rename(building, free(aside)?)
}

/// The name, or the first one like it that is free.
fn free(path: &Path) -> io::Result<PathBuf> {
    let mut name = path.to_owned();
    let mut number = 1;
    while name.try_exists()? {
        number += 1;
        name = beside(path, &number.to_string());
    }
    Ok(name)
}

/// Builds the store; how many letters are held.
fn build(
    manifest: &Manifest,
    from: &Path,
    building: &Path,
    who: &str,
    now: Timestamp,
) -> Result<usize, BackupError> {
    directory::create(building)?;
    File::create(building.join(UNFINISHED)).map_err(StoreError::from)?;
    let store = Store::open(building, StoreOptions::default())?;
    let (mut batch, mut bytes) = (Batch::default(), 0);
    manifest.each(from, |key, value| {
        bytes += key.len() + value.len();
        batch.put(key, value);
        if bytes >= BATCH_BYTES_MAX {
            bytes = 0;
            store.commit_batch(std::mem::take(&mut batch))?;
        }
        Ok(())
    })?;
    store.commit_batch(batch)?;
    let held = hold_letters(&store)?;
    let (at, what, on) = (now, "restore".to_owned(), from.display().to_string());
    let detail = format!("{} 的备份;暂存 {held} 封信", manifest.made_at.to_rfc3339());
    let entry = Audit { at, who: who.to_owned(), what, on, detail };
    store.update(|change| {
        change.put_meta(meta::RESTORED, &now)?;
        change.audit(&entry)
    })?;
    store.barrier_blocking()?;
    drop(store);
    // It is opened as any other would be: what is refused later is refused now.
    drop(Store::open(building, StoreOptions::default())?);
    directory::sync_all(building)?;
    Ok(held)
}

/// What was about to be sent may have been sent since: a person decides.
fn hold_letters(store: &Store) -> Result<usize, StoreError> {
    let (from, to) = span(kind::LETTER_QUEUE);
    let mut ids = Vec::new();
    store.each(&from, &to, Order::Ascending, |key, _| {
        ids.push(read_index(key)?.1);
        Ok(true)
    })?;
    for id in &ids {
        store.update_letter(id, |letter| {
            letter.state = LetterState::Held;
            letter.next_attempt = None;
            letter.lease_until = None;
            letter.tells.clear();
            letter.last_reply = Some(HELD.to_owned());
        })?;
    }
    Ok(ids.len())
}

/// Puts the new store where the old one is, and the old one aside.
fn take_place(building: &Path, dir: &Path, aside: &Path) -> io::Result<Option<PathBuf>> {
    let there = dir.try_exists()?;
    if there {
        for entry in fs::read_dir(building)? {
            own(&entry?.path(), dir)?;
        }
        own(building, dir)?;
    }
    fs::remove_file(building.join(UNFINISHED))?;
    File::open(building)?.sync_all()?;
    if !there {
        fs::rename(building, dir)?;
        sync_parent(dir)?;
        return Ok(None);
    }
    let aside = free(aside)?;
    match renameat_with(CWD, building, CWD, dir, RenameFlags::EXCHANGE) {
        Ok(()) => {
            sync_parent(dir)?;
            fs::rename(building, &aside)?;
        }
        // A file system that cannot exchange: for a moment there is no store at the place.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => {
            fs::rename(dir, &aside)?;
            if let Err(error) = fs::rename(building, dir) {
                fs::rename(&aside, dir)?;
                return Err(error);
            }
        }
        Err(error) => return Err(error.into()),
    }
    sync_parent(dir)?;
    Ok(Some(aside))
}

fn sync_parent(dir: &Path) -> io::Result<()> {
    dir.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

/// Operators may keep other things in the directory, such as one that mails are dropped into: those stay where they
/// are looked for.
fn bring_over(aside: &Path, dir: &Path) -> io::Result<Vec<String>> {
    let mut brought = Vec::new();
    for entry in fs::read_dir(aside)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let ours = [directory::HOLDER_FILE, directory::QUARANTINE, promise::FILE, "spool", "blobs"];
        let kind = entry.file_type()?;
        let others = kind.is_file() || kind.is_dir() || kind.is_symlink();
        if others && !spare::is_of_engine(&name) && !ours.contains(&name.as_str()) {
            let to = dir.join(entry.file_name());
            if !to.try_exists()? {
                fs::rename(entry.path(), to)?;
                brought.push(name);
            }
        }
    }
    Ok(brought)
}
