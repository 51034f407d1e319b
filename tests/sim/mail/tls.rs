//! Which certificate does the mail server show? Test material under `certs/`, for localhost only.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

const CA: &[u8] = include_bytes!("../certs/test-ca.der");
const SERVER: &[u8] = include_bytes!("../certs/test-server.der");
const KEY: &[u8] = include_bytes!("../certs/test-server-key.pkcs8.der");

/// The authority that a test client must trust, DER. The server's certificate names `localhost` and `127.0.0.1`.
pub fn ca_der() -> &'static [u8] {
    CA
}

pub(crate) fn acceptor() -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(KEY));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows the default versions")
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(SERVER)], key)
        .expect("certificate and key of certs/ belong together");
    TlsAcceptor::from(Arc::new(config))
}
