//! Up to which generation has the outside been promised that all is saved? One number, in a small
//! file beside the store.
//!
//! Two slots are written in turn, in place, so that a torn write leaves the other. The file is not
//! synced after each barrier: a number that is too low promises less, and that is safe.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use freshd_core::id::stable_hash;

use super::error::StoreError;

/// Name of the file.
pub(crate) const FILE: &str = "promised";
/// Bytes from one slot to the next.
const STRIDE: u64 = 64;

/// The file of promises.
pub struct Promise {
    file: File,
    highest: Mutex<u64>,
}

impl Promise {
    /// Opens the file in the store's directory, or makes it: nothing promised yet.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut highest = 0;
        for slot in 0..2 {
            let mut bytes = [0; 16];
            // A file that is too short holds no promise there.
            if file.read_exact_at(&mut bytes, slot * STRIDE).is_ok() {
                highest = highest.max(read(&bytes).unwrap_or(0));
            }
        }
        Ok(Self { file, highest: Mutex::new(highest) })
    }

    /// The highest generation promised.
    pub fn promised(&self) -> u64 {
        *self.highest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything up to this generation is durable.
    pub fn raise(&self, generation: u64) -> Result<(), StoreError> {
        let mut highest = self.highest.lock().unwrap_or_else(PoisonError::into_inner);
        if generation > *highest {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&generation.to_be_bytes());
            bytes[8..].copy_from_slice(&check(generation).to_be_bytes());
            self.file.write_all_at(&bytes, generation % 2 * STRIDE)?;
            *highest = generation;
        }
        Ok(())
    }
}

fn check(generation: u64) -> u64 {
    stable_hash(&[b"promised", &generation.to_be_bytes()])
}

fn read(bytes: &[u8; 16]) -> Option<u64> {
    let (number, sum) = bytes.split_at(8);
    let generation = u64::from_be_bytes(number.try_into().ok()?);
    (check(generation).to_be_bytes() == *sum).then_some(generation)
}
