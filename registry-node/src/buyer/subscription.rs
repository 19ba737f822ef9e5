//! Subscriptions: what a party wants to be told of, and whereto.
//!
//! Out of scope: how far telling is (`buyer::lane`), and doing it (`buyer::dispatch`, `buyer::delivery`).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::exposing::Exposing;
use super::lane::Spot;
use super::offer::Offer;
use super::outbound::Address;
use super::pushing::Pushing;
use super::shelf::{Kept, Kind, Name};
use super::signals::{Status, Stream};
use super::source::Source;
use super::webhook::{NoRandomness, Secret};
use crate::core::filter::{EventType, Filter, Place};

/// Most bytes of a subscription as it is sent.
pub const MAX_BYTES: usize = 64 * 1024;
/// Most values that its conditions may name; more suppliers belong on a watchlist.
const MAX_VALUES: usize = 256;
/// How long a receiver may hear nothing, in seconds, unless it asks otherwise, and within which bounds.
const HEARTBEAT: u32 = 3_600;
const HEARTBEATS: std::ops::RangeInclusive<u32> = 60..=86_400;
/// How long a secret goes on signing beside the one that took its place.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// Secrets that sign at once.
const MAX_SECRETS: usize = 3;

/// What is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Asked {
    /// Whereto.
    pub url: Address,
    /// What; everything where no condition is set.
    #[serde(default)]
    pub filter: Filter,
    /// Instead of that: what changes do to a chain.
    #[serde(default)]
    pub exposure: Option<Exposing>,
    /// Instead of either: what becomes of the certificates that its owner offers to a partner in Catena-X.
    #[serde(default)]
    pub certificates: Option<Pushing>,
    /// After how many seconds of silence a heartbeat comes.
    #[serde(default = "usual_heartbeat")]
    pub heartbeat_seconds: u32,
    /// Behind which event it begins, for a new one; with what comes next unless set.
    #[serde(default)]
    pub after: Option<String>,
}

const fn usual_heartbeat() -> u32 {
    HEARTBEAT
}

/// Why what is asked for is no subscription.
#[derive(Debug, thiserror::Error)]
pub enum AskedError {
    /// Not the JSON of one.
    #[error("it is no subscription: {0}")]
    Json(#[from] serde_json::Error),
    /// Too many values.
    #[error("its conditions name more than {MAX_VALUES} values; put suppliers on a watchlist")]
    TooMany,
    /// Conditions beside a chain.
    #[error("an exposure is about the suppliers of its chain, by its policy; leave the filter out")]
    FilteredExposure,
    /// Conditions, a chain or a place beside certificates.
    #[error("certificates are told to their partner as they are offered; leave filter, exposure and after out")]
    FilteredCertificates,
    /// A heartbeat beyond the bounds.
    #[error("heartbeatSeconds must lie between {} and {}", HEARTBEATS.start(), HEARTBEATS.end())]
    Heartbeat,
    /// A place that is none.
    #[error("after: {0}")]
    Place(&'static str),
}

impl Asked {
    /// Reads JSON, which is within [`MAX_BYTES`].
    ///
    /// # Errors
    /// [`AskedError`].
    pub fn from_json(bytes: &[u8]) -> Result<Asked, AskedError> {
        let asked: Asked = serde_json::from_slice(bytes)?;
        if asked.filter.values() > MAX_VALUES {
            return Err(AskedError::TooMany);
        }
        if asked.exposure.is_some() && asked.filter != Filter::default() {
            return Err(AskedError::FilteredExposure);
        }
        let others = asked.filter != Filter::default() || asked.exposure.is_some() || asked.after.is_some();
        if asked.certificates.is_some() && others {
            return Err(AskedError::FilteredCertificates);
        }
        if !HEARTBEATS.contains(&asked.heartbeat_seconds) {
            return Err(AskedError::Heartbeat);
        }
        asked.place().map(|_| asked.clone())
    }

    /// Behind which event it begins.
    ///
    /// # Errors
    /// [`AskedError::Place`].
    pub fn place(&self) -> Result<Option<Place>, AskedError> {
        self.after.as_deref().map(|text| text.parse().map_err(AskedError::Place)).transpose()
    }
}

/// A subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Random, another for each that is made, so that one of the same name that was removed is not taken for it. Empty in those
    /// of before there were any.
    #[serde(default)]
    pub id: String,
    /// Whereto; nothing where it is polled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Address>,
    /// What.
    pub filter: Filter,
    /// Instead of that: what changes do to a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Exposing>,
    /// Instead of either: what becomes of the certificates that its owner offers to a partner in Catena-X.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<Pushing>,
    /// After how many seconds of silence a heartbeat comes.
    pub heartbeat_seconds: u32,
    /// What signs, the newest first.
    pub secrets: Vec<Secret>,
    /// The first entry that it is told of.
    pub from: u64,
    /// When it was made.
    pub made: Timestamp,
    /// What it has beside, where it is a stream of security events; a webhook has nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
}

fn random_id() -> String {
    Uuid::now_v7().simple().to_string()
}

impl Kept for Subscription {
    const KIND: Kind =
        Kind { name: "subscriptions", values: 16, value_bytes: 2 * MAX_BYTES, all_bytes: 16 * MAX_BYTES };
}

impl Subscription {
    /// Where its suppliers come from, if it names a list of them.
    pub fn source(&self) -> Option<Source> {
        if self.certificates.is_some() {
            return Some(Source::Offers);
        }
        let chain = self.exposure.as_ref().map(|exposing| Source::SupplyChain(exposing.supply_chain.clone()));
        chain.or_else(|| self.filter.watchlist.clone().map(Source::Watchlist))
    }

