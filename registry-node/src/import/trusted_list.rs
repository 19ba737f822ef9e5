//! The services of a trusted list with the history of their status (ETSI TS 119 612, clauses 5.4 to 5.6), as rows.
//!
//! ```text
//! TrustServiceStatusList / SchemeInformation / SchemeTerritory        /territory
//! … / TrustServiceProvider / TSPInformation / TSPName / Name          /provider
//!                                           / TSPTradeName / Name     /trade-names
//!                                           / … / CountryName         /country
//!   … / TSPService                                                    a row
//!         ServiceInformation: ServiceTypeIdentifier                   /type
//!                             ServiceName / Name                      /name
//!                             ServiceDigitalIdentity                  /identity, SHA-256 of its first certificate or key id
//!                             ServiceStatus, StatusStartingTime       /status, /since
//!         ServiceHistory / ServiceHistoryInstance: the same           /history, the oldest first and the present one last
//!                                                                     /first, since when the oldest held
//! ```
//!
//! In scope: that structure, bounded, in one pass. A document type declaration is refused, and with it every self-made entity. Out of
//! scope: the list's XML signature, which is not checked: an operator imports a list that he fetched over a channel which he trusts, and
//! answers for that.

use std::io::Read;

use conformity::Digest;
use encoding_rs::Encoding;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use serde_json::{Value, json};

use super::error::ImportError;
use super::limits::{CELL_BYTES_MAX, STATUSES_MAX, XML_DEPTH_MAX};
use super::refusal::Reason;
use super::rows::{Place, Row, Sink};
use super::source::read_text;

const TRUSTED_LIST: &str = "http://uri.etsi.org/02231/v2#";
/// A list is held in memory whole; the longest national one has a tenth of it.
const LIST_MAX: u64 = 64 * 1024 * 1024;

