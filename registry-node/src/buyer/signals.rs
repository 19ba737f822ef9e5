//! Streams of security events: subscriptions as the OpenID Shared Signals Framework 1.0 has them, and the tokens (SET, RFC 8417) that are
//! told through them.
//!
//! ```text
//! {"alg":"EdDSA","kid":"…","typ":"secevent+jwt"}
//! {"iss": "https://registry.example", "aud": "buyer-1", "iat": 1764288000, "jti": "jp_17_0.0199…", "txn": "jp_17", "toe": 1764287999,
//!  "sub_id": {"format": "iss_sub", "iss": "https://registry.example", "sub": "lei:5493001KJTIIGC8Y1R12"},
//!  "events": {"https://secure-trust-registry.example/events#verdict.suspended": {"specversion": "1.0", "id": "17", …, "checkpoint": "anAu…"}}}
//! ```
//!
//! The event is the CloudEvent that every channel tells, with the newest published checkpoint. `jti` is the same whenever the event is told
//! again through this stream. There is no `sub` and no `exp`.
//! Out of scope: pushing (`buyer::webhook`), polling (`http::polling`), and what may be asked of a stream (`http::signals`).

pub mod signer;

use conformity::identifiers::Identifier;
use conformity::ids::PartyId;
use credential::jwt::{self, Header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zeroize::Zeroize;

use super::dispatch::{Key, Ping};
use super::lane::Spot;
use super::shelf::Name;
use super::subscription::Subscription;
use crate::core::event::{About, Event};
use crate::core::event_words::with_members;
use crate::core::filter::EventType;
use crate::core::registry::Registry;
use signer::Signer;

/// Delivery by push, and by poll.
pub const PUSH: &str = "urn:ietf:rfc:8935";
/// The same by poll.
pub const POLL: &str = "urn:ietf:rfc:8936";
/// Subjects of one stream; who has more makes several.
pub const MAX_SUBJECTS: usize = 512;
/// Longest `state` of a verification, and longest description and reason, in bytes.
pub const MAX_WORDS: usize = 1_024;
/// Most bytes of what is sent with each request to a receiver.
pub const MAX_AUTHORIZATION: usize = 4_096;
/// What types of events begin with.
const TYPE_BASE: &str = "https://secure-trust-registry.example/events#";
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
const STREAM_UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";
/// `typ` of a security event token (RFC 8417, section 2.3): none of ours is taken for another kind of token.
const TYP: &str = "secevent+jwt";

/// Kinds of events that can be told: those about a verdict, and where the registry goes.
pub const KINDS: [&str; 38] = [
    "verdict.granted",
    "verdict.conditional",
    "verdict.suspended",
    "verdict.restored",
    "verdict.scope-extended",
    "verdict.scope-reduced",
    "verdict.renewed",
    "verdict.transferred",
    "verdict.surrendered",
    "verdict.withdrawn",
    "verdict.superseded",
    "verdict.annulled",
    "verdict.historical",
    "verdict.conditions-met",
    "verdict.appeal-opened",
    "verdict.appeal-closed",
    "verdict.complaint-opened",
    "verdict.complaint-closed",
    "verdict.recommendation-declined",
    "verdict.confirmed",
    "verdict.confirmation-withdrawn",
    "verdict.reported",
    "verdict.accepted-as-evidence",
    "verdict.expired",
    "verdict.surveillance-overdue",
    "verdict.conditions-overdue",
    "verdict.basis-kept",
    "verdict.basis-window",
    "verdict.basis-lapsed",
    "verdict.basis-holds",
    "verdict.coverage-changed",
    "verdict.voided",
    "recognition.recognised",
    "recognition.partial",
    "recognition.accepted-as-evidence",
    "recognition.refused",
    "registry.closed",
    "registry.moved",
];

/// What a subscription has beside, where it is a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Types that the receiver asked for, as it named them; all where it named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested: Option<Vec<String>>,
    /// In the receiver's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is sent as `Authorization` with what is pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// Whether it is told anything.
    pub status: Status,
    /// Why, in the receiver's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Stream {
    /// The kinds that it is told: those that there are of what was asked for.
    pub fn kinds(&self) -> Vec<EventType> {
        let asked = |kind: &&&str| self.requested.as_ref().is_none_or(|asked| asked.contains(&type_of(kind)));
        KINDS.iter().filter(asked).filter_map(|kind| kind.parse().ok()).collect()
    }
}

