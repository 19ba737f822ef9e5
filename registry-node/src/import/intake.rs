//! From the bytes of a file to everything that its rows say, each row by itself and rows of one verdict together.
//!
//! In scope: choosing the reader, the bound on rows, and the rows that are refused whatever the register holds. Out of
//! scope: the register.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use conformity::identifiers::Identifier;
use conformity::ids::AcceptanceId;
use conformity::verdict::Acceptance;

use super::account::{Accounts, Became};
use super::error::ImportError;
use super::limits::ROWS_MAX;
use super::mapped::{KnownSupplier, Reader};
use super::mapping::{Format, Mapping, Outcome};
use super::occasion::Occasion;
use super::refusal::Reason;
use super::rows::{Place, Row, Sink};
use super::subjects::Subjects;
use super::{csv_rows, html, json_rows, trusted_list};

/// Everything that the rows of one file say.
pub(crate) struct Intake<'m> {
    reader: Reader<'m>,
    rows: u64,
    pub(crate) subjects: Subjects,
    /// In the order of the file.
    pub(crate) evidence: Vec<(Place, Acceptance)>,
    /// What one section says twice is a repetition, what two sections say is said twice.
    accepted: HashMap<AcceptanceId, Place>,
    pub(crate) suppliers: BTreeMap<Identifier, (Place, KnownSupplier)>,
    /// The rows that were refused.
    pub(crate) accounts: Accounts,
}

impl<'m> Intake<'m> {
    /// Reads a whole file.
    pub(crate) fn read(source: impl Read, mapping: &'m Mapping, occasion: &'m Occasion) -> Result<Self, ImportError> {
        let mut intake = Self::new(mapping, occasion);
        match mapping.input.format {
            Format::Csv => csv_rows::read(source, mapping.encoding, mapping.delimiter(), &mut intake)?,
            Format::Json => json_rows::read(source, mapping.encoding, &mapping.json_sections(), &mut intake)?,
            Format::Html => html::read(source, mapping.encoding, mapping.table(), &mut intake)?,
            Format::TrustedList => trusted_list::read(source, mapping.encoding, &mut intake)?,
        }
        Ok(intake)
    }

    fn new(mapping: &'m Mapping, occasion: &'m Occasion) -> Self {
        Self {
            reader: Reader { mapping, occasion },
            rows: 0,
            subjects: Subjects::default(),
            evidence: Vec::new(),
            accepted: HashMap::new(),
            suppliers: BTreeMap::new(),
            accounts: Accounts::default(),
        }
    }

    fn take(&mut self, row: &Row) -> Result<(), Reason> {
        let place = row.place.clone();
        match self.reader.mapping.outcome(place.section.as_deref()) {
            Outcome::Verdict(rules) => self.subjects.add(place, self.reader.verdict(rules, row)?),
            Outcome::Evidence(table) => self.accept(place, self.reader.acceptance(table, row)?),
            Outcome::Supplier(table) => self.know(place, self.reader.legal_entity(table, row)?),
            Outcome::Nothing(why) => Err(Reason::OtherFact { why: why.to_owned() }),
        }
    }

    fn accept(&mut self, place: Place, acceptance: Acceptance) -> Result<(), Reason> {
        if let Some(first) = self.accepted.get(&acceptance.acceptance) {
            return Err(Reason::Repeats { first: first.clone() });
        }
        self.accepted.insert(acceptance.acceptance.clone(), place.clone());
        self.evidence.push((place, acceptance));
        Ok(())
    }

    fn know(&mut self, place: Place, supplier: KnownSupplier) -> Result<(), Reason> {
        if let Some((first, known)) = self.suppliers.get(&supplier.identifier) {
            let first = first.clone();
            return Err(if *known == supplier { Reason::Repeats { first } } else { Reason::Contradicts { first } });
        }
        self.suppliers.insert(supplier.identifier.clone(), (place, supplier));
        Ok(())
    }
}

impl Sink for Intake<'_> {
    /// A column that the mapping reads and the table lacks would refuse every row; it is said once.
    fn columns(&mut self, names: &[String]) -> Result<(), ImportError> {
        for column in self.reader.mapping.columns() {
            match names.iter().filter(|name| *name == column).count() {
                1 => {}
                0 => return Err(ImportError::NoColumn { column: column.to_owned(), known: names.to_vec() }),
                _ => return Err(ImportError::DoubleColumn { column: column.to_owned() }),
            }
        }
        Ok(())
    }

    fn row(&mut self, row: Row) -> Result<(), ImportError> {
        self.rows += 1;
        if self.rows > ROWS_MAX {
            return Err(ImportError::TooManyRows { limit: ROWS_MAX });
        }
        if let Err(reason) = self.take(&row) {
            self.accounts.push(row.place, Became::Refused(reason));
        }
        Ok(())
    }
}
