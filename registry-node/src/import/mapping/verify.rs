//! The checks of a mapping that need no row: what would fail on every row is said once, before the first.

use std::collections::BTreeSet;
use std::sync::Arc;

use conformity::identifiers::IdentifierKind;
use conformity::scheme::Scheme;
use encoding_rs::Encoding;

use super::{
    Become, Field, Format, IdentifierField, LevelRule, Mapping, MappingError, MappingFile, SectionTable, VerdictRules,
    Verdicts,
};
use crate::import::occasion::Status;

/// The longest short name of a list: the ids made of it stay far below their own limit.
const LIST_ID_MAX: usize = 32;

fn invalid(at: impl Into<String>, why: impl Into<String>) -> MappingError {
    MappingError::Invalid { at: at.into(), why: why.into() }
}

impl MappingFile {
    pub(super) fn verified(self) -> Result<Mapping, MappingError> {
        verify_list_id(&self.list.id)?;
        let encoding = Encoding::for_label(self.input.encoding.as_bytes())
            .ok_or_else(|| invalid("input.encoding", "unknown; write a WHATWG label such as utf-8 or windows-1252"))?;
        let mapping = Mapping {
            list: self.list,
            input: self.input,
            encoding,
            sections: self.section,
            documents: self.document.into_iter().map(Arc::new).collect(),
            verdicts: verdict_rules(self.verdicts, self.scheme)?,
            evidence: self.evidence,
            suppliers: self.suppliers,
        };
        mapping.verify_format()?;
        mapping.verify_outcome()?;
        mapping.verify_fields()?;
        if let Some(rules) = &mapping.verdicts {
            rules.table.verify(&rules.scheme)?;
        }
        if let Some(suppliers) = &mapping.suppliers {
            verify_kind("suppliers.identifier", &suppliers.identifier)?;
        }
        Ok(mapping)
    }
}