/// The type of an event of this kind.
pub fn type_of(kind: &str) -> String {
    format!("{TYPE_BASE}{kind}")
}

/// Whether a stream is told anything (SSF 1.0, stream status).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is.
    #[default]
    Enabled,
    /// Not now; what comes meanwhile is told later.
    Paused,
    /// Not at all; what comes meanwhile is not told.
    Disabled,
}

/// A value of the header `Authorization`. Nobody reads it in a log line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Authorization(String);

impl Authorization {
    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(an authorization)")
    }
}

impl Drop for Authorization {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl TryFrom<String> for Authorization {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Authorization, Self::Error> {
        let plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        let fits = plain && (1..=MAX_AUTHORIZATION).contains(&text.len()) && text.trim().len() == text.len();
        if fits { Ok(Authorization(text)) } else { Err("authorization_header: at most 4,096 bytes of printable ASCII") }
    }
}

/// Who an event is about: a supplier, by the identifier by which this registry or the receiver knows it (RFC 9493, `iss_sub`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// `iss_sub`.
    pub format: IssSub,
    /// Whose register.
    pub iss: String,
    /// Which supplier.
    pub sub: Identifier,
}

/// The one format of subjects that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssSub {
    /// `iss_sub`
    IssSub,
}

/// The `jti` of what is told at `spot` through a stream.
pub fn jti(registry: &Registry, stream: &Name, spot: Spot) -> String {
    format!("{}_{}_{}.{}", registry.config.registry.id, spot.index, spot.position, stream.as_str())
}

/// The place that a `jti` of this stream names; nothing where it is no event's, or another stream's.
pub fn spot_of(registry: &Registry, stream: &Name, jti: &str) -> Option<Spot> {
    let place = jti.strip_suffix(stream.as_str())?.strip_suffix('.')?;
    let (before, position) = place.rsplit_once('_')?;
    let (id, index) = before.rsplit_once('_')?;
    let spot = Spot { index: index.parse().ok()?, position: position.parse().ok()? };
    (id == registry.config.registry.id.as_str() && self::jti(registry, stream, spot) == jti).then_some(spot)
}

/// A token could not be made: our own fault.
#[derive(Debug, thiserror::Error)]
pub enum TokenFault {
    /// The event is no JSON object.
    #[error("an event cannot be read: {0}")]
    Event(#[from] serde_json::Error),
    /// It is about a supplier that the receiver does not name, or does no more.
    #[error("an event is about nobody whom the stream names")]
    Unnamed,
    /// It could not be signed.
    #[error(transparent)]
    Signing(#[from] jwt::SignError),
}

/// Makes the tokens of one stream. Signing may take as long as the token in which the key rests.
pub struct Tokens<'a> {
    /// Who says so.
    pub registry: &'a Registry,
    /// To whom, and through which stream.
    pub key: &'a Key,
    /// The stream.
    pub subscription: &'a Subscription,
}

impl Tokens<'_> {
    /// An event of the log, with more `members`.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn event(&self, event: &Event, members: &[(&'static str, String)]) -> Result<String, TokenFault> {
        let spot = Spot { index: event.index, position: event.position };
        let told: Value = serde_json::from_slice(&with_members(&event.json, members))?;
        let time = told["time"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
        let mut claims = json!({
            "jti": jti(self.registry, &self.key.name, spot),
            "txn": format!("{}_{}", self.registry.config.registry.id, event.index),
            "sub_id": self.subject(event)?,
            "events": { type_of(&event.kind): told },
        });
        if let Some(time) = time {
            claims["toe"] = json!(time.as_second());
        }
        self.signed(claims)
    }

