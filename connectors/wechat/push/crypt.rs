//! How is a push signed and sealed? SHA-1 over sorted parts; AES-256-CBC with PKCS#7 to 32 bytes.
//!
//! Read from easywechat `src/Kernel/Encryptor.php` and the documentation of message encryption
//! (消息加解密说明).

use aes::Aes256;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use sha1::{Digest as _, Sha1};

/// A decoded EncodingAESKey.
pub(super) type Key = [u8; 32];

/// Bytes that plaintext is padded to a multiple of.
const PADDED_TO: usize = 32;
/// Random bytes, then the length of the message, before the message.
const HEAD: (usize, usize) = (16, 4);

/// Forty-three characters carry 258 bits for 256: the last two are whatever the console drew, so they are ignored.
const KEY_FORM: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The key of an EncodingAESKey: 43 characters of base64.
pub(super) fn key(text: &str) -> Option<Key> {
    if text.len() != 43 {
        return None;
    }
    KEY_FORM.decode(text).ok()?.try_into().ok()
}

/// `sha1(concat(sort(parts)))`, lower-case hexadecimal.
pub(super) fn signature(mut parts: [&str; 4]) -> String {
    parts.sort_unstable();
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Are the two the same? Takes as long whatever the place of the first difference.
pub(super) fn same(a: &str, b: &str) -> bool {
    let differ = a.bytes().zip(b.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    a.len() == b.len() && differ == 0
}

/// What was sealed.
pub(super) struct Opened {
    /// The message, XML.
    pub(super) message: String,
    /// Whom it is for.
    pub(super) appid: String,
}

/// Opens a sealed message: 16 random bytes, its length (u32, big-endian), the message, the AppID. `None` whatever is
/// wrong with it.
pub(super) fn open(key: &Key, sealed: &str) -> Option<Opened> {
    let sealed: String = sealed.split_ascii_whitespace().collect();
    let mut bytes = base64::engine::general_purpose::STANDARD.decode(sealed).ok()?;
    let cipher = cbc::Decryptor::<Aes256>::new_from_slices(key, &key[..16]).ok()?;
    let plain = unpadded(cipher.decrypt_padded::<NoPadding>(&mut bytes).ok()?)?;
    let rest = plain.get(HEAD.0..)?;
    let (length, rest) = rest.split_at_checked(HEAD.1)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let (message, appid) = rest.split_at_checked(length)?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    Some(Opened { message: text(message)?, appid: text(appid)? })
}

fn unpadded(plain: &[u8]) -> Option<&[u8]> {
    let pad = usize::from(*plain.last()?);
    let kept = plain.len().checked_sub(pad)?;
    let right = (1..=PADDED_TO).contains(&pad)
        && plain[kept..].iter().all(|byte| usize::from(*byte) == pad);
    right.then(|| &plain[..kept])
}
