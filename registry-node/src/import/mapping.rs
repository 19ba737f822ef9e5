//! The mapping file: how one operator's list becomes statements.
//!
//! In scope: the file's shape, strict in every table (an unknown key is an error with its line), and the checks that need
//! no row. Out of scope: reading rows, see [`super::mapped`]. `MAPPING.md` beside this file is the operator's guide to every
//! key; the presets in `presets/` are complete examples.
//!
//! ```toml
//! [list]                      # which list: its short name is part of every identifier that stays local to it
//! id = "example"
//! title = "Certified products"
//! source = "https://list.example/products.csv"
//!
//! [input]                     # how it is written
//! format = "csv"              # csv | json | html | trusted-list
//! encoding = "windows-1252"
//! days = ["%m/%d/%Y"]
//!
//! [scheme]                    # the scheme of its verdicts, as in a scheme-published statement
//! …
//!
//! [verdicts]                  # what a row says
//! identity = ["Certificate"]
//! name = { from = "Product", clean = ["entities"] }
//! …
//! ```

mod field;
mod verify;

use std::sync::Arc;

use conformity::document::Document;
use conformity::scheme::Scheme;
use conformity::text::Text;
use conformity::verdict::Profile;
use conformity::viewpoint::{ObjectKind, Viewpoints};
use encoding_rs::Encoding;
use serde::Deserialize;

use super::days::DayFormat;
use super::json_rows::Section;
pub(crate) use field::{Field, LevelRule, Part, join};

/// Why a mapping cannot be used. Always the operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// Not TOML, a key that does not exist, or a value of the wrong type. The message shows the line.
    #[error("the mapping cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A value that makes no sense where it stands.
    #[error("the mapping's {at}: {why}")]
    Invalid {
        /// The key.
        at: String,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// No preset of that name.
    #[error("there is no preset {name:?}: name a mapping file, or one of {}", known.join(", "))]
    NoPreset {
        /// The name as given.
        name: String,
        /// Those there are.
        known: Vec<&'static str>,
    },
}

/// A mapping that was checked: everything in it can be used.
#[derive(Debug)]
pub struct Mapping {
    pub(crate) list: List,
    pub(crate) input: Input,
    pub(crate) encoding: &'static Encoding,
    pub(crate) sections: Vec<SectionTable>,
    pub(crate) documents: Vec<Arc<Document>>,
    pub(crate) verdicts: Option<VerdictRules>,
    evidence: Option<Evidence>,
    suppliers: Option<Suppliers>,
}

/// How a row says a verdict, and under which scheme.
#[derive(Debug)]
pub(crate) struct VerdictRules {
    pub(crate) table: Verdicts,
    pub(crate) scheme: Arc<Scheme>,
}

/// What a row becomes, with the rules for it.
pub(crate) enum Outcome<'m> {
    /// A verdict.
    Verdict(&'m VerdictRules),
    /// An acceptance of a verdict as evidence.
    Evidence(&'m Evidence),
    /// A known supplier.
    Supplier(&'m Suppliers),
    /// Nothing, and why.
    Nothing(&'m str),
}

/// The file as written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct MappingFile {
    list: List,
    input: Input,
    #[serde(default)]
    section: Vec<SectionTable>,
    scheme: Option<Scheme>,
    #[serde(default)]
    document: Vec<Document>,
    verdicts: Option<Verdicts>,
    evidence: Option<Evidence>,
    suppliers: Option<Suppliers>,
}

/// Which list it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct List {
    /// Short name, at most 32 of a-z 0-9 . _ -: the `<list>` of `local:<list>:<value>`, and the first part of the ids of
    /// its verdicts. Never change it: everything imported before would be taken for another list's.
    pub(crate) id: String,
    /// Its title as its operator gives it.
    pub(crate) title: Text<128>,
    /// Where it is published.
    pub(crate) source: Text<1024>,
}

/// How it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Input {
    /// `csv`, `json`, `html` or `trusted-list`.
    pub(crate) format: Format,
    /// A WHATWG label: `utf-8` (when left out), `windows-1252` (also for what calls itself latin-1), `shift_jis`.
    #[serde(default = "utf_8")]
    encoding: String,
    /// The character between fields of a CSV list; a comma when left out.
    #[serde(default = "comma")]
    delimiter: char,
    /// The `id` of the table in a web page.
    table: Option<String>,
    /// How days are written, tried in this order: `instant` for RFC 3339, or a strftime pattern.
    #[serde(default)]
    pub(crate) days: Vec<DayFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// Comma-separated values with a heading. Values are read by column name.
    Csv,
    /// JSON. Values are read by JSON pointer within the row.
    Json,
    /// A table of a web page with a heading. Values are read by column name.
    Html,
    /// A trusted list (XML, ETSI TS 119 612). Values are read by JSON pointer within what the reader makes of a service.
    TrustedList,
}

