//! Reading a statement of another registry that a claim carries whole.
//!
//! Its signature and its proof were checked by the node before it stated the claim; here it is only read.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::statement::{MAX_STATEMENT, Statement};

/// The statement inside a compact JWS, or why there is none.
pub(crate) fn read(jws: &str) -> Result<Statement, String> {
    if jws.len() > MAX_STATEMENT {
        return Err(format!("it has {} bytes", jws.len()));
    }
    let mut parts = jws.split('.');
    let (Some(_header), Some(payload), Some(_signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("it is not a compact JWS".to_owned());
    };
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| "its payload is not base64url".to_owned())?;
    Statement::parse(&payload).map_err(|malformed| malformed.to_string())
}
