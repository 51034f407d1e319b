//! How is a push sealed and signed? As the documents of message encryption describe it, from the sender's side.

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use freshd_core::Timestamp;
use freshd_core::id::stable_hash;
use sha1::{Digest as _, Sha1};

use super::{AES_KEY, APPID, Push, TOKEN};

/// Seals a message for the platform at an instant.
pub(super) fn sealed(message: &str, now: Timestamp) -> Push {
    let key = STANDARD.decode(format!("{AES_KEY}=")).expect("the literal key is base64");
    let mut plain = format!("{:016x}", stable_hash(&[message.as_bytes()])).into_bytes();
    let length = u32::try_from(message.len()).expect("a message is short");
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(message.as_bytes());
    plain.extend_from_slice(APPID.as_bytes());
    let missing = 32 - plain.len() % 32;
    let pad = u8::try_from(missing).expect("at most 32");
    plain.resize(plain.len() + missing, pad);
    let whole = plain.len();
    let cipher = cbc::Encryptor::<Aes256>::new_from_slices(&key, &key[..16])
        .expect("key and vector have the right length");
    cipher.encrypt_padded::<NoPadding>(&mut plain, whole).expect("whole blocks");
    let encrypted = STANDARD.encode(&plain);
    let (stamp, nonce) = (now.timestamp().to_string(), "20261122");
    let mut parts = [TOKEN, &stamp, nonce, &encrypted];
    parts.sort_unstable();
    let digest = Sha1::digest(parts.concat().as_bytes());
    let signature: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Push {
        query: format!(
            "signature=0&timestamp={stamp}&nonce={nonce}&encrypt_type=aes&msg_signature={signature}"
        ),
        body: format!(
            "<xml>\n<AppId><![CDATA[{APPID}]]></AppId>\n<Encrypt><![CDATA[{encrypted}]]></Encrypt>\n</xml>"
        ),
    }
}
