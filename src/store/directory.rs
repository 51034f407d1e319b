//! What happens to the store's directory around opening? Who holds it, what is set aside, what is
//! synced.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::error::{Holder, StoreError};

/// Name of the file whose lock says that the store is held, and whose text says by whom.
pub(crate) const HOLDER_FILE: &str = "holder";
/// Where files that would keep the store from opening are moved to.
pub(crate) const QUARANTINE: &str = "quarantine";
/// At most so many generations of one file name are kept in quarantine.
const QUARANTINE_GENERATIONS_MAX: u32 = 20;
/// At most so many snapshots are kept in quarantine, the newest: each has a name of its own, and is made anew from the
/// log.
const QUARANTINE_SNAPSHOTS_MAX: usize = 5;

/// Makes the directory (mode 0700) if it is not there.
pub(crate) fn create(dir: &Path) -> Result<(), StoreError> {
    Ok(DirBuilder::new().recursive(true).mode(0o700).create(dir)?)
}

/// The held store: the lock lasts as long as this value.
#[derive(Debug)]
pub(crate) struct Hold {
    _file: File,
}

/// Takes the store for this process, or says who has it.
pub(crate) fn hold(dir: &Path) -> Result<Hold, StoreError> {
    let path = dir.join(HOLDER_FILE);
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let read = file.read_to_string(&mut text);
            let by = read.ok().and_then(|_| serde_json::from_str(&text).ok());
            return Err(StoreError::Held { path: dir.to_owned(), by });
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    file.set_len(0)?;
    let me = Holder { pid: std::process::id(), command: command_line() };
    file.write_all(serde_json::to_string(&me).map_err(StoreError::Encode)?.as_bytes())?;
    Ok(Hold { _file: file })
}

/// The program's name and its first arguments; later ones may hold what others should not read.
fn command_line() -> String {
    let mut words: Vec<String> =
        std::env::args_os().take(2).map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(program) = words.first_mut() {
        let name =
            Path::new(program.as_str()).file_name().map(|n| n.to_string_lossy().into_owned());
        *program = name.unwrap_or_else(|| program.clone());
    }
    words.join(" ")
}

/// Is the file locked by somebody (another program, or a thread of ours that is just letting go)?
pub(crate) fn is_locked(path: &Path) -> Result<bool, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    match file.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Moves the files whose name `unwanted` picks into `quarantine/`; nothing is deleted. Returns
/// where they are now.
pub(crate) fn set_aside(
    dir: &Path,
    unwanted: impl Fn(&str) -> bool,
) -> Result<Vec<PathBuf>, StoreError> {
    into_quarantine(dir, unwanted, |from, to| fs::rename(from, to))
}

/// As [`set_aside`], with copies, synced.
pub(crate) fn copy_aside(
    dir: &Path,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<PathBuf>, StoreError> {
    into_quarantine(dir, wanted, |from, to| {
        fs::copy(from, to)?;
        File::open(to)?.sync_all()
    })
}

fn into_quarantine(
    dir: &Path,
    pick: impl Fn(&str) -> bool,
    bring: impl Fn(&Path, &Path) -> std::io::Result<()>,
) -> Result<Vec<PathBuf>, StoreError> {
    let mut brought = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !pick(&name) || !entry.file_type()?.is_file() {
            continue;
        }
        let quarantine = dir.join(QUARANTINE);
        create(&quarantine)?;
        let free = (0..QUARANTINE_GENERATIONS_MAX)
            .map(|n| quarantine.join(format!("{name}.{n}")))
            .find(|path| !path.exists())
            .unwrap_or_else(|| quarantine.join(format!("{name}.last")));
        bring(&entry.path(), &free)?;
        brought.push(free);
    }
    if !brought.is_empty() {
        drop_old_snapshots(&dir.join(QUARANTINE))?;
    }
    Ok(brought)
}

fn drop_old_snapshots(quarantine: &Path) -> Result<(), StoreError> {
    let mut held = Vec::new();
    for entry in fs::read_dir(quarantine)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("snap.") && entry.file_type()?.is_file()
        {
            held.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    held.sort();
    let old = held.len().saturating_sub(QUARANTINE_SNAPSHOTS_MAX);
    for (_, path) in &held[..old] {
        tracing::warn!(file = %path.display(), "an old snapshot is dropped from quarantine");
        fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;

/// Syncs every file of the directory, its sub-directories as such, the directory and its parent, so
/// that neither content nor names depend on the page cache. Returns what was synced.
pub(crate) fn sync_all(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut synced = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_file() || kind.is_dir() {
            synced.push(entry.path());
        }
    }
    synced.push(dir.to_owned());
    if let Some(parent) = dir.canonicalize()?.parent() {
        synced.push(parent.to_owned());
    }
    let readable = |path: &PathBuf| match File::open(path) {
        Ok(file) => file.sync_all().map(|()| true),
        // The parent may be readable by its owner only; the files of the store itself are ours.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(false),
        Err(error) => Err(error),
    };
    let mut done = Vec::with_capacity(synced.len());
    for path in synced {
        if readable(&path)? {
            done.push(path);
        }
    }
    Ok(done)
}
