//! The W3C Bitstring Status List 1.0: a bit for each credential, in a credential about them.
//!
//! ```text
//! encodedList = "u" base64url(gzip(bytes))      at least 131,072 bits; place 0 is the highest bit of byte 0
//! ```
//!
//! In scope: the bitstring, the JSON of a `BitstringStatusListCredential`, and that of the entry by which a credential refers to
//! it; one purpose for each list, [`Purpose`], and one bit for each credential. Out of scope: securing the credential (sign its
//! JSON as a JWT of the type `vc+jwt` with [`crate::jwt`]), `statusSize` above 1, and purposes with messages.

use conformity::strict::{self, Breach, Limits};
use jiff::Timestamp;
use ledger::encoding::{base64url_decode, base64url_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::NoPlace;
use super::packed::{self, MAX_LIST, PackError, UnpackError};

/// The fewest places of a list: among fewer, asking for one would tell too much of its holder.
pub const MIN_ENTRIES: u64 = 131_072;
/// The type of the JWT in which such a credential is signed (VC-JOSE-COSE).
pub const JWT_TYPE: &str = "vc+jwt";

const CONTEXT: &str = "https://www.w3.org/ns/credentials/v2";
const VERIFIABLE: &str = "VerifiableCredential";
const CREDENTIAL: &str = "BitstringStatusListCredential";
const LIST: &str = "BitstringStatusList";
const ENTRY: &str = "BitstringStatusListEntry";
/// Base64url of the longest list that does not shrink, and something around it.
const CREDENTIAL_LIMITS: Limits = Limits { bytes: MAX_LIST / 3 * 4 + 65_536, depth: 16, null: true };

/// What a set bit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Taken back for good.
    Revocation,
    /// Not valid for the time being.
    Suspension,
}

impl Purpose {
    /// The word that W3C uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
        }
    }
}

/// A bit for each place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitstring(Vec<u8>);

/// A credential that holds such a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusCredential {
    /// Its URL, as entries name it.
    pub id: String,
    /// Who issues it.
    pub issuer: String,
    /// From when it holds.
    pub valid_from: Option<Timestamp>,
    /// Until when.
    pub valid_until: Option<Timestamp>,
    /// What a set bit says.
    pub purpose: Purpose,
    /// After how many milliseconds a copy should be refreshed (section 2.2, `ttl`); the specification assumes nothing where it is absent.
    pub ttl_ms: Option<u64>,
    /// The list.
    pub list: Bitstring,
}

/// Where a credential's status is found: its `credentialStatus`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is asked.
    pub purpose: Purpose,
    /// The place.
    pub index: u64,
    /// The URL of the credential that holds the list.
    pub list: String,
}

/// Why a bitstring or its credential is none. The blame is its publisher's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BitstringError {
    /// Not "u" and base64url.
    #[error("encodedList is not multibase base64url (a \"u\" in front, no padding)")]
    NotMultibase,
    /// Not packed as it should be.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// Fewer places than allowed.
    #[error("the list has {0} places; at least {MIN_ENTRIES} are required")]
    TooShort(u64),
    /// Not strict JSON.
    #[error(transparent)]
    NotStrict(#[from] Breach),
    /// Not the members that the specification demands.
    #[error("not a {CREDENTIAL}: {0}")]
    Shape(String),
}

/// Why a list says nothing of a credential, which must be refused then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// Another list than the credential names.
    #[error("the credential's status is in {named:?}, not in {given:?}")]
    OtherList {
        /// The list that the credential names.
        named: String,
        /// The list given.
        given: String,
    },
    /// A list of another purpose.
    #[error("the list says something about another purpose than the credential asks for")]
    OtherPurpose,
    /// Not yet or no longer valid.
    #[error("the status list does not hold at this time")]
    Time,
    /// The list has no such place.
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
}

impl Bitstring {
    /// A list of at least `entries` places, and at least [`MIN_ENTRIES`]; no bit is set.
    ///
    /// # Errors
    /// It would be too long.
    pub fn new(entries: u64) -> Result<Self, super::list::TooManyPlaces> {
        let needed = usize::try_from(entries.max(MIN_ENTRIES).div_ceil(8)).ok().filter(|bytes| *bytes <= MAX_LIST);
        Ok(Self(vec![0; needed.ok_or(super::list::TooManyPlaces(entries))?]))
    }

