//! Which events somebody wants, and from where on: the conditions of a stream, of a pull and of a subscription, and one rule for all three.
//!
//! Out of scope: how they are asked for (`http::event_filter`, `buyer::subscription`), and finding out of many filters those that an event
//! passes (`core::interests`).

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::str::FromStr;

use conformity::as_of::AsOf;
use conformity::bulletin::Bulletin;
use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, SchemeChoice, SectorCode};
use conformity::standing::{About as Asked, Question};
use conformity::verdict::StateName;
use conformity::viewpoint::Viewpoint;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::event::{About, Event, OfVerdict, TYPE_PREFIX};
use crate::buyer::shelf::Name;

/// Longest type of an event that is looked at.
const MAX_TYPE: usize = 100;

/// Suppliers of whom a stream says at its opening why nothing may come: each costs what its standing does.
const MAX_QUESTIONS: usize = 8;

/// What a reader wants: for each kind of condition that is given, one of its values must fit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Any of these suppliers, by any of their identifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suppliers: Vec<Identifier>,
    /// Or any on this watchlist of the reader's, of which a filter knows the name alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watchlist: Option<Name>,
    /// Any of these schemes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schemes: Vec<SchemeChoice>,
    /// Any of these viewpoints.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub viewpoints: Vec<Viewpoint>,
    /// Any of these states, after the change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<StateName>,
    /// Any of these types or families.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<EventType>,
    /// Bulletins for any of these sectors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sectors: Vec<SectorCode>,
    /// Bulletins for any of these countries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<CountryCode>,
}

impl Filter {
    /// The same for a reader with these sectors: whoever sets some condition but says nothing about sectors hears of bulletins for its own, with
    /// which it was registered. Without any condition everything comes, so that a reader of all can prove that nothing is missing.
    #[must_use]
    pub fn of_reader(self, own: impl FnOnce() -> Vec<SectorCode>) -> Filter {
        let any = self.is_about_verdicts() || !self.types.is_empty() || !self.countries.is_empty();
        let sectors = if any && self.sectors.is_empty() { own() } else { self.sectors };
        Filter { sectors, ..self }
    }

    /// How many values its conditions name.
    pub fn values(&self) -> usize {
        let about_verdicts = self.suppliers.len() + self.schemes.len() + self.viewpoints.len() + self.states.len();
        about_verdicts + self.types.len() + self.sectors.len() + self.countries.len()
    }

    /// Whether the reader wants `event`. One that speaks of no verdict fits no condition about verdicts; a bulletin needs to fit only
    /// those about schemes, sectors and countries, for who watches some suppliers has to do with the rules all the same.
    /// That the registry ended, or went elsewhere, everybody hears. `watched` is what is on the watchlist that it names.
    pub fn passes(&self, event: &Event, watched: &HashSet<Identifier>) -> bool {
        if event.is_for_all() {
            return true;
        }
        let wanted_type = self.types.is_empty() || self.types.iter().any(|wanted| wanted.takes(&event.kind));
        wanted_type
            && match &event.about {
                Some(About::Verdict(about)) => self.takes(about, watched),
                Some(About::Bulletin(_, bulletin)) => self.concerned(bulletin),
                None => !self.is_about_verdicts(),
            }
    }

    /// How the suppliers stand that the reader names, so many at most, as far as the other conditions ask: by the scheme and the viewpoint, where it is
    /// one.
    pub fn questions(&self, now: Timestamp) -> impl Iterator<Item = Question> {
        let about = match &self.schemes[..] {
            [scheme] => scheme.clone().into(),
            _ => Asked::Everything,
        };
        let viewpoint = if let [viewpoint] = self.viewpoints[..] { Some(viewpoint) } else { None };
        let suppliers: BTreeSet<&Identifier> = self.suppliers.iter().collect();
        suppliers.into_iter().take(MAX_QUESTIONS).map(move |supplier| Question {
            supplier: supplier.clone(),
            country: None,
            about: about.clone(),
            viewpoint,
            as_of: AsOf::Present(now),
        })
    }

    /// Whether it has a condition that only a verdict can fit.
    pub fn is_about_verdicts(&self) -> bool {
        self.names_suppliers() || !(self.schemes.is_empty() && self.viewpoints.is_empty() && self.states.is_empty())
    }

    /// Whether it is about certain suppliers.
    pub fn names_suppliers(&self) -> bool {
        !self.suppliers.is_empty() || self.watchlist.is_some()
    }

