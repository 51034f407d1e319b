//! What is a backup, and is this one whole? All records as of one instant in one compressed file, and a manifest
//! that says how long it is and what its hash is.
//!
//! `records.gz`: gzip of a first line with the format's name, then of each record the bytes of its key (u16) and of its
//! value (u32), key and value; a key of no bytes ends it. Numbers are big-endian. `backup.json`, the [`Manifest`], is
//! written last: without it there is no backup.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use freshd_core::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::engine::{KEY_BYTES_MAX, VALUE_BYTES_MAX};
use super::error::StoreError;
use super::{SCHEMA, Store, keys};

#[cfg(test)]
pub(super) mod tests;

/// Name of the form.
pub const FORMAT: &str = "freshd-backup/1";
/// Beginning of the names of all forms, of older and newer programs.
const FORMATS: &str = "freshd-backup/";
/// The file with the manifest.
pub const MANIFEST: &str = "backup.json";
/// The file with the records.
pub const RECORDS: &str = "records.gz";
/// Longest manifest, bytes.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// Version of the program that made it.
    pub program: String,
    /// As of when.
    pub made_at: Timestamp,
    /// Version of the records' forms ([`SCHEMA`]).
    pub schema: u64,
    /// Bytes of [`RECORDS`].
    pub bytes: u64,
    /// SHA-256 of [`RECORDS`], 64 hexadecimal digits.
    pub sha256: String,
    /// Bytes before compression.
    pub unpacked_bytes: u64,
    /// How many records there are of each kind.
    pub records: BTreeMap<String, u64>,
}