    /// How many places there are.
    pub fn entries(&self) -> u64 {
        self.0.len() as u64 * 8
    }

    /// Whether the bit at a place is set.
    ///
    /// # Errors
    /// There is no such place.
    pub fn is_set(&self, index: u64) -> Result<bool, NoPlace> {
        let (byte, bit) = self.place(index)?;
        Ok(self.0.get(byte).is_some_and(|byte| byte & bit != 0))
    }

    /// Sets the bit at a place, or clears it.
    ///
    /// # Errors
    /// There is no such place.
    pub fn set(&mut self, index: u64, set: bool) -> Result<(), NoPlace> {
        let (byte, bit) = self.place(index)?;
        if let Some(byte) = self.0.get_mut(byte) {
            *byte = if set { *byte | bit } else { *byte & !bit };
        }
        Ok(())
    }

    /// The byte of a place, and its bit in there.
    fn place(&self, index: u64) -> Result<(usize, u8), NoPlace> {
        let byte = usize::try_from(index / 8).ok().filter(|byte| *byte < self.0.len());
        Ok((byte.ok_or(NoPlace { index, entries: self.entries() })?, 0x80 >> (index % 8)))
    }

    /// The text of `encodedList`.
    ///
    /// # Errors
    /// It cannot be packed.
    pub fn encode(&self) -> Result<String, PackError> {
        Ok(format!("u{}", base64url_encode(&packed::gzip(&self.0)?)))
    }

    /// Reads the text of `encodedList`.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn decode(text: &str) -> Result<Self, BitstringError> {
        let packed = text.strip_prefix('u').and_then(|text| base64url_decode(text.as_bytes()));
        let list = Self(packed::ungzip(&packed.ok_or(BitstringError::NotMultibase)?)?);
        if list.entries() < MIN_ENTRIES { Err(BitstringError::TooShort(list.entries())) } else { Ok(list) }
    }
}

impl StatusCredential {
    /// The credential's JSON.
    ///
    /// # Errors
    /// The list cannot be packed.
    pub fn to_json(&self) -> Result<Map<String, Value>, PackError> {
        let mut subject = json!({
            "id": format!("{}#list", self.id),
            "type": LIST,
            "statusPurpose": self.purpose,
            "encodedList": self.list.encode()?,
        });
        if let Some(ttl) = self.ttl_ms {
            subject["ttl"] = ttl.into();
        }
        let mut members = Map::new();
        members.insert("@context".to_owned(), json!([CONTEXT]));
        members.insert("id".to_owned(), self.id.clone().into());
        members.insert("type".to_owned(), json!([VERIFIABLE, CREDENTIAL]));
        members.insert("issuer".to_owned(), self.issuer.clone().into());
        members.extend(self.valid_from.map(|from| ("validFrom".to_owned(), from.to_string().into())));
        members.extend(self.valid_until.map(|until| ("validUntil".to_owned(), until.to_string().into())));
        members.insert("credentialSubject".to_owned(), subject);
        Ok(members)
    }

