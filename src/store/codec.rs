//! How does a record become bytes? One version byte, then JSON; what is too large for one value
//! goes in parts.
//!
//! `01` JSON. `02`, bytes of the JSON (u32), the JSON deflated: what is long and gets shorter by it.
//! Or `c1`, number of parts (u16), bytes in all (u32), first 16 bytes of their SHA-256:
//! the parts, joined, are such a record. Numbers are big-endian.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::engine::{Batch, Engine, VALUE_BYTES_MAX, refuse_over};
use super::error::StoreError;
use super::keys::{Key, kind};
use super::pack::{pack, unpack};

/// First byte of a record that is JSON.
const JSON: u8 = 1;
/// First byte of a record that is deflated JSON.
const PACKED: u8 = 2;
/// First byte of a record that is kept in parts.
const PARTED: u8 = 0xc1;
/// Longest record, bytes.
pub const RECORD_BYTES_MAX: usize = 16 << 20;
/// A reader that finds the parts changed under it looks again so many times.
const READ_TRIES: u32 = 16;

/// The stored form of a record.
pub(crate) fn encode<T: Serialize + ?Sized>(record: &T) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![JSON];
    serde_json::to_writer(&mut bytes, record).map_err(StoreError::Encode)?;
    Ok(shorter(&bytes).unwrap_or(bytes))
}

/// The packed form of a record of JSON, if it is shorter.
fn shorter(record: &[u8]) -> Option<Vec<u8>> {
    let json = &record[1..];
    // A record over the cap stays as it is, to be refused.
    let length = u32::try_from(json.len()).ok().filter(|_| json.len() < RECORD_BYTES_MAX)?;
    let mut packed = vec![PACKED];
    packed.extend(length.to_be_bytes());
    (pack(json, &mut packed) && packed.len() < record.len()).then_some(packed)
}

/// The JSON of a packed record.
fn unpacked(rest: &[u8]) -> Option<Vec<u8>> {
    let (length, packed) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    if length > RECORD_BYTES_MAX { None } else { unpack(packed, length) }
}

/// A record from its stored form.
pub(crate) fn decode<T: DeserializeOwned>(
    kind: &'static str,
    key: &[u8],
    bytes: &[u8],
) -> Result<T, StoreError> {
    let read = |json: &[u8]| {
        serde_json::from_slice(json).map_err(|error| StoreError::damaged(kind, key, error))
    };
    match bytes.split_first() {
        Some((&JSON, json)) => read(json),
        Some((&PACKED, rest)) => match unpacked(rest) {
            Some(json) => read(&json),
            None => Err(StoreError::damaged(kind, key, "压缩的内容已损坏")),
        },
        Some((other, _)) => Err(StoreError::damaged(kind, key, format!("未知的格式版本 {other}"))),
        None => Err(StoreError::damaged(kind, key, "空记录")),
    }
}

/// The head of a record in parts.
pub(super) struct Parted {
    pub(super) parts: u16,
    bytes: u32,
    hash: [u8; 16],
}

impl Parted {
    fn of(record: &[u8]) -> Self {
        let parts = u16::try_from(record.len().div_ceil(VALUE_BYTES_MAX));
        Self {
            parts: parts.expect("records are capped far below 65,535 parts"),
            bytes: u32::try_from(record.len()).expect("records are capped far below 4 GiB"),
            hash: hash(record),
        }
    }

    pub(super) fn read(value: &[u8]) -> Option<Self> {
        let (&PARTED, rest) = value.split_first()? else { return None };
        let (parts, rest) = rest.split_first_chunk::<2>()?;
        let (bytes, rest) = rest.split_first_chunk::<4>()?;
        Some(Self {
            parts: u16::from_be_bytes(*parts),
            bytes: u32::from_be_bytes(*bytes),
            hash: rest.try_into().ok()?,
        })
    }

    fn write(&self) -> Vec<u8> {
        let mut value = vec![PARTED];
        value.extend(self.parts.to_be_bytes());
        value.extend(self.bytes.to_be_bytes());
        value.extend(self.hash);
        value
    }
}

fn hash(bytes: &[u8]) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    *digest.first_chunk().expect("32 bytes hold 16")
}

pub(super) fn part_key(key: &[u8], number: u16) -> Vec<u8> {
    Key::of(kind::PART).bytes(key).bytes(&number.to_be_bytes()).done()
}

/// Writes (or with `None` removes) a record whose value in the engine is now `old`, and clears away
/// parts that are no longer needed.
pub(crate) fn write(
    batch: &mut Batch,
    key: &[u8],
    old: Option<&[u8]>,
    record: Option<&[u8]>,
) -> Result<(), StoreError> {
    let old_parts = old.and_then(Parted::read).map_or(0, |parted| parted.parts);
    let mut parts = 0;
    match record {
        None => batch.delete(key),
        Some(record) if record.len() <= VALUE_BYTES_MAX => batch.put(key, record),
        Some(record) => {
            refuse_over("value", record.len(), RECORD_BYTES_MAX)?;
            let parted = Parted::of(record);
            parts = parted.parts;
            batch.put(key, parted.write());
            for (number, part) in (0..).zip(record.chunks(VALUE_BYTES_MAX)) {
                batch.put(part_key(key, number), part);
            }
        }
    }
    (parts..old_parts).for_each(|number| batch.delete(part_key(key, number)));
    Ok(())
}

/// The whole record whose value in the engine is `value`; `None` if it was removed meanwhile.
pub(crate) fn join(
    engine: &dyn Engine,
    key: &[u8],
    value: Vec<u8>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut value = value;
    for _ in 0..READ_TRIES {
        let Some(parted) = Parted::read(&value) else { return Ok(Some(value)) };
        let mut record = Vec::new();
        for number in 0..parted.parts {
            record.extend(engine.get(&part_key(key, number))?.unwrap_or_default());
        }
        if u32::try_from(record.len()) == Ok(parted.bytes) && hash(&record) == parted.hash {
            return Ok(Some(record));
        }
        match engine.get(key)? {
            Some(again) => value = again,
            None => return Ok(None),
        }
    }
    Err(StoreError::damaged("record", key, "各部分与校验值不符"))
}

/// As [`join`], without a copy of the records (nearly all) that are one value.
pub(crate) fn whole<'a>(
    engine: &dyn Engine,
    key: &[u8],
    value: &'a [u8],
) -> Result<Option<Cow<'a, [u8]>>, StoreError> {
    if is_parted(Some(value)) {
        Ok(join(engine, key, value.to_vec())?.map(Cow::Owned))
    } else {
        Ok(Some(Cow::Borrowed(value)))
    }
}

/// Is this value the head of a record in parts?
pub(crate) fn is_parted(value: Option<&[u8]>) -> bool {
    value.is_some_and(|value| value.first() == Some(&PARTED))
}

/// A record of the engine, joined and decoded.
pub(crate) fn read<T: DeserializeOwned>(
    engine: &dyn Engine,
    kind: &'static str,
    key: &[u8],
) -> Result<Option<T>, StoreError> {
    let Some(value) = engine.get(key)? else { return Ok(None) };
    let Some(record) = join(engine, key, value)? else { return Ok(None) };
    decode(kind, key, &record).map(Some)
}

#[cfg(test)]
mod tests;
