//! Which bytes back a ruling? Evidence 佐证 by the hash of its bytes, kept as long as something
//! refers to it.
//!
//! Head: `01`, number of chunks (u16), bytes in all (u32), last reference (eight sortable bytes). With `02` the
//! chunks, joined, are those bytes deflated.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::Store;
use super::change::{Change, Expansion};
use super::engine::{VALUE_BYTES_MAX, refuse_over};
use super::error::StoreError;
use super::keys::{Key, from_sortable, kind, sortable};
use super::pack::{pack, unpack};

/// Largest piece of evidence, bytes.
pub const EVIDENCE_BYTES_MAX: usize = 8 << 20;
/// First byte of the head of bytes that are kept as they are.
const PLAIN: u8 = 1;
/// First byte of the head of bytes that are kept deflated.
const PACKED: u8 = 2;

/// The SHA-256 of a piece of evidence; written as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvidenceId([u8; 32]);

impl EvidenceId {
    /// The id of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl EvidenceId {
    /// The id of these bytes in a key.
    pub(super) fn of_key(hash: &[u8]) -> Option<Self> {
        hash.try_into().ok().map(Self)
    }
}

impl fmt::Display for EvidenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("佐证编号应为 64 位十六进制数")]
pub struct NotAnEvidenceId;

impl FromStr for EvidenceId {
    type Err = NotAnEvidenceId;

    fn from_str(text: &str) -> Result<Self, NotAnEvidenceId> {
        let digits: Vec<u8> = text
            .chars()
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()
            .ok_or(NotAnEvidenceId)?;
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair[0] << 4 | pair[pair.len() - 1]).collect();
        if digits.len() != 64 {
            return Err(NotAnEvidenceId);
        }
        bytes.try_into().map(Self).map_err(|_| NotAnEvidenceId)
    }
}

impl Serialize for EvidenceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EvidenceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a change says of a piece of evidence.
pub(super) struct Kept {
    at: Timestamp,
    body: Option<Vec<u8>>,
}

impl Change {
    /// Keeps these bytes, referred to at `at`. Returns their id.
    pub fn evidence(&mut self, body: &[u8], at: Timestamp) -> Result<EvidenceId, StoreError> {
        let id = EvidenceId::of(body);
        self.evidence_of(id, body, at)?;
        Ok(id)
    }

    /// As [`Change::evidence`], for bytes whose id the caller has already worked out.
    pub fn evidence_of(
        &mut self,
        id: EvidenceId,
        body: &[u8],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        refuse_over("evidence", body.len(), EVIDENCE_BYTES_MAX)?;
        let kept = self.evidence.entry(id).or_insert(Kept { at, body: None });
        kept.at = kept.at.max(at);
        kept.body = Some(body.to_vec());
        Ok(())
    }

    /// Refers to kept evidence again, so that its retention counts from `at` (to the day); does
    /// nothing if it is gone.
    pub fn keep_evidence(&mut self, id: EvidenceId, at: Timestamp) {
        let kept = self.evidence.entry(id).or_insert(Kept { at, body: None });
        kept.at = kept.at.max(at);
    }
}

impl Store {
    /// The bytes of a piece of evidence, checked against their id.
    pub fn evidence(&self, id: EvidenceId) -> Result<Option<Vec<u8>>, StoreError> {
        let key = head_key(id);
        let Some(head) = self.engine().get(&key)? else { return Ok(None) };
        let head = Head::read(&key, &head)?;
        let mut body = Vec::with_capacity(head.bytes.min(1 << 20) as usize);
        for number in 0..head.chunks {
            match self.engine().get(&chunk_key(id, number))? {
                Some(chunk) => body.extend(chunk),
                // Retention may have come between.
                None if self.engine().get(&key)?.is_none() => return Ok(None),
                None => return Err(StoreError::damaged("evidence", &key, "缺少部分内容")),
            }
        }
        let body = if head.packed { unpack(&body, head.bytes as usize) } else { Some(body) };
        match body.filter(|body| EvidenceId::of(body) == id) {
            Some(body) => Ok(Some(body)),
            None => Err(StoreError::damaged("evidence", &key, "内容与编号不符")),
        }
    }
}

pub(super) struct Head {
    packed: bool,
    pub(super) chunks: u16,
    bytes: u32,
    pub(super) at: Timestamp,
}

