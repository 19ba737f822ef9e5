//! The one cryptographic provider, and what every TLS configuration of this project has in common: TLS 1.3 and nothing
//! older.

use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::crypto::{CryptoProvider, aws_lc_rs};

/// TLS 1.3 only.
pub(crate) const VERSIONS: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// HTTP/2 first, then HTTP/1.1.
pub(crate) const HTTP: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Makes aws-lc-rs the provider of this process, for libraries that ask for the default (async-nats does). To be called
/// once at the start; again does nothing.
pub fn install_crypto_provider() {
    // An error says only that there is one already.
    let _ = aws_lc_rs::default_provider().install_default();
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

pub(crate) fn http() -> Vec<Vec<u8>> {
    HTTP.map(<[u8]>::to_vec).into()
}