impl Format {
    /// Whether rows are objects, so that values are read by JSON pointer.
    pub(crate) const fn has_objects(self) -> bool {
        matches!(self, Self::Json | Self::TrustedList)
    }
}

fn utf_8() -> String {
    "utf-8".to_owned()
}

fn comma() -> char {
    ','
}

/// One of the lists within a JSON document.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SectionTable {
    /// Its name in reports.
    pub(crate) name: Arc<str>,
    /// Where it stands: JSON pointer through objects; empty for the document itself. An object there is one row.
    pointer: String,
    /// What its rows become.
    pub(crate) r#become: Become,
    /// With `become = "nothing"`: what the rows are instead, as the reason of their refusal.
    pub(crate) why: Option<String>,
}

/// What the rows of a section become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Become {
    /// Verdicts, by `[verdicts]`.
    Verdicts,
    /// Acceptances of a verdict of this list as evidence, by `[evidence]`.
    Evidence,
    /// Known suppliers, by `[suppliers]`.
    Suppliers,
    /// Nothing: each row is refused with `why`.
    Nothing,
}

/// How a row says a verdict.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Verdicts {
    /// The columns that together tell one verdict from another. One column that holds the list's own id is best. Rows of
    /// the same identity are one verdict.
    pub(crate) identity: Vec<Field>,
    /// What kind of object is assessed.
    pub(crate) object: ObjectKind,
    /// The object's name.
    pub(crate) name: Field,
    /// The object's version.
    pub(crate) version: Option<Field>,
    /// From which viewpoints.
    pub(crate) viewpoints: Viewpoints,
    /// To whom verdicts are shown; a published list is open.
    #[serde(default = "open")]
    pub(crate) profile: Profile,
    /// Whom it is about.
    pub(crate) supplier: SupplierFields,
    /// What it covers: labelled values, joined. Those that are absent are left out.
    pub(crate) scope: Vec<Part>,
    /// Where this row is published, where the list says so per row.
    pub(crate) source: Option<Field>,
    /// Its first day.
    pub(crate) valid_from: Field,
    /// Its last day; left out where the list states none.
    pub(crate) valid_until: Option<Field>,
    /// The day on which the list stops calling it current. From that day on the verdict is historical.
    pub(crate) archived: Option<Field>,
    /// The code of whoever issued it.
    pub(crate) issued_by: Option<Field>,
    /// Its status, mapped to `valid`, `suspended`, `withdrawn`, `historical` or `not-a-verdict`.
    pub(crate) status: Option<Field>,
    /// Where its level is read: the first rule that knows one decides. A value that none knows refuses the row.
    #[serde(default)]
    pub(crate) level: Vec<LevelRule>,
    /// Whether a row without a level is refused.
    #[serde(default)]
    pub(crate) level_required: bool,
    /// How a row says that its verdict was maintained: such a row is history, not another verdict.
    pub(crate) maintenance: Option<Maintenance>,
    /// Where a row tells how its status went.
    pub(crate) history: Option<History>,
}

fn open() -> Profile {
    Profile::Open
}

/// Whom a verdict is about.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SupplierFields {
    /// Its name.
    pub(crate) name: Field,
    /// Where it is established. Where the list does not say so, the verdict does not either.
    pub(crate) country: Option<Field>,
    /// Identifiers that the list gives, best first. The first that is present is the supplier's; the others go along.
    /// Without any the supplier is `local:<list>:<row>`: known from this row only, never joined to another by its name.
    #[serde(default)]
    pub(crate) identifiers: Vec<IdentifierField>,
}

/// An identifier of a kind that registries know: `lei`, `duns`, `uei`, …, or `local` for the list's own.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct IdentifierField {
    /// Its kind.
    pub(crate) kind: String,
    /// Its value.
    pub(crate) value: Field,
}

/// How a row says that its verdict was maintained.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Maintenance {
    /// JSON pointer to the list of maintenances within the row, where a row has several; the other fields are then read
    /// within each of them.
    pub(crate) each: Option<String>,
    /// When. A row where it is absent is no maintenance; several lines are several maintenances.
    pub(crate) day: Field,
    /// What is covered from then on, too.
    pub(crate) scope: Vec<Part>,
}

/// Where a row tells how its status went: every status with the day since when it held, the oldest first and the present one last.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct History {
    /// JSON pointer to the list within the row. The status is read in each of its members as in the row itself.
    pub(crate) each: String,
    /// Since when.
    pub(crate) since: Field,
}

/// How a row says that somebody accepted a verdict of this list as evidence for a decision of its own.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Evidence {
    /// The identity of the verdict, in the order of `verdicts.identity`.
    pub(crate) verdict: Vec<Field>,
    /// The authority that accepted it.
    pub(crate) by: Field,
    /// The part of it that did.
    pub(crate) unit: Option<Field>,
    /// The authority's code in the list.
    pub(crate) code: Option<Field>,
    /// The first day of its own decision.
    pub(crate) from: Field,
    /// The last day of it.
    pub(crate) until: Option<Field>,
    /// When the list's operator took note of it.
    pub(crate) noted: Option<Field>,
}