/// Why a directory is not taken for a backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no manifest.
    #[error("{0} 里没有 {MANIFEST}:不是备份,或备份没有做完")]
    Incomplete(String),
    /// It is of a form that we do not know.
    #[error(
        "备份的格式是 {0},本程序只认 {FORMAT}(数据格式 {SCHEMA});请换用做备份的那一版或更新的程序"
    )]
    Newer(String),
    /// It is not what was written.
    #[error("备份已损坏:{0};请换用另一份备份")]
    Damaged(String),
    /// A file cannot be read.
    #[error("读不了备份里的 {name}:{}", crate::os::io_text(source))]
    Unread {
        /// The file's name.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The new store could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Passes on, and knows length and hash of what went through.
struct Hashing<T> {
    inner: T,
    bytes: u64,
    hash: Sha256,
}

impl<T> Hashing<T> {
    fn new(inner: T) -> Self {
        Self { inner, bytes: 0, hash: Sha256::new() }
    }

    fn note(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
    }

    fn done(self) -> (u64, String) {
        (self.bytes, hex(&self.hash.finalize()))
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.note(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Store {
    /// Writes all records as of now to `out`; others go on writing meanwhile. Returns the manifest of what was written.
    pub fn back_up(&self, out: impl Write, now: Timestamp) -> Result<Manifest, StoreError> {
        let mut snapshot = self.snapshot()?;
        let mut packed = GzEncoder::new(Hashing::new(out), Compression::fast());
        let mut records = BTreeMap::<String, u64>::new();
        let mut unpacked_bytes = 0;
        let mut head = format!("{FORMAT}\n").into_bytes();
        while let Some(slice) = snapshot.slice()? {
            for (key, value) in slice {
                let kind = key.first().copied().unwrap_or_default();
                *records.entry(keys::name(kind).to_owned()).or_default() += 1;
                let bytes = u16::try_from(key.len()).expect("the engine caps keys at 1 KiB");
                head.extend(bytes.to_be_bytes());
                let bytes = u32::try_from(value.len()).expect("the engine caps values at 32 KiB");
                head.extend(bytes.to_be_bytes());
                for part in [&head, &key, &value] {
                    packed.write_all(part)?;
                    unpacked_bytes += part.len() as u64;
                }
                head.clear();
            }
        }
        head.extend([0; 6]);
        packed.write_all(&head)?;
        unpacked_bytes += head.len() as u64;
        let mut hashing = packed.finish()?;
        hashing.flush()?;
        let (bytes, sha256) = hashing.done();
        let program = env!("CARGO_PKG_VERSION").to_owned();
        let (format, made_at, schema) = (FORMAT.to_owned(), now, SCHEMA);
        Ok(Manifest { format, program, made_at, schema, bytes, sha256, unpacked_bytes, records })
    }
}

impl Manifest {
    /// The manifest of the backup in `dir`, after its file was read from beginning to end and found to be what was
    /// written.
    pub fn verified(dir: &Path) -> Result<Self, BackupError> {
        let manifest = Self::read(dir)?;
        let mut file = opened(dir, RECORDS)?;
        let mut hashing = Hashing::new(io::sink());
        io::copy(&mut file, &mut hashing).map_err(unread(RECORDS))?;
        manifest.check(hashing.done())?;
        Ok(manifest)
    }

    /// Are these the length and hash of [`RECORDS`]?
    fn check(&self, (bytes, sha256): (u64, String)) -> Result<(), BackupError> {
        let damaged = |why: String| Err(BackupError::Damaged(why));
        if bytes != self.bytes {
            return damaged(format!("{RECORDS} 应有 {} 字节,实有 {bytes} 字节", self.bytes));
        }
        if sha256 != self.sha256 {
            return damaged(format!("{RECORDS} 的内容与 {MANIFEST} 里的校验值不符"));
        }
        Ok(())
    }

    fn read(dir: &Path) -> Result<Self, BackupError> {
        let file = match opened(dir, MANIFEST) {
            Err(BackupError::Unread { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::Incomplete(dir.display().to_string()));
            }
            other => other?,
        };
        let mut bytes = Vec::new();
        file.take(MANIFEST_BYTES_MAX).read_to_end(&mut bytes).map_err(unread(MANIFEST))?;
        let read =
            |error: serde_json::Error| BackupError::Damaged(format!("{MANIFEST} 读不懂({error})"));
        let told: serde_json::Value = serde_json::from_slice(&bytes).map_err(read)?;
        match told["format"].as_str() {
            Some(FORMAT) => {}
            Some(other) if other.starts_with(FORMATS) => {
                return Err(BackupError::Newer(other.to_owned()));
            }
            _ => return Err(BackupError::Damaged(format!("{MANIFEST} 没有写明格式"))),
        }
        let manifest: Self = serde_json::from_value(told).map_err(read)?;
        if manifest.schema > SCHEMA {
            let found = format!("{}(数据格式 {})", manifest.format, manifest.schema);
            return Err(BackupError::Newer(found));
        }
        Ok(manifest)
    }

    /// Hands every record of a verified backup to `take`; in the end there were as many as the manifest says.
    pub fn each(
        &self,
        dir: &Path,
        mut take: impl FnMut(Vec<u8>, Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<(), BackupError> {
        let read = unread(RECORDS);
        let mut file = BufReader::new(GzDecoder::new(BufReader::new(opened(dir, RECORDS)?)));
        let mut first = vec![0; FORMAT.len() + 1];
        file.read_exact(&mut first).map_err(&read)?;
        if first != format!("{FORMAT}\n").as_bytes() {
            return Err(BackupError::Damaged(format!("{RECORDS} 的开头不对")));
        }
        let mut found = BTreeMap::<String, u64>::new();
        loop {
            let mut head = [0; 6];
            file.read_exact(&mut head).map_err(&read)?;
            let [k0, k1, v0, v1, v2, v3] = head;
            let key_bytes = usize::from(u16::from_be_bytes([k0, k1]));
            let value_bytes = u32::from_be_bytes([v0, v1, v2, v3]) as usize;
            if key_bytes == 0 {
                break;
            }
            if key_bytes > KEY_BYTES_MAX || value_bytes > VALUE_BYTES_MAX {
                return Err(BackupError::Damaged(format!("{RECORDS} 里有过长的记录")));
            }
            let (mut key, mut value) = (vec![0; key_bytes], vec![0; value_bytes]);
            file.read_exact(&mut key).map_err(&read)?;
            file.read_exact(&mut value).map_err(&read)?;
            *found.entry(keys::name(key[0]).to_owned()).or_default() += 1;
            take(key, value)?;
        }
        if found != self.records {
            return Err(BackupError::Damaged(format!("记录的条数与 {MANIFEST} 不符")));
        }
        Ok(())
    }
}

fn opened(dir: &Path, name: &'static str) -> Result<File, BackupError> {
    File::open(dir.join(name)).map_err(unread(name))
}

fn unread(name: &'static str) -> impl Fn(io::Error) -> BackupError {
    move |source| BackupError::Unread { name: name.to_owned(), source }
}