    /// Whether a bulletin concerns the reader, as far as it and the reader say anything.
    fn concerned(&self, bulletin: &Bulletin) -> bool {
        let concerns = &bulletin.concerns;
        let scheme = |wanted: &SchemeChoice| concerns.schemes.iter().any(|scheme| wanted.names(scheme));
        (self.schemes.is_empty() || concerns.schemes.is_empty() || self.schemes.iter().any(scheme))
            && meet(&self.sectors, &concerns.sectors)
            && meet(&self.countries, &concerns.countries)
    }

    fn takes(&self, about: &OfVerdict, watched: &HashSet<Identifier>) -> bool {
        let any = |empty: bool, fits: bool| empty || fits;
        let named = |supplier: &Identifier| self.suppliers.contains(supplier) || watched.contains(supplier);
        any(!self.names_suppliers(), about.suppliers.iter().any(named))
            && any(self.schemes.is_empty(), self.schemes.iter().any(|wanted| wanted.takes(&about.scheme)))
            && any(self.viewpoints.is_empty(), self.viewpoints.iter().any(|wanted| about.viewpoints.contains(*wanted)))
            && any(self.states.is_empty(), self.states.contains(&about.state))
    }
}

/// Whether two lists have something in common, or one of them says nothing.
pub fn meet<T: PartialEq>(wanted: &[T], named: &[T]) -> bool {
    wanted.is_empty() || named.is_empty() || wanted.iter().any(|one| named.contains(one))
}

/// A type of event, such as `verdict.suspended`, or a family of them, such as `verdict`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventType(String);

impl EventType {
    /// The last part of the type, or of the family.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The families of all events about verdicts.
    pub fn about_verdicts() -> Vec<EventType> {
        ["verdict", "recognition"].map(|family| EventType(family.to_owned())).to_vec()
    }

    /// Whether an event of this kind is meant.
    pub fn takes(&self, kind: &str) -> bool {
        kind.strip_prefix(self.0.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl FromStr for EventType {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<EventType, Self::Err> {
        let word = text.strip_prefix(TYPE_PREFIX).unwrap_or(text);
        let shaped = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'-');
        let fits = (1..=MAX_TYPE).contains(&word.len()) && word.bytes().all(shaped);
        fits.then(|| EventType(word.to_owned()))
            .ok_or("write a type such as verdict.suspended, or a family such as verdict")
    }
}

impl TryFrom<String> for EventType {
    type Error = &'static str;

    fn try_from(text: String) -> Result<EventType, Self::Error> {
        text.parse()
    }
}

impl From<EventType> for String {
    fn from(wanted: EventType) -> String {
        wanted.0
    }
}

/// Where a reader left off: behind an event, or before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// `start`
    Start,
    /// The id of an event: `index`, or `index.position`.
    Behind {
        /// Log index.
        index: u64,
        /// Position within the entry.
        position: u32,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Behind { index, position: 0 } => index.fmt(f),
            Self::Behind { index, position } => write!(f, "{index}.{position}"),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Place, Self::Err> {
        if text == "start" {
            return Ok(Place::Start);
        }
        let (index, position) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let place = || {
            let numbers = digits(index) && digits(position);
            let (index, position) = (index.parse().ok()?, position.parse().ok()?);
            numbers.then_some(Place::Behind { index, position })
        };
        place().ok_or("write the id of an event, such as 12 or 12.3, or start")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn places_are_read_strictly() {
        let behind = |index, position| Ok(Place::Behind { index, position });
        let rows = [
            ("start", Ok(Place::Start)),
            ("0", behind(0, 0)),
            ("12", behind(12, 0)),
            ("12.3", behind(12, 3)),
            ("18446744073709551615", behind(u64::MAX, 0)),
        ];
        for (text, place) in rows {
            assert_eq!(text.parse(), place, "{text}");
            assert_eq!(place.unwrap().to_string(), text);
        }
        for text in ["", ".", "1.", ".1", "-1", "+1", "1.2.3", "1,2", "18446744073709551616", "1.4294967296", "Start"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_type_takes_itself_and_its_family() {
        let rows = [
            ("verdict.suspended", "verdict.suspended", true),
            ("verdict", "verdict.suspended", true),
            ("verdict.sus", "verdict.suspended", false),
            ("verdict", "verdicts.x", false),
            ("org.secure-trust-registry.recognition", "recognition.partial", true),
            ("entry", "entry", true),
        ];
        for (wanted, kind, takes) in rows {
            assert_eq!(wanted.parse::<EventType>().unwrap().takes(kind), takes, "{wanted} {kind}");
        }
        assert!("".parse::<EventType>().is_err());
        assert!("Verdict*".parse::<EventType>().is_err());
        assert!("v".repeat(MAX_TYPE + 1).parse::<EventType>().is_err());
    }
}