impl Head {
    pub(super) fn read(key: &[u8], value: &[u8]) -> Result<Self, StoreError> {
        let parse = || {
            let (&version, rest) = value.split_first()?;
            let packed = version == PACKED;
            if version != PLAIN && !packed {
                return None;
            }
            let (chunks, rest) = rest.split_first_chunk::<2>()?;
            let (bytes, rest) = rest.split_first_chunk::<4>()?;
            let at = from_sortable(rest.try_into().ok()?)?;
            let bytes = u32::from_be_bytes(*bytes);
            if bytes as usize > EVIDENCE_BYTES_MAX {
                return None;
            }
            Some(Self { packed, chunks: u16::from_be_bytes(*chunks), bytes, at })
        };
        parse().ok_or_else(|| StoreError::damaged("evidence", key, "格式不符"))
    }

    fn write(&self) -> Vec<u8> {
        let mut value = vec![if self.packed { PACKED } else { PLAIN }];
        value.extend(self.chunks.to_be_bytes());
        value.extend(self.bytes.to_be_bytes());
        value.extend(sortable(self.at));
        value
    }
}

pub(super) fn head_key(id: EvidenceId) -> Vec<u8> {
    Key::of(kind::EVIDENCE).bytes(&id.0).done()
}

pub(super) fn chunk_key(id: EvidenceId, number: u16) -> Vec<u8> {
    Key::of(kind::EVIDENCE_BYTES).bytes(&id.0).bytes(&number.to_be_bytes()).done()
}

pub(super) fn time_key(id: EvidenceId, at: Timestamp) -> Vec<u8> {
    Key::of(kind::EVIDENCE_TIME).time(at).bytes(&id.0).done()
}

/// When and to what an entry of the index by time refers.
pub(super) fn read_time_key(key: &[u8]) -> Option<(Timestamp, EvidenceId)> {
    let mut reader = super::keys::Reader::behind_kind(key);
    let at = reader.time()?;
    Some((at, EvidenceId(reader.rest().try_into().ok()?)))
}

/// Writes new evidence, or only the later reference to what is there.
pub(super) fn expand(
    work: &mut Expansion<'_>,
    id: &EvidenceId,
    kept: &Kept,
) -> Result<(), StoreError> {
    let key = head_key(*id);
    let at = from_sortable(sortable(kept.at)).unwrap_or(kept.at);
    let head = match (work.present(&key)?, &kept.body) {
        (Some(value), _) => {
            let old = Head::read(&key, &value)?;
            // References are made at every poll and kept by the day.
            if old.at >= at || (kept.body.is_none() && at - old.at < TimeDelta::days(1)) {
                return Ok(());
            }
            work.mark(time_key(*id, old.at), false);
            Head { at, ..old }
        }
        (None, Some(body)) => {
            let mut shorter = Vec::new();
            let packed = pack(body, &mut shorter);
            let kept = if packed { &shorter } else { body };
            let chunks = (0..).zip(kept.chunks(VALUE_BYTES_MAX));
            chunks.for_each(|(number, chunk)| work.batch.put(chunk_key(*id, number), chunk));
            let chunks = u16::try_from(kept.len().div_ceil(VALUE_BYTES_MAX));
            let chunks = chunks.expect("evidence is capped far below 65,535 chunks");
            let bytes = u32::try_from(body.len()).expect("evidence is capped far below 4 GiB");
            Head { packed, chunks, bytes, at }
        }
        (None, None) => return Ok(()),
    };
    work.mark(time_key(*id, at), true);
    work.batch.put(key, head.write());
    Ok(())
}

/// Removes evidence last referred to at `at`, unless it has been referred to since.
pub(super) fn remove(
    store: &Store,
    batch: &mut super::engine::Batch,
    at: Timestamp,
    id: EvidenceId,
) -> Result<(), StoreError> {
    let key = head_key(id);
    batch.delete(time_key(id, at));
    let value = store.engine().get(&key)?;
    if let Some(head) = value.as_deref().map(|value| Head::read(&key, value)).transpose()?
        && head.at == at
    {
        (0..head.chunks).for_each(|number| batch.delete(chunk_key(id, number)));
        batch.delete(key.clone());
    }
    batch.expect(key, value);
    Ok(())
}

#[cfg(test)]
mod tests;
