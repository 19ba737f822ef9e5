//! Whom of a document is asked about: its partner in trade, by role, and never the asker itself.
//!
//! ```text
//! the asker is named on the buying side      ▶ the selling side        seller, supplier, manufacturer; else consignor, payee
//! the asker is named on the selling side     ▶ the buying side         buyer; else consignee, invoicee, payer
//! on neither                                 ▶ the selling side
//! certificates and what is said of them      ▶ their holders           lists ▶ everybody on them
//! ```
//!
//! A party that goes by a number of the asker's is the asker. Every number of a partner is a question of its own: that two belong to
//! one company is what the document says, and whoever wrote it may not borrow another's verdict by naming it beside. Out of scope: what
//! is found.

use std::collections::BTreeSet;

use bridges::{Document, Network, Party, PartyIdentifier, Reading, Role, Unread};
use conformity::identifiers::Identifier;
use procurement::TradingStep;

use super::QUESTIONS_MAX;

/// What is asked of each partner: an identifier, at a step of the trade.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// Whom it is about.
    pub partner: Identifier,
    /// At which step.
    pub step: TradingStep,
}

/// What whoever brings the documents says beside them.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// By what documents name the asker.
    pub own: Vec<Identifier>,
    /// The step of documents that belong to none.
    pub step: Option<TradingStep>,
    /// Who the partner is whose numbers no registry knows, on the asker's word.
    pub partner: Option<Identifier>,
}

/// A partner of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Partner {
    /// It can be asked about.
    Known {
        /// As it stood in the document.
        named: String,
        /// The question.
        question: Question,
    },
    /// It goes by numbers that no registry knows.
    Unread {
        /// The first of them, as it stood.
        named: String,
        /// Why it is none of ours.
        why: Unread,
    },
    /// It goes by a name alone.
    Unidentified {
        /// The network's word for its role.
        named: String,
    },
}

/// Why it is not clear what is asked. The blame is whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// More questions than are answered for one input.
    #[error("it comes to {0} questions about partners; send it in parts of at most {QUESTIONS_MAX}")]
    TooMany(usize),
    /// A partner was named where the documents have none, or several, that are not known.
    #[error(
        "partner: {0} partners go by numbers that no registry knows; leave it out, or send documents with one such partner"
    )]
    Partner(usize),
}

/// The documents of one input, with the partners of each.
#[derive(Debug)]
pub struct Asked {
    /// As they were read.
    pub reading: Reading,
    /// The partners of each document. Without a step nobody is asked about.
    pub partners: Vec<Vec<Partner>>,
}

impl Asked {
    /// Whom of these documents is asked about.
    ///
    /// # Errors
    /// [`Unclear`].
    pub fn new(mut reading: Reading, terms: &Terms) -> Result<Asked, Unclear> {
        let strangers = terms.partner.as_ref().map(|_| strangers(&reading, &terms.own).len());
        if let Some(count @ (0 | 2..)) = strangers {
            return Err(Unclear::Partner(count));
        }
        if let Some(step) = terms.step {
            reading.documents.iter_mut().for_each(|document| document.belongs_to(step));
        }
        let of_document =
            |document: &Document| document.step.map(|step| partners(document, step, terms)).unwrap_or_default();
        let partners = reading.documents.iter().map(of_document).collect();
        let asked = Asked { reading, partners };
        match asked.questions().len() {
            count if count > QUESTIONS_MAX => Err(Unclear::TooMany(count)),
            _ => Ok(asked),
        }
    }

    /// Every question, once.
    pub fn questions(&self) -> BTreeSet<Question> {
        let all = self.partners.iter().flatten();
        let known = all.filter_map(|partner| match partner {
            Partner::Known { question, .. } => Some(question.clone()),
            Partner::Unread { .. } | Partner::Unidentified { .. } => None,
        });
        known.collect()
    }
}

/// The numbers of partners that no registry knows, each party by its first.
fn strangers(reading: &Reading, own: &[Identifier]) -> BTreeSet<String> {
    let all = reading.documents.iter().flat_map(|document| trading(document, own));
    all.filter(|party| party.known().next().is_none()).map(name).collect()
}

/// The partners of `document`, a number of each at a time.
fn partners(document: &Document, step: TradingStep, terms: &Terms) -> Vec<Partner> {
    let mut found: Vec<Partner> = Vec::new();
    for party in trading(document, &terms.own) {
        for partner in numbers(party, step, terms, document.network) {
            if !found.contains(&partner) {
                found.push(partner);
            }
        }
    }
    found
}

fn numbers(party: &Party, step: TradingStep, terms: &Terms, network: Network) -> Vec<Partner> {
    let question = |partner: &Identifier| Question { partner: partner.clone(), step };
    let numbers: Vec<Partner> = party
        .known()
        .map(|identifier| Partner::Known { named: shown(identifier, network), question: question(identifier) })
        .collect();
    match (numbers.is_empty(), &terms.partner, party.identifiers.first()) {
        (false, _, _) => numbers,
        (true, Some(partner), _) => vec![Partner::Known { named: name(party), question: question(partner) }],
        (true, None, Some(PartyIdentifier::Unread { why, .. })) => {
            vec![Partner::Unread { named: name(party), why: why.clone() }]
        }
        (true, None, _) => vec![Partner::Unidentified { named: party.code.clone() }],
    }
}

/// A list names identifiers with their kinds; all other networks say the kind in their own words.
fn shown(identifier: &Identifier, network: Network) -> String {
    if network == Network::List { identifier.to_string() } else { identifier.value().to_owned() }
}

/// What a party is called where nothing better is known: its first number as it stands, else the network's word for its role.
fn name(party: &Party) -> String {
    match party.identifiers.first() {
        Some(PartyIdentifier::Unread { value, .. }) => value.clone(),
        Some(PartyIdentifier::Known(identifier)) => identifier.value().to_owned(),
        None => party.code.clone(),
    }
}

/// A side of a trade: who is meant, and who acts for it where a document names nobody else.
struct Side {
    principals: &'static [Role],
    acting: &'static [Role],
}

const SELLING: Side =
    Side { principals: &[Role::Seller, Role::Supplier, Role::Manufacturer], acting: &[Role::Consignor, Role::Payee] };
const BUYING: Side = Side { principals: &[Role::Buyer], acting: &[Role::Consignee, Role::Invoicee, Role::Payer] };
/// Documents about a party, and not about a trade.
const SUBJECTS: Side = Side { principals: &[Role::Holder, Role::Listed], acting: &[] };

/// The parties of `document` that its reader trades with.
fn trading<'d>(document: &'d Document, own: &[Identifier]) -> Vec<&'d Party> {
    let is_own = |party: &&Party| party.known().any(|identifier| own.contains(identifier));
    let sides = |party: &Party, side: &Side| side.principals.contains(&party.role) || side.acting.contains(&party.role);
    let named_on = |side: &Side| document.parties.iter().filter(is_own).any(|party| sides(party, side));
    let side = if matches!(document.network, Network::CatenaX | Network::List) {
        &SUBJECTS
    } else if named_on(&SELLING) && !named_on(&BUYING) {
        &BUYING
    } else {
        &SELLING
    };
    let others = |roles: &[Role]| -> Vec<&Party> {
        let parties = document.parties.iter().filter(|party| !is_own(party));
        parties.filter(|party| roles.contains(&party.role)).collect()
    };
    let principals = others(side.principals);
    if principals.is_empty() { others(side.acting) } else { principals }
}
