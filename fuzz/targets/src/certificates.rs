//! Certificates, and whom they speak for. What becomes of a path is tested with `certs`.

use std::sync::LazyLock;

use certs::{Identity, Possession, Speaker, Trust, chain_from_pem};
use conformity::ids::Origin;

static ORIGIN: LazyLock<Origin> = LazyLock::new(|| "jp.registry.example".parse().expect("it is a name"));

/// A certificate in DER, by which somebody speaks.
pub(crate) fn certificate(data: &[u8]) -> bool {
    Speaker::read(data, &ORIGIN).is_ok()
}

/// The name in a certificate.
pub(crate) fn identity(data: &[u8]) -> bool {
    let named = std::str::from_utf8(data).ok().and_then(|text| Identity::from_uri(text, &ORIGIN).ok());
    if let Some(identity) = &named {
        assert_eq!(Identity::from_uri(&identity.uri(&ORIGIN), &ORIGIN).as_ref(), Ok(identity));
    }
    named.is_some()
}

/// A CA in DER, as a peer tells it.
pub(crate) fn root(data: &[u8]) -> bool {
    Trust::from_der(&[data]).is_ok()
}

/// A chain of certificates in PEM.
pub(crate) fn certificate_chain(data: &[u8]) -> bool {
    chain_from_pem(data).is_ok_and(|chain| !chain.is_empty())
}

/// A certification request, in PEM or DER.
pub(crate) fn request(data: &[u8]) -> bool {
    Possession::prove(data).is_ok()
}
