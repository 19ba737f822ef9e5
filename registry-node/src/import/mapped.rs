//! From a row to what it says: a verdict, an acceptance as evidence, a known supplier, or a reason why none of these.
//!
//! In scope: one row by itself. Out of scope: rows that belong together, see [`super::subjects`], and what the register
//! already holds, see [`super::plan`].

use std::sync::Arc;

use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, LevelCode, ListCode, NameError};
use conformity::text::{Text, TextError};
use conformity::time::Day;
use conformity::verdict::{Acceptance, AssessedObject, Provenance, Supplier, Transcription, Verdict};
use serde::Serialize;

use super::follow::SCOPE_MAX;
use super::limits::STATUSES_MAX;
use super::mapping::{self, Evidence, Field, IdentifierField, Maintenance, Mapping, Suppliers, VerdictRules, Verdicts};
use super::names::{self, Identity};
use super::occasion::{Occasion, Status, UnknownStatus};
use super::refusal::Reason;
use super::rows::Row;

/// A verdict as one row says it.
#[derive(Debug, Clone)]
pub(crate) struct RowVerdict {
    /// As it would be granted.
    pub(crate) terms: Verdict,
    /// What the list says of it now.
    pub(crate) status: Status,
    /// The day on which the list stops, or stopped, calling it current.
    pub(crate) archived: Option<Day>,
    /// What the row adds to it.
    pub(crate) maintenance: Vec<Episode>,
    /// How its status went, the oldest first; nothing where the list tells only how it is.
    pub(crate) history: Vec<Past>,
}

/// A status, since when, and the list's word for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) status: Status,
    pub(crate) since: Day,
    pub(crate) word: String,
}

/// A maintenance: from this day on the verdict covers this, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Episode {
    pub(crate) day: Day,
    pub(crate) covers: String,
}

impl Episode {
    /// What it adds to a scope.
    pub(crate) fn words(&self) -> String {
        format!("; maintained {}: {}", self.day, self.covers)
    }
}

/// A legal entity as a reference list says it: who stands behind an identifier. No statement follows from it; the list's
/// own issuer answers for it, not this registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownSupplier {
    /// Its identifier, check digits verified.
    pub identifier: Identifier,
    /// Its legal name.
    pub name: Text<256>,
    /// Where it is established.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
}

/// Reads rows of one list on one occasion.
pub(crate) struct Reader<'m> {
    pub(crate) mapping: &'m Mapping,
    pub(crate) occasion: &'m Occasion,
}

