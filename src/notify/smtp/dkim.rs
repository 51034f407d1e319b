//! Who vouches for a letter's sender? A signature by DKIM (RFC 6376, RFC 8463) where no relay adds one.

use std::fmt;
use std::sync::Arc;

use lettre::message::Message;
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm,
    DkimSigningKey,
};
use lettre::message::header::HeaderName;

/// Headers under the signature: what a reader sees, and what tells a retry from another letter.
const SIGNED: [&str; 7] =
    ["From", "To", "Subject", "Date", "Message-ID", "X-Freshd-Reason", "Auto-Submitted"];

/// A key that signs for a domain.
#[derive(Clone)]
pub struct Signer(Arc<DkimConfig>);

impl fmt::Debug for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Signer")
    }
}

impl Signer {
    /// Signs for `domain` with the key whose public half stands in DNS at `SELECTOR._domainkey.DOMAIN`. The key is an RSA key in PEM
    /// (PKCS #1) or 32 bytes of Ed25519 in base64.
    ///
    /// # Errors
    /// In words, when the text is neither.
    pub fn new(domain: &str, selector: &str, key: &str) -> Result<Self, String> {
        const HELP: &str = "写成 RSA 的 PKCS#1 PEM(openssl genrsa -traditional 2048)或 32 字节 Ed25519 密钥的 base64";
        let algorithm = match key.contains("-----BEGIN") {
            true => DkimSigningAlgorithm::Rsa,
            false => DkimSigningAlgorithm::Ed25519,
        };
        if key.contains("-----BEGIN PRIVATE KEY-----") {
            return Err(
                "DKIM 密钥是 PKCS#8 格式,用 openssl rsa -traditional 转成 PKCS#1".to_owned()
            );
        }
        let key = DkimSigningKey::new(key.trim(), algorithm)
            .map_err(|_| format!("DKIM 密钥读不懂,{HELP}"))?;
        let headers = SIGNED.map(HeaderName::new_from_ascii_str).to_vec();
        let relaxed = DkimCanonicalization {
            header: DkimCanonicalizationType::Relaxed,
            body: DkimCanonicalizationType::Relaxed,
        };
        let config = DkimConfig::new(selector.to_owned(), domain.to_owned(), key, headers, relaxed);
        Ok(Self(Arc::new(config)))
    }

    /// Adds `DKIM-Signature`.
    pub(super) fn sign(&self, message: &mut Message) {
        message.sign(&self.0);
    }
}
