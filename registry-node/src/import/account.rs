//! The account of an import: what became of every row, and how many of each.

use conformity::identifiers::Identifier;
use conformity::ids::VerdictId;
use serde::Serialize;

use super::refusal::Reason;
use super::rows::Place;

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Which row.
    pub place: Place,
    /// What it became.
    pub became: Became,
}

/// What a row became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// A verdict.
    Verdict {
        /// Its id in its first edition.
        verdict: VerdictId,
        /// What that means for the register.
        effect: Effect,
    },
    /// Part of the history of a verdict that another row says.
    History {
        /// Which verdict.
        verdict: VerdictId,
    },
    /// That an authority accepted a verdict as evidence. It recognises nothing.
    Evidence {
        /// Which verdict, in its first edition.
        verdict: VerdictId,
    },
    /// A known supplier.
    Supplier {
        /// By its identifier.
        identifier: Identifier,
    },
    /// Nothing.
    Refused(Reason),
}

/// What a verdict of the list means for the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It was not there.
    New,
    /// It was there and is stated anew, in part.
    Changed,
    /// It was there and stays as it is.
    Unchanged,
}

/// Every row's account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    accounts: Vec<Account>,
}

/// How many rows became what. `rows` is the sum of the five below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Rows of the file.
    pub rows: usize,
    /// Rows that are verdicts.
    pub verdicts: usize,
    /// Rows that are history of these.
    pub history: usize,
    /// Rows that say that an authority accepted one as evidence.
    pub evidence: usize,
    /// Rows that are known suppliers.
    pub suppliers: usize,
    /// Rows that were refused.
    pub refused: usize,
    /// Verdicts that the register did not hold.
    pub new: usize,
    /// Verdicts that it held and that change.
    pub changed: usize,
    /// Verdicts that it holds as they are.
    pub unchanged: usize,
}

impl Counts {
    fn count(&mut self, became: &Became) {
        self.rows += 1;
        match became {
            Became::Verdict { effect, .. } => {
                self.verdicts += 1;
                self.effect(*effect);
            }
            Became::Supplier { .. } => self.suppliers += 1,
            Became::History { .. } => self.history += 1,
            Became::Evidence { .. } => self.evidence += 1,
            Became::Refused(_) => self.refused += 1,
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::New => self.new += 1,
            Effect::Changed => self.changed += 1,
            Effect::Unchanged => self.unchanged += 1,
        }
    }
}

/// What became of the rows of one section of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SectionCounts {
    /// Its name.
    pub section: String,
    /// How many rows became what.
    #[serde(flatten)]
    pub counts: Counts,
}

/// A row that was refused, for reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowRefusal {
    /// Which row.
    #[serde(flatten)]
    pub place: Place,
    /// A stable code for machines.
    pub code: &'static str,
    /// Why, for the operator.
    pub why: String,
}

impl Accounts {
    pub(crate) fn push(&mut self, place: Place, became: Became) {
        self.accounts.push(Account { place, became });
    }

    pub(crate) fn sort(&mut self) {
        self.accounts.sort_by(|one, other| one.place.cmp(&other.place));
    }

    /// The accounts, by section and row.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter()
    }

    /// How many rows became what.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.accounts.iter().for_each(|account| counts.count(&account.became));
        counts
    }

    /// The same of each section, where the list has several: a total hides in which of them rows were refused.
    pub fn by_section(&self) -> Vec<SectionCounts> {
        let mut sections: Vec<SectionCounts> = Vec::new();
        for Account { place, became } in &self.accounts {
            let Some(name) = place.section.as_deref() else { continue };
            let known = sections.iter().position(|one| one.section == name);
            let place = known.unwrap_or_else(|| {
                sections.push(SectionCounts { section: name.to_owned(), counts: Counts::default() });
                sections.len() - 1
            });
            sections[place].counts.count(became);
        }
        sections
    }

    /// The rows that were refused, and why.
    pub fn refusals(&self) -> impl Iterator<Item = (&Place, &Reason)> {
        self.accounts.iter().filter_map(|account| match &account.became {
            Became::Refused(reason) => Some((&account.place, reason)),
            _ => None,
        })
    }

    /// The refusals as a report shows them.
    pub fn report(&self) -> impl Iterator<Item = RowRefusal> {
        self.refusals().map(|(place, reason)| RowRefusal {
            place: place.clone(),
            code: reason.code(),
            why: reason.to_string(),
        })
    }
}