/// How a row says that a legal entity exists.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Suppliers {
    /// Its identifier.
    pub(crate) identifier: IdentifierField,
    /// Its legal name.
    pub(crate) name: Field,
    /// Where it is established.
    pub(crate) country: Option<Field>,
}

impl VerdictRules {
    /// Why the rules do not fit a scheme, if they do not.
    pub(crate) fn misfit(&self, scheme: &Scheme) -> Option<MappingError> {
        self.table.verify(scheme).err()
    }
}

impl Mapping {
    /// Reads and checks a mapping file.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its line or key.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        toml::from_str::<MappingFile>(text)?.verified()
    }

    /// The list's short name.
    pub fn list(&self) -> &str {
        &self.list.id
    }

    /// The sections as the JSON reader wants them.
    pub(crate) fn json_sections(&self) -> Vec<Section> {
        let section = |table: &SectionTable| Section { name: Arc::clone(&table.name), pointer: table.pointer.clone() };
        self.sections.iter().map(section).collect()
    }

    pub(crate) fn delimiter(&self) -> u8 {
        u8::try_from(self.input.delimiter).unwrap_or(b',')
    }

    pub(crate) fn table(&self) -> &str {
        self.input.table.as_deref().unwrap_or_default()
    }

    /// What the rows of `section` become; a table is one section.
    pub(crate) fn outcome(&self, section: Option<&str>) -> Outcome<'_> {
        let table = self.sections.iter().find(|table| Some(&*table.name) == section);
        let outcome = match table.map(|table| table.r#become) {
            Some(Become::Verdicts) => self.verdicts.as_ref().map(Outcome::Verdict),
            Some(Become::Evidence) => self.evidence.as_ref().map(Outcome::Evidence),
            Some(Become::Suppliers) => self.suppliers.as_ref().map(Outcome::Supplier),
            Some(Become::Nothing) => None,
            None => self.verdicts.as_ref().map(Outcome::Verdict).or(self.suppliers.as_ref().map(Outcome::Supplier)),
        };
        let why = table.and_then(|table| table.why.as_deref());
        outcome.unwrap_or(Outcome::Nothing(why.unwrap_or("the mapping describes no outcome for it")))
    }

    /// Every column that the mapping reads.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let mut columns = Vec::new();
        self.each_field(&mut |_, field| columns.extend(field.from.as_deref()));
        columns
    }

    /// Calls `each` with every field and its key.
    fn each_field<'m>(&'m self, each: &mut dyn FnMut(&'static str, &'m Field)) {
        if let Some(verdicts) = &self.verdicts {
            verdicts.table.each_field(each);
        }
        if let Some(evidence) = &self.evidence {
            evidence.verdict.iter().for_each(|field| each("evidence.verdict", field));
            each("evidence.by", &evidence.by);
            evidence.unit.iter().for_each(|field| each("evidence.unit", field));
            evidence.code.iter().for_each(|field| each("evidence.code", field));
            each("evidence.from", &evidence.from);
            evidence.until.iter().for_each(|field| each("evidence.until", field));
            evidence.noted.iter().for_each(|field| each("evidence.noted", field));
        }
        if let Some(suppliers) = &self.suppliers {
            each("suppliers.identifier.value", &suppliers.identifier.value);
            each("suppliers.name", &suppliers.name);
            suppliers.country.iter().for_each(|field| each("suppliers.country", field));
        }
    }
}

impl Verdicts {
    fn each_field<'m>(&'m self, each: &mut dyn FnMut(&'static str, &'m Field)) {
        self.identity.iter().for_each(|field| each("verdicts.identity", field));
        each("verdicts.name", &self.name);
        each("verdicts.supplier.name", &self.supplier.name);
        self.supplier.country.iter().for_each(|field| each("verdicts.supplier.country", field));
        self.supplier.identifiers.iter().for_each(|field| each("verdicts.supplier.identifiers", &field.value));
        self.scope.iter().for_each(|part| each("verdicts.scope", &part.value));
        each("verdicts.valid-from", &self.valid_from);
        self.level.iter().for_each(|rule| each("verdicts.level", &rule.value));
        let optional = [
            ("verdicts.version", &self.version),
            ("verdicts.source", &self.source),
            ("verdicts.valid-until", &self.valid_until),
            ("verdicts.archived", &self.archived),
            ("verdicts.issued-by", &self.issued_by),
            ("verdicts.status", &self.status),
        ];
        for (key, field) in optional {
            field.iter().for_each(|field| each(key, field));
        }
        if let Some(maintenance) = &self.maintenance {
            each("verdicts.maintenance.day", &maintenance.day);
            maintenance.scope.iter().for_each(|part| each("verdicts.maintenance.scope", &part.value));
        }
    }
}

#[cfg(test)]
mod tests;