    /// Reads the JSON of a credential whose signature the caller has checked.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn from_json(json: &[u8]) -> Result<Self, BitstringError> {
        strict::check(json, CREDENTIAL_LIMITS)?;
        let json: Value = serde_json::from_slice(json).map_err(|error| shape(&strict::excerpt(&error)))?;
        let subject = json.get("credentialSubject");
        if json.get("issuer").is_some_and(Value::is_array) || !subject.is_some_and(Value::is_object) {
            // serde would also read the members from an array.
            return Err(shape("issuer must be a URL or an object with one, credentialSubject an object"));
        }
        let wire = Wire::deserialize(json).map_err(|error| shape(&strict::excerpt(&error)))?;
        if wire.context.first().is_none_or(|context| context != CONTEXT) {
            return Err(shape(&format!("@context must begin with {CONTEXT}")));
        }
        let is = |wanted| wire.kinds.iter().any(|kind| kind == wanted);
        if !is(VERIFIABLE) || !is(CREDENTIAL) || wire.subject.kind != LIST {
            return Err(shape(&format!("type must be {VERIFIABLE} and {CREDENTIAL}, that of its subject {LIST}")));
        }
        let issuer = wire.issuer.id();
        if !wire.context.iter().chain([&wire.id, &issuer]).all(|text| is_url(text)) {
            return Err(shape("@context, id and issuer must be URLs"));
        }
        if wire.valid_from.zip(wire.valid_until).is_some_and(|(from, until)| until < from) {
            return Err(shape("validUntil must not come before validFrom"));
        }
        Ok(Self {
            list: Bitstring::decode(&wire.subject.list)?,
            issuer,
            id: wire.id,
            valid_from: wire.valid_from,
            valid_until: wire.valid_until,
            purpose: wire.subject.purpose,
            ttl_ms: wire.subject.ttl,
        })
    }

    /// Whether the bit of a credential is set at `now`.
    ///
    /// # Errors
    /// The list says nothing of it, or nothing that holds at that time.
    pub fn look_up(&self, entry: &Entry, now: Timestamp) -> Result<bool, Unknown> {
        if entry.list != self.id {
            return Err(Unknown::OtherList { named: entry.list.clone(), given: self.id.clone() });
        }
        if entry.purpose != self.purpose {
            return Err(Unknown::OtherPurpose);
        }
        if self.valid_from.is_some_and(|from| now < from) || self.valid_until.is_some_and(|until| now > until) {
            return Err(Unknown::Time);
        }
        Ok(self.list.is_set(entry.index)?)
    }
}

impl Entry {
    /// The credential's `credentialStatus`.
    pub fn to_json(&self) -> Value {
        json!({
            "type": ENTRY,
            "statusPurpose": self.purpose,
            "statusListIndex": self.index.to_string(),
            "statusListCredential": self.list,
        })
    }

    /// Reads one `credentialStatus`.
    ///
    /// # Errors
    /// It has another type, or not the members that the specification demands.
    pub fn from_json(json: &Value) -> Result<Self, BitstringError> {
        if !json.is_object() {
            return Err(shape("credentialStatus must be an object"));
        }
        let wire = WireEntry::deserialize(json).map_err(|error| shape(&strict::excerpt(&error)))?;
        let plain = wire.index.len() <= 20 && wire.index.bytes().all(|digit| digit.is_ascii_digit());
        let index = wire.index.parse().ok().filter(|_| plain);
        match (wire.kind, wire.size) {
            (ENTRY, 1) => {}
            (ENTRY, _) => return Err(shape("only a statusSize of 1 is read")),
            _ => return Err(shape(&format!("type must be {ENTRY}"))),
        }
        let index = index.ok_or_else(|| shape("statusListIndex must be a whole number as text"))?;
        Ok(Self { purpose: wire.purpose, index, list: wire.list.to_owned() })
    }
}

/// Whether a text has a scheme in front and no space in it, which is what is looked at of URLs that are only compared.
fn is_url(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(named)
        && !text.contains(char::is_whitespace)
}

fn shape(why: &str) -> BitstringError {
    BitstringError::Shape(why.to_owned())
}

/// The credential's JSON; members that it may have besides are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "@context")]
    context: Vec<String>,
    id: String,
    #[serde(rename = "type")]
    kinds: Vec<String>,
    issuer: Issuer,
    #[serde(default)]
    valid_from: Option<Timestamp>,
    #[serde(default)]
    valid_until: Option<Timestamp>,
    #[serde(rename = "credentialSubject")]
    subject: Subject,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "statusPurpose")]
    purpose: Purpose,
    #[serde(rename = "encodedList")]
    list: String,
    #[serde(default)]
    ttl: Option<u64>,
}

/// The URL of the issuer, or an object that holds it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Issuer {
    Url(String),
    Object { id: String },
}

impl Issuer {
    fn id(self) -> String {
        match self {
            Self::Url(id) | Self::Object { id } => id,
        }
    }
}

#[derive(Deserialize)]
struct WireEntry<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(rename = "statusPurpose")]
    purpose: Purpose,
    #[serde(rename = "statusListIndex")]
    index: &'a str,
    #[serde(rename = "statusListCredential")]
    list: &'a str,
    #[serde(rename = "statusSize", default = "one")]
    size: u64,
}

const fn one() -> u64 {
    1
}