    /// A verification event: that the stream works.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn verification(&self, ping: &Ping) -> Result<String, TokenFault> {
        let said = ping.state.as_ref().map_or_else(|| json!({}), |state| json!({ "state": state }));
        self.of_stream(&ping.id, VERIFICATION, said)
    }

    /// That this registry pauses the stream, and why.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn paused(&self, id: &str, reason: &str) -> Result<String, TokenFault> {
        self.of_stream(id, STREAM_UPDATED, json!({ "status": Status::Paused, "reason": reason }))
    }

    /// SSF 1.0: such an event is about the stream itself, by its id.
    fn of_stream(&self, id: &str, kind: &str, said: Value) -> Result<String, TokenFault> {
        let subject = json!({ "format": "opaque", "id": self.key.name });
        self.signed(json!({ "jti": id, "txn": id, "sub_id": subject, "events": { kind: said } }))
    }

    /// By the identifier that the receiver named, if it is one of that supplier's: another would tell it more than it asked for.
    fn subject(&self, event: &Event) -> Result<Value, TokenFault> {
        let issuer = &self.registry.config.http.public_url;
        let Some(About::Verdict(about)) = &event.about else {
            return Ok(json!({ "format": "uri", "uri": issuer }));
        };
        let asked = about.suppliers.iter().find(|supplier| self.subscription.filter.suppliers.contains(supplier));
        let supplier = asked.ok_or(TokenFault::Unnamed)?;
        Ok(json!({ "format": "iss_sub", "iss": issuer, "sub": supplier.to_string() }))
    }

    fn signed(&self, claims: Value) -> Result<String, TokenFault> {
        let mut payload = Map::from_iter([
            ("iss".to_owned(), json!(self.registry.config.http.public_url)),
            ("aud".to_owned(), json!(audience(&self.key.owner))),
            ("iat".to_owned(), json!(self.registry.now().as_second())),
        ]);
        if let Value::Object(claims) = claims {
            payload.extend(claims);
        }
        match &self.registry.signer {
            Signer::Node => {
                let key = self.registry.deriver.key();
                Ok(jwt::sign(key, &Header::naming(key.public_key(), TYP, &[]), &payload)?)
            }
            Signer::Rsa(key) => Ok(key.sign(TYP, &payload)?),
        }
    }
}

/// For whom the tokens of a party's streams are: its id at this registry, which `iss` names.
pub fn audience(owner: &PartyId) -> String {
    owner.to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_stream_is_told_what_there_is_of_what_was_asked_for() {
        let kinds = |requested: Option<&[&str]>| {
            let requested = requested.map(|asked| asked.iter().map(|one| (*one).to_owned()).collect());
            Stream { requested, ..Stream::default() }.kinds().len()
        };
        assert_eq!(kinds(None), KINDS.len());
        assert_eq!(kinds(Some(&[&type_of("verdict.suspended"), "urn:other"])), 1);
        assert_eq!(kinds(Some(&["urn:other", "verdict.suspended"])), 0);
        assert_eq!(KINDS.iter().collect::<std::collections::BTreeSet<_>>().len(), KINDS.len());
    }

    #[test]
    fn an_authorization_is_a_header_and_never_printed() {
        let read = |text: &str| Authorization::try_from(text.to_owned());
        assert_eq!(format!("{:?}", read("Bearer x").unwrap()), "(an authorization)");
        for bad in ["", " x", "x\r\ny: z", "ü", &"x".repeat(4_097)] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn subjects_are_read_strictly() {
        let good = r#"{"format":"iss_sub","iss":"https://r.example","sub":"duns:150483782"}"#;
        assert_eq!(serde_json::from_str::<Subject>(good).unwrap().sub.to_string(), "duns:150483782");
        for bad in [
            r#"{"format":"email","email":"a@b.example"}"#,
            r#"{"format":"iss_sub","iss":"x","sub":"nothing"}"#,
            r#"{"format":"iss_sub","iss":"x","sub":"duns:150483782","more":1}"#,
        ] {
            assert!(serde_json::from_str::<Subject>(bad).is_err(), "{bad}");
        }
    }
}