/// Verdicts and their scheme come together or not at all.
fn verdict_rules(table: Option<Verdicts>, scheme: Option<Scheme>) -> Result<Option<VerdictRules>, MappingError> {
    match (table, scheme) {
        (Some(table), Some(scheme)) => Ok(Some(VerdictRules { table, scheme: Arc::new(scheme) })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(invalid("scheme", "missing; verdicts need their scheme")),
        (None, Some(_)) => Err(invalid("scheme", "without [verdicts] no row needs it; leave it out")),
    }
}

/// No dot and no underscore: ids of verdicts are told apart by them.
fn verify_list_id(id: &str) -> Result<(), MappingError> {
    let first = id.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let rest = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if first && rest && id.len() <= LIST_ID_MAX {
        return Ok(());
    }
    Err(invalid("list.id", "write at most 32 of a-z 0-9 -, beginning with a letter or digit"))
}

impl Mapping {
    fn verify_format(&self) -> Result<(), MappingError> {
        let input = &self.input;
        if !input.delimiter.is_ascii() {
            return Err(invalid("input.delimiter", "write one ASCII character"));
        }
        match input.format {
            Format::Json if self.sections.is_empty() => {
                Err(invalid("section", "missing; a JSON list needs at least one [[section]] with its pointer"))
            }
            Format::Json => verify_sections(&self.sections),
            Format::Csv | Format::Html | Format::TrustedList if !self.sections.is_empty() => {
                Err(invalid("section", "only JSON lists have sections; leave it out"))
            }
            Format::Html if input.table.is_none() => {
                Err(invalid("input.table", "missing; name the id of the table in the page"))
            }
            Format::Csv | Format::Html | Format::TrustedList => Ok(()),
        }
    }

    /// What rows are said to become must be described, and the other way round.
    fn verify_outcome(&self) -> Result<(), MappingError> {
        let wanted = |outcome| self.sections.iter().any(|section| section.r#become == outcome);
        let tables = [
            (Become::Verdicts, "verdicts", self.verdicts.is_some()),
            (Become::Evidence, "evidence", self.evidence.is_some()),
            (Become::Suppliers, "suppliers", self.suppliers.is_some()),
        ];
        if self.sections.is_empty() {
            return match (self.verdicts.is_some(), self.suppliers.is_some(), self.evidence.is_some()) {
                (true, false, false) | (false, true, false) => Ok(()),
                _ => Err(invalid("verdicts", "describe either [verdicts] or [suppliers]; a table holds one of them")),
            };
        }
        for (outcome, name, described) in tables {
            if wanted(outcome) != described {
                let why = format!("describe [{name}] exactly when a section becomes it");
                return Err(invalid(name, why));
            }
        }
        Ok(())
    }

    fn verify_fields(&self) -> Result<(), MappingError> {
        let mut wrong = None;
        let json = self.input.format.has_objects();
        self.each_field(&mut |key, field| {
            wrong = wrong.take().or_else(|| field.fault(json).map(|why| invalid(key, why)));
        });
        wrong.map_or(Ok(()), Err)
    }
}

fn verify_sections(sections: &[SectionTable]) -> Result<(), MappingError> {
    let mut names = BTreeSet::new();
    for section in sections {
        let at = format!("section {:?}", section.name);
        if !names.insert(&section.name) {
            return Err(invalid(at, "named twice; give each section its own name"));
        }
        if !section.pointer.is_empty() && !section.pointer.starts_with('/') {
            return Err(invalid(at, "its pointer must be empty or begin with /"));
        }
        if section.why.is_some() != (section.r#become == Become::Nothing) {
            return Err(invalid(at, "say why exactly when it becomes nothing"));
        }
    }
    for (at, section) in sections.iter().enumerate() {
        let below = |other: &SectionTable| format!("{}/", other.pointer).starts_with(&format!("{}/", section.pointer));
        if sections.iter().enumerate().any(|(other, table)| other != at && below(table)) {
            return Err(invalid(format!("section {:?}", section.name), "another section's pointer leads through it"));
        }
    }
    Ok(())
}

impl Field {
    /// What is wrong with it, whatever the row.
    fn fault(&self, json: bool) -> Option<String> {
        let Some(from) = &self.from else {
            return self.constant.is_none().then(|| "needs either from or constant".to_owned());
        };
        if self.constant.is_some() {
            return Some("has both from and constant; keep one".to_owned());
        }
        (json && !from.starts_with('/')).then(|| format!("{from:?} is no JSON pointer; begin it with /"))
    }
}

impl Verdicts {
    pub(super) fn verify(&self, scheme: &Scheme) -> Result<(), MappingError> {
        if self.identity.is_empty() {
            return Err(invalid("verdicts.identity", "name at least one column that tells verdicts apart"));
        }
        if self.viewpoints.is_empty() || !self.viewpoints.is_subset(scheme.viewpoints) {
            return Err(invalid("verdicts.viewpoints", format!("use some of the scheme's: {}", scheme.viewpoints)));
        }
        if !scheme.objects.contains(self.object) {
            return Err(invalid("verdicts.object", format!("use one of the scheme's: {}", scheme.objects)));
        }
        if self.level_required && self.level.is_empty() {
            return Err(invalid("verdicts.level", "missing, although level-required is set"));
        }
        if let Some(level) = self.level.iter().flat_map(LevelRule::levels).find(|level| !scheme.levels.contains(level))
        {
            return Err(invalid("verdicts.level", format!("{level} is not a level of the scheme")));
        }
        if let Some(each) = self.maintenance.as_ref().and_then(|maintenance| maintenance.each.as_ref())
            && !each.starts_with('/')
        {
            return Err(invalid("verdicts.maintenance.each", "only JSON rows hold lists; begin the pointer with /"));
        }
        self.verify_status()?;
        self.verify_history()?;
        let identifiers = &self.supplier.identifiers;
        identifiers.iter().try_for_each(|field| verify_kind("verdicts.supplier.identifiers", field))
    }

    fn verify_history(&self) -> Result<(), MappingError> {
        let Some(history) = &self.history else { return Ok(()) };
        if !history.each.starts_with('/') {
            return Err(invalid(
                "verdicts.history.each",
                "only rows with members hold lists; begin the pointer with /",
            ));
        }
        if self.status.is_none() || self.maintenance.is_some() || self.archived.is_some() {
            let why = "it needs verdicts.status, and tells what maintenance and archived would; leave them out";
            return Err(invalid("verdicts.history", why));
        }
        Ok(())
    }

    fn verify_status(&self) -> Result<(), MappingError> {
        let Some(status) = &self.status else { return Ok(()) };
        if status.map.is_empty() {
            return Err(invalid("verdicts.status.map", "missing; say what each published status means"));
        }
        match status.map.values().find(|word| word.parse::<Status>().is_err()) {
            Some(word) => Err(invalid("verdicts.status.map", format!("{word:?} is none of {}", Status::words()))),
            None => Ok(()),
        }
    }
}

fn verify_kind(at: &str, identifier: &IdentifierField) -> Result<(), MappingError> {
    match identifier.kind.parse::<IdentifierKind>() {
        Ok(_) => Ok(()),
        Err(error) => Err(invalid(format!("{at}.kind"), error.to_string())),
    }
}