impl Reader<'_> {
    /// Reads a verdict.
    pub(crate) fn verdict(&self, rules: &VerdictRules, row: &Row) -> Result<RowVerdict, Reason> {
        let table = &rules.table;
        let (status, published) = self.status(table, row)?;
        if status == Status::NotAVerdict {
            return Err(Reason::NotAVerdict { status: published.unwrap_or_default() });
        }
        let terms = self.terms(rules, row, published.as_deref())?;
        let archived = self.day(table.archived.as_ref(), "archived", row)?;
        in_order("valid-from", terms.valid_from, "archived", archived)?;
        in_order("valid-from", terms.valid_from, "valid-until", terms.valid_until)?;
        self.past("valid-from", terms.valid_from)?;
        let maintenance = self.maintenances(table, row, &terms)?;
        let history = self.history(table, row, &terms)?;
        if let Some(now) = history.last().filter(|now| now.status != status) {
            let why = format!("it ends with {}, and the status is {}", now.word, published.unwrap_or_default());
            return Err(Reason::Unacceptable { field: "history", why });
        }
        Ok(RowVerdict { terms, status, archived, maintenance, history })
    }

    /// How the status went, from the grant on, in the order of time.
    fn history(&self, table: &Verdicts, row: &Row, terms: &Verdict) -> Result<Vec<Past>, Reason> {
        const FIELD: &str = "history";
        let Some(history) = &table.history else { return Ok(Vec::new()) };
        let (mut told, mut before) = (Vec::new(), terms.valid_from);
        for inner in row.each(&history.each)? {
            if told.len() == STATUSES_MAX {
                return Err(Reason::TooManyValues { limit: STATUSES_MAX });
            }
            let (status, word) = self.status(table, &inner)?;
            let since = history.since.require_day(FIELD, &inner, &self.mapping.input.days)?;
            in_order(FIELD, before, FIELD, Some(since))?;
            self.past(FIELD, since)?;
            before = since;
            told.push(Past { status, since, word: word.unwrap_or_default() });
        }
        match told.first() {
            Some(first) if first.status == Status::Valid && first.since == terms.valid_from => Ok(told),
            Some(first) => {
                let why = format!("it begins with {} on {}, which is no grant", first.word, first.since);
                Err(Reason::Unacceptable { field: FIELD, why })
            }
            None => Err(history.since.missing(FIELD)),
        }
    }

    fn terms(&self, rules: &VerdictRules, row: &Row, published: Option<&str>) -> Result<Verdict, Reason> {
        let table = &rules.table;
        let identity = Identity::read(self.mapping.list(), &table.identity, row)?;
        let name: Text<256> = required("name", &table.name, row)?;
        let scope = mapping::join(&table.scope, "scope", row)?.unwrap_or_else(|| name.to_string());
        Ok(Verdict {
            verdict: identity.verdict(self.mapping.list())?,
            supplier: Arc::new(self.supplier(table, row, &identity)?),
            object: AssessedObject {
                kind: table.object,
                name,
                version: optional("version", table.version.as_ref(), row)?,
            },
            scheme: rules.scheme.scheme.clone(),
            viewpoints: table.viewpoints,
            level: level(table, row)?,
            scope: text("scope", &scope)?,
            sites: Vec::new(),
            exclusions: Vec::new(),
            sectors: Vec::new(),
            valid_from: table.valid_from.require_day("valid-from", row, &self.mapping.input.days)?,
            valid_until: self.day(table.valid_until.as_ref(), "valid-until", row)?,
            conditions: None,
            profile: table.profile,
            provenance: Provenance::Transcribed(self.transcription(table, row, &identity, published)?),
            upgrades: None,
        })
    }

    fn transcription(
        &self,
        table: &Verdicts,
        row: &Row,
        identity: &Identity,
        published: Option<&str>,
    ) -> Result<Transcription, Reason> {
        let list = &self.mapping.list;
        Ok(Transcription {
            list: list.title.clone(),
            source: optional("source", table.source.as_ref(), row)?.unwrap_or_else(|| self.source()),
            retrieved: self.occasion.retrieved,
            row: text("identity", identity.as_str())?,
            issued_by: code("issued-by", table.issued_by.as_ref(), row)?,
            status_at_source: published.map(|status| names::list_code("status", status)).transpose()?,
        })
    }

    fn source(&self) -> Text<1024> {
        self.occasion.source.clone().unwrap_or_else(|| self.mapping.list.source.clone())
    }

    fn supplier(&self, table: &Verdicts, row: &Row, identity: &Identity) -> Result<Supplier, Reason> {
        let fields = &table.supplier;
        let mut identifiers = Vec::new();
        for field in &fields.identifiers {
            identifiers.extend(self.identifier(field, row)?);
        }
        if identifiers.is_empty() {
            identifiers.push(names::local(self.mapping.list(), identity.as_str())?);
        }
        Ok(Supplier {
            id: identifiers.remove(0),
            name: required("supplier", &fields.name, row)?,
            country: country(fields.country.as_ref(), row)?,
            others: identifiers,
            person: false,
        })
    }

    fn identifier(&self, field: &IdentifierField, row: &Row) -> Result<Option<Identifier>, Reason> {
        let Some(value) = field.value.read("identifier", row)? else { return Ok(None) };
        if field.kind == "local" {
            return names::local(self.mapping.list(), &value).map(Some);
        }
        let kind = field.kind.parse().map_err(|error| names::identifier_reason(&error))?;
        Identifier::new(kind, &value).map(Some).map_err(|error| names::identifier_reason(&error))
    }

    /// What the list says of the verdict now, and in which words.
    fn status(&self, table: &Verdicts, row: &Row) -> Result<(Status, Option<String>), Reason> {
        const FIELD: &str = "status";
        let of_file = self.occasion.status.map(|status| (status, Some(status.as_str().to_owned())));
        let Some(field) = &table.status else { return Ok(of_file.unwrap_or((Status::Valid, None))) };
        match (field.read(FIELD, row)?, of_file) {
            (Some(word), _) => {
                let status = word.parse().map_err(|error: UnknownStatus| Reason::unacceptable(FIELD, &error))?;
                Ok((status, field.published(row)?))
            }
            (None, Some(of_file)) => Ok(of_file),
            (None, None) => Err(field.missing(FIELD)),
        }
    }

    /// The maintenances that a row states.
    fn maintenances(&self, table: &Verdicts, row: &Row, terms: &Verdict) -> Result<Vec<Episode>, Reason> {
        let Some(maintenance) = &table.maintenance else { return Ok(Vec::new()) };
        let Some(pointer) = &maintenance.each else { return self.maintenance(maintenance, row, terms) };
        let each = row.each(pointer)?;
        let episodes = each.iter().map(|inner| self.maintenance(maintenance, inner, terms));
        Ok(episodes.collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// One maintenance per line of the cell. The day of the grant itself is none.
    fn maintenance(&self, table: &Maintenance, row: &Row, terms: &Verdict) -> Result<Vec<Episode>, Reason> {
        const FIELD: &str = "maintenance";
        let mut episodes = Vec::new();
        for day in table.day.days(FIELD, row, &self.mapping.input.days)? {
            if day == terms.valid_from {
                continue;
            }
            in_order("valid-from", terms.valid_from, FIELD, Some(day))?;
            self.past(FIELD, day)?;
            let covers = mapping::join(&table.scope, FIELD, row)?.ok_or_else(|| table.day.missing(FIELD))?;
            episodes.push(fitting(Episode { day, covers }, &terms.scope)?);
        }
        Ok(episodes)
    }

    /// Reads that an authority accepted a verdict, in its first edition, as evidence.
    pub(crate) fn acceptance(&self, table: &Evidence, row: &Row) -> Result<Acceptance, Reason> {
        let list = self.mapping.list();
        let from = table.from.require_day("from", row, &self.mapping.input.days)?;
        let until = self.day(table.until.as_ref(), "until", row)?;
        in_order("from", from, "until", until)?;
        self.past("from", from)?;
        let verdict = Identity::read(list, &table.verdict, row)?.verdict(list)?;
        let (authority, unit) = (required("by", &table.by, row)?, optional("unit", table.unit.as_ref(), row)?);
        let issued_by = code("code", table.code.as_ref(), row)?;
        let noted = self.day(table.noted.as_ref(), "noted", row)?;
        // Everything that the row says, and not its number, which moves whenever the list grows.
        let says = (&row.place.section, &verdict, &authority, &unit, &issued_by, from, until, noted);
        Ok(Acceptance {
            acceptance: names::acceptance(list, &says)?,
            transcribed: Transcription {
                list: self.mapping.list.title.clone(),
                source: self.source(),
                retrieved: self.occasion.retrieved,
                row: text("row", &row.place.to_string())?,
                issued_by,
                status_at_source: None,
            },
            verdict,
            authority,
            unit,
            from,
            until,
            noted,
        })
    }

    /// Reads a legal entity.
    pub(crate) fn legal_entity(&self, table: &Suppliers, row: &Row) -> Result<KnownSupplier, Reason> {
        let identifier = self.identifier(&table.identifier, row)?;
        Ok(KnownSupplier {
            identifier: identifier.ok_or_else(|| table.identifier.value.missing("identifier"))?,
            name: required("name", &table.name, row)?,
            country: country(table.country.as_ref(), row)?,
        })
    }

    fn day(&self, field: Option<&Field>, name: &'static str, row: &Row) -> Result<Option<Day>, Reason> {
        field.map_or(Ok(None), |field| field.day(name, row, &self.mapping.input.days))
    }

    /// Whatever a list reports had happened when it was fetched.
    fn past(&self, field: &'static str, day: Day) -> Result<(), Reason> {
        if day > self.occasion.retrieved { Err(Reason::Future { field, day }) } else { Ok(()) }
    }
}

/// The level by the first rule that knows one. A value that no rule knows is not passed over: it is the reason then.
fn level(table: &Verdicts, row: &Row) -> Result<Option<LevelCode>, Reason> {
    let mut unknown = None;
    for rule in &table.level {
        match rule.read(row) {
            Ok(Some(level)) => return Ok(Some(level)),
            Ok(None) => {}
            Err(reason) => unknown = unknown.or(Some(reason)),
        }
    }
    match unknown {
        Some(reason) => Err(reason),
        None if table.level_required => Err(Reason::NoLevel),
        None => Ok(None),
    }
}

/// A maintenance is told as part of a scope: the two must fit.
fn fitting(episode: Episode, scope: &Text<SCOPE_MAX>) -> Result<Episode, Reason> {
    match text::<SCOPE_MAX>("maintenance", &format!("{scope}{}", episode.words())) {
        Ok(_) => Ok(episode),
        Err(reason) => Err(reason),
    }
}

fn in_order(earlier: &'static str, early: Day, later: &'static str, late: Option<Day>) -> Result<(), Reason> {
    match late {
        Some(late) if late < early => Err(Reason::Order { earlier, early, later, late }),
        _ => Ok(()),
    }
}

fn text<const MAX: usize>(field: &'static str, text: &str) -> Result<Text<MAX>, Reason> {
    text.parse().map_err(|error: TextError| Reason::unacceptable(field, &error))
}

fn required<const MAX: usize>(name: &'static str, field: &Field, row: &Row) -> Result<Text<MAX>, Reason> {
    text(name, &field.require(name, row)?)
}

fn optional<const MAX: usize>(
    name: &'static str,
    field: Option<&Field>,
    row: &Row,
) -> Result<Option<Text<MAX>>, Reason> {
    optional_word(name, field, row)?.map(|word| text(name, &word)).transpose()
}

fn optional_word(name: &'static str, field: Option<&Field>, row: &Row) -> Result<Option<String>, Reason> {
    field.map_or(Ok(None), |field| field.read(name, row))
}

fn code(name: &'static str, field: Option<&Field>, row: &Row) -> Result<Option<ListCode>, Reason> {
    optional_word(name, field, row)?.map(|word| names::list_code(name, &word)).transpose()
}

/// The country, where the list states one: what is not stated is left out, never made up.
fn country(field: Option<&Field>, row: &Row) -> Result<Option<CountryCode>, Reason> {
    const FIELD: &str = "country";
    let word = optional_word(FIELD, field, row)?;
    word.map(|word| word.parse().map_err(|error: NameError| Reason::unacceptable(FIELD, &error))).transpose()
}
