//! CloudEvents 1.0.2 in their JSON format, one or a batch, read strictly.
//!
//! ```text
//! {"specversion": "1.0", "type": "…", "source": "urn:bpn:BPNL…", "id": "…",                    required
//!  "time": "2026-11-27T23:01:00Z", "subject": "…", "datacontenttype": "…", "dataschema": "…",  optional, null is none
//!  "extension": "text", 1 or true,                                                             names a-z and 0-9
//!  "data": … or "data_base64": "…"}
//! ```
//!
//! In scope: that form, all of its rules. Out of scope: events in HTTP headers (binary mode), and what the data mean.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use crate::json::{self, Object};
use crate::refusal::excerpt;
use crate::{DOCUMENTS_MAX, Place, Refusal};

/// The longest attribute.
const ATTRIBUTE_MAX: usize = 2_000;
/// The attributes of the specification, and the two forms of data.
const CORE: [&str; 10] =
    ["specversion", "type", "source", "id", "time", "subject", "datacontenttype", "dataschema", "data", "data_base64"];

/// Why a CloudEvent is none. Which attribute it is, the place says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Of another version.
    #[error("specversion {found:?} is not read; send \"1.0\"")]
    Version {
        /// As it stands, cut to 80 characters.
        found: String,
    },
    /// An extension with a name that other transports could not carry.
    #[error("an attribute's name has lower-case letters and digits only")]
    Name,
    /// An extension whose value is no attribute.
    #[error("an extension is a text, an integer of 32 bits, or true or false")]
    Extension,
    /// Two forms of data.
    #[error("data and data_base64 exclude each other")]
    TwoData,
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudEvent {
    /// Names it among its source's.
    pub id: String,
    /// Where it happened, a URI reference.
    pub source: String,
    /// What happened.
    pub kind: String,
    /// To what.
    pub subject: Option<String>,
    /// When.
    pub time: Option<Timestamp>,
    /// The media type of its data.
    pub data_content_type: Option<String>,
    /// The schema of its data.
    pub data_schema: Option<String>,
    /// Any other attributes, by name.
    pub extensions: Vec<(String, Value)>,
    /// Its data.
    pub data: Option<Data>,
    /// Where it stands in the input, as a JSON pointer.
    pub at: String,
}

/// The data of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// As JSON.
    Json(Value),
    /// As bytes.
    Bytes(Vec<u8>),
}

/// One event, or a batch of events.
///
/// # Errors
/// The first rule that is broken, and where.
pub fn read(input: &[u8]) -> Result<Vec<CloudEvent>, Refusal> {
    events(&json::parse(input)?)
}

/// The events in a value.
pub(crate) fn events(value: &Value) -> Result<Vec<CloudEvent>, Refusal> {
    let Value::Array(batch) = value else { return Ok(vec![event(value, String::new())?]) };
    if batch.len() > DOCUMENTS_MAX {
        let fault = crate::Fault::TooMany { what: "events", most: DOCUMENTS_MAX };
        return Err(Refusal::new(Place::Pointer(String::new()), fault));
    }
    let at = |index: usize| json::below("", &index.to_string());
    batch.iter().enumerate().map(|(index, value)| event(value, at(index))).collect()
}

fn event(value: &Value, at: String) -> Result<CloudEvent, Refusal> {
    let object = Object::new(value, at.clone())?;
    match object.need("specversion", ATTRIBUTE_MAX)? {
        "1.0" => {}
        found => return Err(object.refuse("specversion", Fault::Version { found: excerpt(found) })),
    }
    let source = object.checked("source", "a URI reference", |text| is_uri_reference(text).then_some(text))?;
    let schema = object.checked("dataschema", "a URI", |text| is_uri(text).then_some(text))?;
    let media = object.checked("datacontenttype", "a media type such as application/json", |text| {
        is_media_type(text).then_some(text)
    })?;
    Ok(CloudEvent {
        id: object.need("id", ATTRIBUTE_MAX)?.to_owned(),
        source: source.ok_or_else(|| object.lacks("source"))?.to_owned(),
        kind: object.need("type", ATTRIBUTE_MAX)?.to_owned(),
        subject: object.text("subject", ATTRIBUTE_MAX)?.map(str::to_owned),
        time: object.checked("time", "a time as RFC 3339 writes it", timestamp)?,
        data_content_type: media.map(str::to_owned),
        data_schema: schema.map(str::to_owned),
        extensions: extensions(&object)?,
        data: data(&object)?,
        at,
    })
}

fn extensions(object: &Object<'_>) -> Result<Vec<(String, Value)>, Refusal> {
    let mut found = Vec::new();
    for name in object.names().filter(|name| !CORE.contains(&name.as_str())) {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return Err(object.refuse(name, Fault::Name));
        }
        let Some(value) = object.member(name) else { continue };
        let is_attribute = match value {
            Value::String(_) | Value::Bool(_) => true,
            Value::Number(number) => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        if !is_attribute {
            return Err(object.refuse(name, Fault::Extension));
        }
        found.push((name.clone(), value.clone()));
    }
    Ok(found)
}

fn data(object: &Object<'_>) -> Result<Option<Data>, Refusal> {
    let Some(encoded) = object.member("data_base64") else {
        return Ok(object.member("data").cloned().map(Data::Json));
    };
    if object.member("data").is_some() {
        return Err(object.refuse("data_base64", Fault::TwoData));
    }
    let bytes = encoded.as_str().and_then(|text| STANDARD.decode(text).ok());
    let refuse = || json::unlike(object.at("data_base64"), encoded, "bytes in base64 (RFC 4648)");
    Ok(Some(Data::Bytes(bytes.ok_or_else(refuse)?)))
}

/// RFC 3339: the offset is always there, and so are the seconds.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.to_ascii_uppercase();
    let (civil, rest) = text.split_at_checked(19)?;
    let shape = |text: &str, pattern: &[u8]| {
        text.len() == pattern.len()
            && text
                .bytes()
                .zip(pattern)
                .all(|(byte, one)| if *one == b'0' { byte.is_ascii_digit() } else { byte == *one })
    };
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => {
            let offset = fraction.trim_start_matches(|character: char| character.is_ascii_digit());
            (1..=9).contains(&(fraction.len() - offset.len())).then_some(offset)?
        }
        None => rest,
    };
    // jiff takes offsets of more than a day.
    let is_near = |offset: &str| &offset[1..3] <= "23" && &offset[4..6] <= "59";
    let is_offset = offset == "Z" || ((shape(offset, b"+00:00") || shape(offset, b"-00:00")) && is_near(offset));
    (shape(civil, b"0000-00-00T00:00:00") && is_offset).then(|| text.parse().ok()).flatten()
}

/// RFC 3986, by its characters and its percent signs.
fn is_uri_reference(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    let escaped = |rest: &str| rest.len() >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit);
    text.bytes().all(allowed) && text.split('%').skip(1).all(escaped) && text.matches('#').count() <= 1
}

fn is_uri(text: &str) -> bool {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    scheme.is_some_and(is_scheme) && is_uri_reference(text)
}

/// RFC 2046, with tokens as RFC 2045 has them; parameters are left to whoever reads the data.
fn is_media_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte))
    };
    essence.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}
