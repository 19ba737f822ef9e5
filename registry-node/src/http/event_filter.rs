//! Which events a reader wants, and from where on.

use std::collections::BTreeSet;
use std::str::FromStr;

use conformity::as_of::AsOf;
use conformity::bulletin::Bulletin;
use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, SectorCode};
use conformity::standing::{About as Asked, Question};
use conformity::verdict::StateName;
use conformity::viewpoint::Viewpoint;
use jiff::Timestamp;

use super::ask::{Query, SchemeChoice};
use crate::core::event::{About, CLOSED, Event, MOVED, OfVerdict, TYPE_PREFIX};
use crate::problem::Problem;

/// Longest type of an event that is looked at.
const MAX_TYPE: usize = 100;

/// Suppliers of whom a stream says at its opening why nothing may come: each costs what its standing does.
const MAX_QUESTIONS: usize = 8;

/// What a reader wants: for each kind of condition that is given, one of its values must fit.
#[derive(Debug, Default)]
pub(super) struct Filter {
    suppliers: Vec<Identifier>,
    schemes: Vec<SchemeChoice>,
    viewpoints: Vec<Viewpoint>,
    states: Vec<StateName>,
    types: Vec<EventType>,
    sectors: Vec<SectorCode>,
    countries: Vec<CountryCode>,
}

impl Filter {
    /// Reads the conditions of a request. Whoever sets some but says nothing about sectors hears of bulletins for its own, with which
    /// it was registered. Without any condition everything comes, so that a reader of all can prove that nothing is missing.
    pub(super) fn read(query: &Query, own: impl FnOnce() -> Vec<SectorCode>) -> Result<Filter, Problem> {
        let mut filter = Filter {
            suppliers: query.many("supplier")?,
            schemes: query.many("scheme")?,
            viewpoints: query.many("viewpoint")?,
            states: query.many("state")?,
            types: query.many("type")?,
            sectors: query.many("sector")?,
            countries: query.many("country")?,
        };
        let any = filter.is_about_verdicts() || !filter.types.is_empty() || !filter.countries.is_empty();
        if any && filter.sectors.is_empty() {
            filter.sectors = own();
        }
        Ok(filter)
    }

    /// Whether the reader wants `event`. One that speaks of no verdict fits no condition about verdicts; a bulletin needs to fit only
    /// those about schemes, sectors and countries, for who watches some suppliers has to do with the rules all the same.
    /// That the registry ended, or went elsewhere, everybody hears.
    pub(super) fn passes(&self, event: &Event) -> bool {
        if [CLOSED, MOVED].contains(&event.kind.as_str()) {
            return true;
        }
        let wanted_type = self.types.is_empty() || self.types.iter().any(|wanted| wanted.takes(&event.kind));
        wanted_type
            && match &event.about {
                Some(About::Verdict(about)) => self.takes(about),
                Some(About::Bulletin(_, bulletin)) => self.concerned(bulletin),
                None => !self.is_about_verdicts(),
            }
    }

    /// How the suppliers stand that the reader names, so many at most, as far as the other conditions ask: by the scheme and the viewpoint, where it is
    /// one.
    pub(super) fn questions(&self, now: Timestamp) -> impl Iterator<Item = Question> {
        let about = match &self.schemes[..] {
            [scheme] => scheme.clone().about(),
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

    fn is_about_verdicts(&self) -> bool {
        !(self.suppliers.is_empty() && self.schemes.is_empty() && self.viewpoints.is_empty() && self.states.is_empty())
    }

    /// Whether a bulletin concerns the reader, as far as it and the reader say anything.
    fn concerned(&self, bulletin: &Bulletin) -> bool {
        let concerns = &bulletin.concerns;
        let scheme = |wanted: &SchemeChoice| concerns.schemes.iter().any(|scheme| wanted.names(scheme));
        (self.schemes.is_empty() || concerns.schemes.is_empty() || self.schemes.iter().any(scheme))
            && meet(&self.sectors, &concerns.sectors)
            && meet(&self.countries, &concerns.countries)
    }

    fn takes(&self, about: &OfVerdict) -> bool {
        let any = |empty: bool, fits: bool| empty || fits;
        any(self.suppliers.is_empty(), self.suppliers.iter().any(|wanted| about.suppliers.contains(wanted)))
            && any(self.schemes.is_empty(), self.schemes.iter().any(|wanted| wanted.takes(&about.scheme)))
            && any(self.viewpoints.is_empty(), self.viewpoints.iter().any(|wanted| about.viewpoints.contains(*wanted)))
            && any(self.states.is_empty(), self.states.contains(&about.state))
    }
}

/// Whether two lists have something in common, or one of them says nothing.
pub(super) fn meet<T: PartialEq>(wanted: &[T], named: &[T]) -> bool {
    wanted.is_empty() || named.is_empty() || wanted.iter().any(|one| named.contains(one))
}

/// A type of event, such as `verdict.suspended`, or a family of them, such as `verdict`.
#[derive(Debug, PartialEq, Eq)]
struct EventType(String);

impl EventType {
    fn takes(&self, kind: &str) -> bool {
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

/// Where a reader left off: behind an event, or before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
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
