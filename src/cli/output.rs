//! Where does an answer's file go? The target is opened before anything is done, so that nothing is done in vain.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::exec::Usage;

/// A file that can be written, and is as it was until it is.
#[derive(Debug)]
pub(super) struct Output {
    path: PathBuf,
    file: File,
    /// Made by us, and to be taken away again if nothing is written.
    fresh: bool,
}

impl Output {
    /// Opens the file for writing and leaves its content alone.
    ///
    /// # Errors
    /// [`Usage`]: it is one of the files that are read, or cannot be written.
    pub(super) fn prepare(path: &Path, inputs: &[PathBuf]) -> anyhow::Result<Self> {
        let shown = path.display();
        let held = std::fs::metadata(path).ok().map(|held| (held.dev(), held.ino()));
        let is_input = |input: &PathBuf| {
            held.is_some() && std::fs::metadata(input).ok().map(|it| (it.dev(), it.ino())) == held
        };
        if inputs.iter().any(is_input) {
            return Err(Usage(format!("{shown} 就是要读取的文件,不能覆盖;请另写一个文件名")).into());
        }
        let open = |fresh: bool| {
            OpenOptions::new().write(true).create_new(fresh).open(path).map_err(|error| {
                let why = super::words_of(&error);
                anyhow::Error::from(Usage(format!("无法写入 {shown}:{why};什么都没有做")))
            })
        };
        let fresh = held.is_none();
        Ok(Self { path: path.to_owned(), file: open(fresh)?, fresh })
    }

    /// Replaces the content.
    pub(super) fn write(mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let is_file = self.file.metadata().is_ok_and(|held| held.is_file());
        let cut = if is_file { self.file.set_len(0) } else { Ok(()) };
        let written = cut.and_then(|()| self.file.write_all(bytes));
        self.fresh &= written.is_err();
        written.with_context(|| format!("无法写入 {}", self.path.display()))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.fresh
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::debug!(%error, "an unused output file stays");
        }
    }
}
