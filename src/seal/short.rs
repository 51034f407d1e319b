//! How is a link signed that we hand out, so that nobody can make one up? An HMAC over what it is for and what it names.
//!
//! **Invariant:** a seal says one purpose only: what is sealed for one kind of link opens no other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

/// Bytes of a seal: half of an HMAC-SHA256, which nobody guesses over a network.
const SEAL_BYTES: usize = 16;

/// The key of this installation.
pub struct Sealer(hmac::Key);

impl Sealer {
    /// With this secret.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The seal of these parts for a purpose: 22 letters, digits, `-` and `_`.
    pub fn seal(&self, purpose: &str, parts: &[&str]) -> String {
        let mut signed = hmac::Context::with_key(&self.0);
        for part in std::iter::once(&purpose).chain(parts) {
            // The length first, so that no two lists of parts are signed alike.
            signed.update(&(part.len() as u64).to_be_bytes());
            signed.update(part.as_bytes());
        }
        URL_SAFE_NO_PAD.encode(&signed.sign().as_ref()[..SEAL_BYTES])
    }

    /// Is it the seal of these parts for that purpose? Takes as long whether it is or not.
    pub fn holds(&self, purpose: &str, parts: &[&str], seal: &str) -> bool {
        let own = self.seal(purpose, parts);
        let differ = own.bytes().zip(seal.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
        own.len() == seal.len() && differ == 0
    }
}

#[cfg(test)]
mod tests;
