//! What if opening does harm? A copy of the store's files, made before the engine sees them.
//!
//! To open a log that it cannot read to its end, the engine drops the rest, zeroes segments and
//! writes over those it takes for free. With the copy an opening that is refused leaves the files as
//! it found them. Where the file system shares extents a copy costs nothing, elsewhere some second a
//! GiB; it is not synced, and gone before most of it reaches the disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::directory::QUARANTINE;

/// A store larger than this is opened without a copy, bytes: a command would wait for seconds and need as much room
/// again. What is damaged is refused all the same.
const COPIED_BYTES_MAX: u64 = 1 << 30;
/// Where the copy lies while the store is being opened, in `quarantine/`.
const PLACE: &str = "opening";

/// The copy; discarded when dropped.
pub(super) struct Spare {
    dir: PathBuf,
    place: PathBuf,
}

/// Is this a file that the engine reads or writes?
pub(super) fn is_of_engine(name: &str) -> bool {
    name == "db" || name == "conf" || name.starts_with("snap.")
}

impl Spare {
    /// Copies the engine's files, if there are any. Without room for a copy there is none.
    pub(super) fn make(dir: &Path) -> io::Result<Option<Self>> {
        let place = dir.join(QUARANTINE).join(PLACE);
        if place.try_exists()? {
            // Of an opening that was killed.
            fs::remove_dir_all(&place)?;
        }
        let names = names(dir)?;
        let sizes = names.iter().map(|name| Ok(fs::metadata(dir.join(name))?.len()));
        let bytes: u64 = sizes.sum::<io::Result<u64>>()?;
        if names.is_empty() || bytes > COPIED_BYTES_MAX {
            return Ok(None);
        }
        super::directory::create(&place).map_err(io::Error::other)?;
        let spare = Self { dir: dir.to_owned(), place };
        for name in names {
            match fs::copy(dir.join(&name), spare.place.join(&name)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                    tracing::warn!("no room for a copy of the store while it is opened");
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Some(spare))
    }

    /// Makes the files what they were. The engine must have let go of them.
    pub(super) fn put_back(self) -> io::Result<()> {
        let kept = names(&self.place)?;
        for name in &kept {
            let copy = self.place.join(name);
            File::open(&copy)?.sync_all()?;
            fs::rename(copy, self.dir.join(name))?;
        }
        for name in names(&self.dir)?.iter().filter(|name| !kept.contains(name)) {
            fs::remove_file(self.dir.join(name))?;
        }
        File::open(&self.dir)?.sync_all()
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.place) {
            tracing::warn!(%error, place = %self.place.display(), "a copy could not be removed");
        }
    }
}

fn names(dir: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    let names = entries.into_iter().map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.filter(|name| is_of_engine(name)).collect())
}