    /// Which events it has to do with: those that it tells, or those whose consequences it tells.
    pub fn conditions(&self) -> Filter {
        let list = match (&self.exposure, &self.certificates) {
            (Some(exposing), _) => Some(exposing.supply_chain.clone()),
            (None, Some(_)) => Some(Name::of_kind(Offer::KIND)),
            (None, None) => return self.filter.clone(),
        };
        Filter { watchlist: list, types: EventType::about_verdicts(), ..Filter::default() }
    }

    /// Whether its receiver hears what is no news: pings and heartbeats. A partner's endpoint takes certificates alone.
    pub fn takes_notices(&self) -> bool {
        self.certificates.is_none()
    }

    /// Where its lane stands for what is at `spot`: what an entry does to a chain is told as a whole, so that it does not matter which of its
    /// events touch the chain, which may change meanwhile.
    pub fn at(&self, spot: Spot) -> Spot {
        if self.exposure.is_some() { spot.entry() } else { spot }
    }

    /// Where its lane stands once everything before `spot` is told.
    pub fn behind(&self, spot: Spot) -> Spot {
        if self.exposure.is_some() { spot.next_entry() } else { spot }
    }

    /// As asked for, new: from this entry on, with a secret of its own.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn new(asked: Asked, from: u64, now: Timestamp) -> Result<Subscription, NoRandomness> {
        let Asked { url, filter, exposure, certificates, heartbeat_seconds, .. } = asked;
        let (id, secrets) = (random_id(), vec![Secret::random(now)?]);
        let url = Some(url);
        let stream = None;
        Ok(Subscription {
            id,
            url,
            filter,
            exposure,
            certificates,
            heartbeat_seconds,
            secrets,
            from,
            made: now,
            stream,
        })
    }

    /// The same as asked for now, with the secrets that it has. To another partner in Catena-X it is another one, for that was told nothing.
    #[must_use]
    pub fn changed(self, asked: Asked) -> Subscription {
        let id = if self.has_new_partner(&asked) { random_id() } else { self.id };
        let Asked { url, filter, exposure, certificates, heartbeat_seconds, .. } = asked;
        Subscription { id, url: Some(url), filter, exposure, certificates, heartbeat_seconds, ..self }
    }

    /// Whether what is asked for tells another partner in Catena-X than this, which is told from the beginning.
    pub fn has_new_partner(&self, asked: &Asked) -> bool {
        let partner = |pushing: &Option<Pushing>| pushing.as_ref().map(|pushing| pushing.receiver.clone());
        let asked = partner(&asked.certificates);
        asked.is_some() && asked != partner(&self.certificates)
    }

