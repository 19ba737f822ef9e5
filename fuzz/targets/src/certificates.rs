//! Certificates, and whom they speak for. What becomes of a path is tested with `certs`.

use std::sync::LazyLock;

use certs::{Identity, Speaker, Trust, chain_from_pem};
use conformity::ids::Origin;

static ORIGIN: LazyLock<Origin> = LazyLock::new(|| "jp.registry.example".parse().expect("it is a name"));

/// A certificate in DER, a chain in PEM, or the name in a certificate.
pub(crate) fn certificate(data: &[u8]) -> bool {
    let speaks = Speaker::read(data, &ORIGIN).is_ok();
    let trusted = Trust::from_der(&[data]).is_ok();
    let chain = chain_from_pem(data).is_ok_and(|chain| !chain.is_empty());
    let named = std::str::from_utf8(data).ok().and_then(|text| Identity::from_uri(text, &ORIGIN).ok());
    if let Some(identity) = &named {
        assert_eq!(Identity::from_uri(&identity.uri(&ORIGIN), &ORIGIN).as_ref(), Ok(identity));
    }
    speaks || trusted || chain || named.is_some()
}