/// Feeds every service of the list to `sink`.
pub(crate) fn read(source: impl Read, encoding: &'static Encoding, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let text = read_text(source, encoding, LIST_MAX)?;
    let mut reader = NsReader::from_str(&text);
    let mut reading = Reading::default();
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(ImportError::Xml)?;
        let own = matches!(namespace, ResolveResult::Bound(Namespace(uri)) if uri == TRUSTED_LIST);
        match event {
            Event::Start(start) => reading.open(&start, own)?,
            Event::Empty(start) => {
                reading.open(&start, own)?;
                reading.close(sink)?;
            }
            Event::End(_) => reading.close(sink)?,
            Event::Text(text) => reading.text(&text),
            Event::CData(text) => reading.text(&text),
            Event::GeneralRef(entity) => {
                let character = entity.resolve_char_ref().map_err(ImportError::Xml)?;
                reading.reference(&entity, character)?;
            }
            Event::DocType(declaration) => {
                return Err(ImportError::Entity { what: declaration.chars().take(60).collect() });
            }
            Event::Eof => return reading.finish(),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// An element that is open, by its name; empty for one of another namespace.
struct Open {
    name: String,
    language: Option<String>,
}

/// Who offers services.
#[derive(Default)]
struct Provider {
    /// In English where there is an English name, else the first.
    name: Option<String>,
    trade_names: Vec<String>,
    country: Option<String>,
}

/// What is said of a service from some time on.
#[derive(Default)]
struct Instance {
    kind: Option<String>,
    name: Option<String>,
    /// The first of its certificates and key ids.
    identity: Option<String>,
    status: Option<String>,
    since: Option<String>,
}

#[derive(Default)]
struct Reading {
    stack: Vec<Open>,
    text: String,
    has_root: bool,
    territory: Option<String>,
    provider: Provider,
    /// What is said of the service that is read, the present first.
    service: Vec<Instance>,
    broken: Option<Reason>,
    count: u64,
}

impl Reading {
    fn open(&mut self, start: &BytesStart<'_>, own: bool) -> Result<(), ImportError> {
        if self.stack.len() == XML_DEPTH_MAX {
            return Err(ImportError::TooDeep { limit: XML_DEPTH_MAX });
        }
        let name = if own { start.local_name().as_ref().to_owned() } else { String::new() };
        if self.stack.is_empty() {
            if name != "TrustServiceStatusList" {
                return Err(ImportError::NotATrustedList);
            }
            self.has_root = true;
        }
        let language = start.try_get_attribute("xml:lang").map_err(|error| ImportError::Xml(error.into()))?;
        let language = language.map(|language| language.value.to_string());
        match name.as_str() {
            "TrustServiceProvider" => self.provider = Provider::default(),
            "TSPService" => (self.service, self.broken) = (Vec::new(), None),
            "ServiceInformation" | "ServiceHistoryInstance" => self.instance(),
            _ => {}
        }
        self.text.clear();
        self.stack.push(Open { name, language });
        Ok(())
    }

    fn instance(&mut self) {
        if self.service.len() == STATUSES_MAX {
            self.broken.get_or_insert(Reason::TooManyValues { limit: STATUSES_MAX });
            return;
        }
        self.service.push(Instance::default());
    }

    fn text(&mut self, text: &str) {
        if self.text.len() + text.len() <= CELL_BYTES_MAX {
            return self.text.push_str(text);
        }
        let (from, bytes) = (self.stack.last().map(|open| open.name.clone()), self.text.len() + text.len());
        let reason = Reason::TooLong { from: from.unwrap_or_default(), bytes, limit: CELL_BYTES_MAX };
        self.broken.get_or_insert(reason);
    }

    /// The five predefined entities and character references are all there is without a document type.
    fn reference(&mut self, name: &str, character: Option<char>) -> Result<(), ImportError> {
        let character = match (character, name) {
            (Some(character), _) => character,
            (None, "amp") => '&',
            (None, "lt") => '<',
            (None, "gt") => '>',
            (None, "quot") => '"',
            (None, "apos") => '\'',
            (None, _) => return Err(ImportError::Entity { what: name.chars().take(60).collect() }),
        };
        self.text(character.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn close(&mut self, sink: &mut dyn Sink) -> Result<(), ImportError> {
        let Some(Open { name, language }) = self.stack.pop() else { return Ok(()) };
        let text = std::mem::take(&mut self.text).split_whitespace().collect::<Vec<_>>().join(" ");
        let parent = self.stack.last().map_or("", |open| &open.name).to_owned();
        let english = language.is_none_or(|language| language.eq_ignore_ascii_case("en"));
        match (parent.as_str(), name.as_str()) {
            (_, "TSPService") => return self.service(sink),
            ("SchemeInformation", "SchemeTerritory") => self.territory = Some(text),
            ("TSPName", "Name") => prefer(&mut self.provider.name, text, english),
            ("TSPTradeName", "Name") if self.provider.trade_names.len() < STATUSES_MAX => {
                self.provider.trade_names.push(text);
            }
            ("PostalAddress", "CountryName") if self.is_within("TSPInformation") => {
                self.provider.country.get_or_insert(text);
            }
            _ => self.said(&parent, &name, text, english),
        }
        Ok(())
    }

    /// A piece of what is said of the service, as long as there is one.
    fn said(&mut self, parent: &str, name: &str, text: String, english: bool) {
        let within = self.is_within("ServiceDigitalIdentity");
        let Some(instance) = self.service.last_mut() else { return };
        match (parent, name) {
            ("ServiceName", "Name") => prefer(&mut instance.name, text, english),
            ("DigitalId", "X509Certificate" | "X509SKI") if within && !text.is_empty() => {
                instance.identity.get_or_insert(text);
            }
            ("ServiceInformation" | "ServiceHistoryInstance", "ServiceTypeIdentifier") => instance.kind = Some(text),
            ("ServiceInformation" | "ServiceHistoryInstance", "ServiceStatus") => instance.status = Some(text),
            ("ServiceInformation" | "ServiceHistoryInstance", "StatusStartingTime") => instance.since = Some(text),
            _ => {}
        }
    }

    fn is_within(&self, name: &str) -> bool {
        self.stack.iter().any(|open| open.name == name)
    }

    fn service(&mut self, sink: &mut dyn Sink) -> Result<(), ImportError> {
        self.count += 1;
        let place = Place::numbered(self.count);
        let service = std::mem::take(&mut self.service);
        sink.row(match self.broken.take() {
            Some(reason) => Row::unreadable(place, reason),
            None => Row::object(place, self.told(&service)),
        })
    }

    fn told(&self, service: &[Instance]) -> Value {
        let history = service.iter().rev().map(|one| json!({ "status": one.status, "since": one.since }));
        let (now, first) = (service.first(), service.last());
        let identity = now.and_then(|now| now.identity.as_ref()).map(|bytes| Digest::of(bytes.as_bytes()).to_string());
        json!({
            "territory": self.territory,
            "provider": self.provider.name,
            "trade-names": self.provider.trade_names,
            "country": self.provider.country,
            "type": now.and_then(|now| now.kind.as_ref()),
            "name": now.and_then(|now| now.name.as_ref()),
            "identity": identity,
            "status": now.and_then(|now| now.status.as_ref()),
            "since": now.and_then(|now| now.since.as_ref()),
            "first": first.and_then(|first| first.since.as_ref()),
            "history": history.collect::<Vec<_>>(),
        })
    }

    /// The reader itself refuses an end tag too many; one too few shows here.
    fn finish(self) -> Result<(), ImportError> {
        if self.has_root && self.stack.is_empty() { Ok(()) } else { Err(ImportError::NotATrustedList) }
    }
}

/// An English name, or the first where there is none.
fn prefer(name: &mut Option<String>, text: String, english: bool) {
    if english || name.is_none() {
        *name = Some(text);
    }
}
