//! Who may come in by a link that we wrote? Signed, expiring tokens for letters and pages, under a key of the store.
//!
//! A token carries what it says in the open and is bound by HMAC-SHA-256 to its purpose and its end: what is sealed for a
//! letter opens nothing else. **Invariant:** the key is made once, kept in the store alone, and never shown.

pub mod short;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use freshd_core::Timestamp;
use ring::hmac;

use crate::clock::secret_bytes;
use crate::store::{Store, StoreError};

/// `String`: the key, 64 hexadecimal digits.
const META_KEY: &str = "seal.key";
/// Bytes of the signature that a token carries.
const TAG_BYTES: usize = 32;
/// Longest token that is looked at, characters.
pub const TOKEN_CHARS_MAX: usize = 1_000;

/// The key of a store.
#[derive(Clone)]
pub struct SealKey(hmac::Key);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(…)")
    }
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsealed {
    /// It is not ours, not for this purpose, or not whole.
    Forged,
    /// It was ours and has ended.
    Expired,
}

impl SealKey {
    /// A key of these bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The store's key, if it was ever made.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn held(store: &Store) -> Result<Option<Self>, StoreError> {
        let text: Option<String> = store.meta(META_KEY)?;
        text.map(|text| read(&text)).transpose()
    }

    /// The store's key, made now if there is none; it is durable when this returns. Blocks for as long as a flush does,
    /// once in the life of a store.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn of(store: &Store) -> Result<Self, StoreError> {
        if let Some(key) = Self::held(store)? {
            return Ok(key);
        }
        // Two that make it at once agree: the commit of the later conflicts, and it reads the other's.
        let text = store.update(|change| match change.meta::<String>(META_KEY)? {
            Some(text) => Ok::<_, StoreError>(text),
            None => {
                let text: String = secret_bytes().iter().map(|it| format!("{it:02x}")).collect();
                change.put_meta(META_KEY, &text)?;
                Ok(text)
            }
        })?;
        store.barrier_blocking()?;
        read(&text)
    }

    /// A mark for this purpose that nobody else can work out: 40 hexadecimal digits, always the same for the same text.
    pub fn mark(&self, purpose: &str, text: &str) -> String {
        let tag = hmac::sign(&self.0, &message(purpose, &[0; 8], text.as_bytes()));
        tag.as_ref()[..20].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A token for this purpose that says `payload` and ends at `until` (to the second); safe in the path of an address.
    pub fn seal(&self, purpose: &str, payload: &str, until: Timestamp) -> String {
        let end = until.timestamp().to_be_bytes();
        let tag = hmac::sign(&self.0, &message(purpose, &end, payload.as_bytes()));
        let parts = [&end[..], tag.as_ref(), payload.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode(parts)
    }

    /// What the token says, if it is ours, for this purpose, and not over at `now`.
    ///
    /// # Errors
    /// [`Unsealed`]; of an expired token it is known that it was ours.
    pub fn open(&self, purpose: &str, token: &str, now: Timestamp) -> Result<String, Unsealed> {
        if token.len() > TOKEN_CHARS_MAX {
            return Err(Unsealed::Forged);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Unsealed::Forged)?;
        let (end, rest) = bytes.split_first_chunk::<8>().ok_or(Unsealed::Forged)?;
        let (tag, payload) = rest.split_at_checked(TAG_BYTES).ok_or(Unsealed::Forged)?;
        hmac::verify(&self.0, &message(purpose, end, payload), tag)
            .map_err(|_| Unsealed::Forged)?;
        if i64::from_be_bytes(*end) <= now.timestamp() {
            return Err(Unsealed::Expired);
        }
        String::from_utf8(payload.to_vec()).map_err(|_| Unsealed::Forged)
    }
}

/// What is signed: unambiguous whatever its parts hold.
fn message(purpose: &str, end: &[u8; 8], payload: &[u8]) -> Vec<u8> {
    let length = (purpose.len() as u64).to_be_bytes();
    [&length[..], purpose.as_bytes(), end, payload].concat()
}

fn read(text: &str) -> Result<SealKey, StoreError> {
    let damaged = || StoreError::damaged("meta", META_KEY.as_bytes(), "密钥不完整");
    let digits: Option<Vec<u8>> = (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect();
    let bytes: [u8; 32] = digits.and_then(|it| it.try_into().ok()).ok_or_else(damaged)?;
    Ok(SealKey::new(&bytes))
}

#[cfg(test)]
mod tests;
