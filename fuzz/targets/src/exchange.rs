//! What registries, buyers and nats-servers say: messages, and the names of things in them.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use conformity::identifiers::Identifier;
use conformity::ids::{Origin, PartyId, RegistryId, SchemeRef, StatementId, VerdictId};
use conformity::site::Site;
use conformity::time::Day;
use credential::bundle::KeyHistory;
use federation::lease::Knock;
use federation::messages::{
    Answer, AttachmentRequest, CheckpointAnswer, CheckpointRequest, Cosign, CosignAnswer, Disclosures,
    DisclosuresRequest, Done, Evidence, Head, Hello, HelloRequest, KeysRequest, Message, Notice, Piece, Range,
    RangeRequest, Restricted, RestrictedRequest,
};
use federation::nkey::Nkey;
use federation::subjects::{self, Pattern, Subject};

/// A message: its kind by the first byte, which is a letter so that a corpus can be read.
pub(crate) fn message(data: &[u8]) -> bool {
    let Some((kind, bytes)) = data.split_first() else { return false };
    match kind {
        b'a' => decodes::<Head>(bytes),
        b'b' => decodes::<HelloRequest>(bytes),
        b'c' => decodes::<Answer<Hello>>(bytes),
        b'd' => decodes::<CheckpointRequest>(bytes),
        b'e' => decodes::<Answer<CheckpointAnswer>>(bytes),
        b'f' => decodes::<KeysRequest>(bytes),
        b'g' => decodes::<Answer<KeyHistory>>(bytes),
        b'h' => decodes::<Cosign>(bytes),
        b'i' => decodes::<Answer<CosignAnswer>>(bytes),
        b'j' => decodes::<RangeRequest>(bytes),
        b'k' => decodes::<Answer<Range>>(bytes),
        b'l' => decodes::<AttachmentRequest>(bytes),
        b'm' => decodes::<Answer<Piece>>(bytes),
        b'n' => decodes::<DisclosuresRequest>(bytes),
        b'o' => decodes::<Answer<Disclosures>>(bytes),
        b'p' => decodes::<RestrictedRequest>(bytes),
        b'q' => decodes::<Answer<Restricted>>(bytes),
        b'r' => decodes::<Notice>(bytes),
        b's' => decodes::<Evidence>(bytes),
        b't' => decodes::<Answer<Done>>(bytes),
        b'u' => Knock::read(bytes, "SERVER").is_ok(),
        _ => false,
    }
}

/// What was read is what is written, and so what others read who hear it from us.
fn decodes<M: Message>(bytes: &[u8]) -> bool {
    let Ok(message) = M::decode(bytes) else { return false };
    let written = message.encode();
    let again = M::decode(&written).map(|message| message.encode());
    assert_eq!(again.as_ref(), Ok(&written));
    true
}

/// A name, as it stands in a statement, a subject, an address or a query.
pub(crate) fn name(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let subject = text.parse::<Subject>().is_ok() | text.parse::<Pattern>().is_ok() | subjects::asked(text).is_some();
    let ids = reads::<VerdictId>(text) | reads::<PartyId>(text) | reads::<RegistryId>(text) | reads::<Origin>(text);
    let refs = reads::<SchemeRef>(text) | reads::<StatementId>(text) | reads::<Identifier>(text);
    // A site is written for people, and read as it is typed.
    subject | ids | refs | text.parse::<Site>().is_ok() | reads::<Day>(text) | reads::<Nkey>(text)
}

/// One thing has one name: what is written of it is read as the same.
fn reads<T: FromStr + Display + PartialEq + Debug>(text: &str) -> bool {
    let Ok(value) = text.parse::<T>() else { return false };
    let written = value.to_string();
    assert_eq!(written.parse::<T>().ok().as_ref(), Some(&value), "{text:?}, written {written:?}");
    true
}