    /// A new stream, of which `url` says whereto it is pushed, and nothing that it is polled: from this entry on, about nobody yet.
    pub fn streaming(url: Option<Address>, stream: Stream, from: u64, now: Timestamp) -> Subscription {
        let filter = Filter { types: stream.kinds(), ..Filter::default() };
        let (id, secrets, stream) = (random_id(), Vec::new(), Some(stream));
        let (exposure, certificates, heartbeat_seconds) = (None, None, HEARTBEAT);
        Subscription { id, url, filter, exposure, certificates, heartbeat_seconds, secrets, from, made: now, stream }
    }

    /// Whether anything may fit it: a stream without subjects, without types or that is disabled hears of nothing.
    pub fn hears(&self) -> bool {
        self.stream.as_ref().is_none_or(|stream| {
            stream.status != Status::Disabled && !self.filter.suppliers.is_empty() && !self.filter.types.is_empty()
        })
    }

    /// Whether it wants events of this kind, whatever they are about: a stream is told no type that it did not ask for.
    pub fn wants(&self, kind: &str) -> bool {
        self.stream.is_none() || self.filter.types.iter().any(|wanted| wanted.takes(kind))
    }

    /// Whether a worker tells it: not what is polled, nor a stream that is not enabled.
    pub fn is_sent(&self) -> bool {
        self.url.is_some() && self.stream.as_ref().is_none_or(|stream| stream.status == Status::Enabled)
    }

    /// The same with a new secret; those before go on signing for a day.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn rotated(mut self, now: Timestamp) -> Result<Subscription, NoRandomness> {
        let until = now.checked_add(OVERLAP).unwrap_or(Timestamp::MAX);
        for secret in &mut self.secrets {
            secret.until = Some(secret.until.map_or(until, |before| before.min(until)));
        }
        self.secrets.retain(|secret| secret.signs(now));
        self.secrets.insert(0, Secret::random(now)?);
        self.secrets.truncate(MAX_SECRETS);
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_is_asked_for_is_read_strictly() {
        let good = r#"{"url":"https://b.example/x","filter":{"watchlist":"parts","types":["verdict"],"states":["suspended"],"schemes":["stars@1"]},"after":"17.2"}"#;
        let asked = Asked::from_json(good.as_bytes()).unwrap();
        assert_eq!(
            (asked.heartbeat_seconds, asked.place().unwrap()),
            (3_600, Some(Place::Behind { index: 17, position: 2 }))
        );
        let many =
            format!(r#"{{"url":"https://b.example","filter":{{"types":[{}]}}}}"#, vec!["\"verdict\""; 257].join(","));
        let rows = [
            (r#"{"url":"http://b.example"}"#, "https"),
            (r#"{"filter":{}}"#, "url"),
            (r#"{"url":"https://b.example","filters":{}}"#, "unknown field"),
            (r#"{"url":"https://b.example","filter":{"supplier":[]}}"#, "unknown field"),
            (r#"{"url":"https://b.example","heartbeatSeconds":59}"#, "between 60 and 86400"),
            (r#"{"url":"https://b.example","after":"x"}"#, "after: "),
            (&many, "more than 256"),
        ];
        for (text, needle) in rows {
            let refused = Asked::from_json(text.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(needle), "{text}: {refused}");
        }
    }

    #[test]
    fn a_rotated_secret_signs_for_a_day_beside_the_new_one() {
        let asked = Asked::from_json(br#"{"url":"https://b.example"}"#).unwrap();
        let new = Subscription::new(asked, 7, at(0)).unwrap();
        let first = new.secrets[0].shown().to_owned();
        let rotated = new.rotated(at(10)).unwrap();
        let signing = |now| rotated.secrets.iter().filter(|secret| secret.signs(at(now))).count();
        assert_eq!((rotated.secrets.len(), rotated.secrets[1].shown()), (2, first.as_str()));
        assert_eq!((signing(10), signing(10 + 86_399), signing(10 + 86_400)), (2, 2, 1));
        let often = (0..9).fold(rotated, |last, turn| last.rotated(at(20 + turn)).unwrap());
        assert_eq!(often.secrets.len(), MAX_SECRETS);
        assert!(often.secrets[1..].iter().all(|secret| secret.until.is_some()) && often.secrets[0].until.is_none());
    }
}
