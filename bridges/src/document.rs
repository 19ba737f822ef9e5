//! What a bridge reads: documents of trade, who takes part in them, and what was noticed.
//!
//! In scope: the types that all networks share. Out of scope: how each network writes them. Names, addresses, prices and goods are
//! not kept: the question needs identifiers alone, and what is not kept cannot leak.

use std::fmt;

use conformity::identifiers::{Identifier, IdentifierError, IdentifierKind};
use jiff::civil::Date;
use procurement::{Advice, TradingStep};
use serde::{Deserialize, Serialize};

use crate::{Fault, PARTIES_MAX, Place, Refusal};

/// A network of trading partners, by the form of its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// UN/EDIFACT interchanges (ISO 9735).
    Edifact,
    /// UBL 2 documents, as Peppol carries them.
    Ubl,
    /// Certificates of business partners in Catena-X (CX-0135).
    CatenaX,
    /// Cross-industry documents of UN/CEFACT, and so 中小企業共通EDI.
    CrossIndustry,
    /// A list of identifiers as CSV, for whoever has no network.
    List,
}

impl Network {
    /// Every network.
    pub const ALL: [Self; 5] = [Self::Edifact, Self::Ubl, Self::CatenaX, Self::CrossIndustry, Self::List];
}

/// All documents of one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// In the order of the input; at least one.
    pub documents: Vec<Document>,
    /// What concerns the input as a whole.
    pub notices: Vec<Notice>,
}

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where it came from.
    pub network: Network,
    /// What it is.
    pub kind: Kind,
    /// What its network calls its kind: `ORDERS:D:96A:UN`, `Order`, `CertificateLifecycleStatus`.
    pub form: String,
    /// What its writer calls it: the order's number, the message's id.
    pub reference: Option<String>,
    /// The step of the trade that it belongs to; none where its kind says none and [`Document::belongs_to`] was not told one.
    pub step: Option<TradingStep>,
    /// Who takes part in it.
    pub parties: Vec<Party>,
    /// How it came, and so where an answer goes.
    pub envelope: Envelope,
    /// What a certificate in it claims. It is evidence of its sender's, never a verdict.
    pub evidence: Option<Evidence>,
    /// Where it begins.
    pub place: Place,
    /// What was noticed in it.
    pub notices: Vec<Notice>,
}

impl Document {
    /// A document without anything in it yet.
    pub(crate) fn new(network: Network, kind: Kind, form: &str, place: Place) -> Self {
        Self {
            network,
            kind,
            form: form.to_owned(),
            reference: None,
            step: kind.step(),
            parties: Vec::new(),
            envelope: Envelope::default(),
            evidence: None,
            place,
            notices: Vec::new(),
        }
    }

    /// Takes the word of whoever brings it for its step, where its kind says none.
    pub fn belongs_to(&mut self, step: TradingStep) {
        self.step.get_or_insert(step);
    }

    /// What may be told of what was `found`: never more than its step allows. A document of a trade whose step is not known may ask
    /// for acceptance or payment, at which nothing is held up, so that its answer is a notice at most. Certificates and lists are
    /// about parties, and no trade hangs on them.
    #[must_use]
    pub const fn told(&self, found: Advice) -> Advice {
        match (self.step, self.kind) {
            (Some(step), _) => step.allows(found),
            (None, Kind::Certificate | Kind::CertificateRequest | Kind::CertificateStatus | Kind::List) => found,
            (None, _) => TradingStep::Payment.allows(found),
        }
    }

    /// Says that its kind is not known, where its form stands.
    pub(crate) fn is_unknown(&mut self, place: Place) {
        self.notices.push(Notice { place, what: Noticed::UnknownForm { form: crate::refusal::excerpt(&self.form) } });
    }

    /// Takes a party in, once: lines of an order name the same one again and again.
    pub(crate) fn admit(&mut self, party: Party) -> Result<(), Refusal> {
        let is_same = |one: &Party| one.code == party.code && one.identifiers == party.identifiers;
        if party.identifiers.is_empty() {
            self.notices.push(Notice { place: party.place.clone(), what: Noticed::Unidentified });
        } else if self.parties.iter().any(is_same) {
            return Ok(());
        }
        if self.parties.len() == PARTIES_MAX {
            return Err(Refusal::new(party.place, Fault::TooMany { what: "parties", most: PARTIES_MAX }));
        }
        if party.known().nth(1).is_some() {
            self.notices.push(Notice { place: party.place.clone(), what: Noticed::SeveralIdentifiers });
        }
        self.parties.push(party);
        Ok(())
    }
}

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Who a partner is.
    PartyInformation,
    /// What a partner sells.
    Catalogue,
    /// A quote is asked for.
    QuoteRequest,
    /// A quote.
    Quotation,
    /// A contract.
    Contract,
    /// An order.
    Order,
    /// A change of an order.
    OrderChange,
    /// An answer to an order.
    OrderResponse,
    /// An order is called off.
    OrderCancellation,
    /// What is to be delivered, and when.
    DeliverySchedule,
    /// What is sent, and when.
    DespatchAdvice,
    /// What was received, and accepted.
    ReceivingAdvice,
    /// An invoice or credit note.
    Invoice,
    /// A payment.
    Payment,
    /// A certificate was issued, changed or withdrawn, or is sent along.
    Certificate,
    /// A certificate is asked for.
    CertificateRequest,
    /// What became of a certificate at its receiver, or of a request.
    CertificateStatus,
    /// An answer to a document, technical or not.
    Acknowledgement,
    /// A list of identifiers.
    List,
    /// Anything else: its form says what.
    Other,
}

impl Kind {
    /// The step of the trade that such a document belongs to.
    #[must_use]
    pub const fn step(self) -> Option<TradingStep> {
        match self {
            Self::PartyInformation | Self::Catalogue => Some(TradingStep::Information),
            Self::QuoteRequest | Self::Quotation => Some(TradingStep::Quote),
            Self::Contract => Some(TradingStep::Contract),
            Self::Order | Self::OrderChange | Self::OrderResponse | Self::OrderCancellation => Some(TradingStep::Order),
            Self::DeliverySchedule | Self::DespatchAdvice => Some(TradingStep::Delivery),
            Self::ReceivingAdvice => Some(TradingStep::Acceptance),
            Self::Invoice | Self::Payment => Some(TradingStep::Payment),
            Self::Certificate
            | Self::CertificateRequest
            | Self::CertificateStatus
            | Self::Acknowledgement
            | Self::List
            | Self::Other => None,
        }
    }
}

/// Somebody who takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// As what.
    pub role: Role,
    /// The network's own word for it: `SU`, `SellerSupplierParty`.
    pub code: String,
    /// By what it is known, in the order of the document; empty where the document gives a name alone, which names nobody for sure.
    pub identifiers: Vec<PartyIdentifier>,
    /// Where it stands.
    pub place: Place,
}

impl Party {
    /// The identifiers of kinds that registries know. Several may be those of several companies: whoever looks one up looks up all.
    pub fn known(&self) -> impl Iterator<Item = &Identifier> {
        self.identifiers.iter().filter_map(|identifier| match identifier {
            PartyIdentifier::Known(identifier) => Some(identifier),
            PartyIdentifier::Unread { .. } => None,
        })
    }
}

/// As what a party takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// To whom is sold.
    Buyer,
    /// Who sells.
    Seller,
    /// Who makes the goods available, and may be another than the seller.
    Supplier,
    /// Who makes them.
    Manufacturer,
    /// From where they are sent.
    Consignor,
    /// To where they are sent.
    Consignee,
    /// Who carries them.
    Carrier,
    /// Who is invoiced.
    Invoicee,
    /// Who pays.
    Payer,
    /// Who is paid.
    Payee,
    /// Who wrote the document.
    Sender,
    /// To whom it is written.
    Receiver,
    /// Whom a certificate is about.
    Holder,
    /// Who issued it.
    Issuer,
    /// Who checked it for others.
    Validator,
    /// Somebody on a list, of whom nothing else is said.
    Listed,
    /// Any other: its code says which.
    Other,
}

/// An identifier of a party, as far as it is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartyIdentifier {
    /// Of a kind that registries know, and sound.
    Known(Identifier),
    /// Anything else, as it stands.
    Unread {
        /// The code list that issued it, in the network's words; empty where none is named.
        list: String,
        /// The value.
        value: String,
        /// Why it is not taken for one of ours.
        why: Unread,
    },
}

impl PartyIdentifier {
    /// `value` of the code list `list`, which is of `kind` where registries know it.
    pub(crate) fn new(kind: Option<IdentifierKind>, list: &str, value: &str) -> Self {
        let unread = |why| Self::Unread { list: list.to_owned(), value: value.to_owned(), why };
        match kind.map(|kind| Identifier::new(kind, value)) {
            Some(Ok(identifier)) => Self::Known(identifier),
            Some(Err(error)) => unread(Unread::Broken(error)),
            None if list.is_empty() => unread(Unread::NoList),
            None => unread(Unread::OtherList),
        }
    }
}

/// Why an identifier is kept as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It names no code list.
    #[error("no code list is named, so that it may be anybody's number")]
    NoList,
    /// Its code list is not one that registries know.
    #[error("its code list is not one that registries know")]
    OtherList,
    /// It is an address in the network.
    #[error("it is an address in the network, which may be that of a service provider")]
    Address,
    /// It breaks a rule of its own code list.
    #[error("{0}")]
    Broken(IdentifierError),
}

/// How a document came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Who sent it: where an answer goes.
    pub sender: Address,
    /// To whom it was sent: in whose name the answer is.
    pub receiver: Address,
    /// What the envelope is called, and a message in it, where the network names both.
    pub reference: String,
    /// The message in it.
    pub message: String,
    /// Whether its sender says that it is a test: so is the answer.
    pub test: bool,
    /// The form that an answer keeps to: the character set of an interchange, the version of a message.
    pub form: String,
}

/// An address in a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub id: String,
    /// Its code list, in the network's words; empty where none is named.
    pub list: String,
    /// What is behind it, where the network names that too.
    pub route: String,
}

/// What a foreign certificate claims. Nothing of it was checked: who issued it, and whether it holds, is for a body to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// How its sender calls it.
    pub id: String,
    /// Which issue of it, from 1; none where that is not said.
    pub revision: Option<u64>,
    /// What became of it, as its sender says: `CREATED`, `MODIFIED`, `WITHDRAWN`; none where it is sent alone.
    pub status: Option<String>,
    /// What it is a certificate of, in the network's words: `iso9001`.
    #[serde(rename = "claimed")]
    pub scheme: Option<String>,
    /// Which edition.
    pub edition: Option<String>,
    /// The number that its issuer gave it.
    pub registration: Option<String>,
    /// Its first day.
    pub valid_from: Option<Date>,
    /// Its last day.
    pub valid_until: Option<Date>,
    /// How far its sender's network says that it was validated: `none`, `low`, `high`, `trusted`.
    pub trust: Option<String>,
    /// Its sites and addresses, in the network's words.
    pub sites: Vec<String>,
    /// Who holds it, in the network's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// Who issued it.
    #[serde(default, skip_serializing_if = "Involved::is_unnamed")]
    pub issuer: Involved,
    /// Who checked it.
    #[serde(default, skip_serializing_if = "Involved::is_unnamed")]
    pub validator: Involved,
    /// Why it was not accepted, or not brought.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Flaw>,
}

/// Somebody whom a foreign certificate names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Involved {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its number, in the network's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

impl Involved {
    /// Whether nobody is named.
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.name.is_none() && self.number.is_none()
    }
}

/// What is wrong with a certificate, as whoever does not take it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flaw {
    /// What.
    pub message: String,
    /// Of which part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specifier: Option<String>,
}

/// Something worth knowing that is no fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Where.
    pub place: Place,
    /// What.
    pub what: Noticed,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// What was noticed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Noticed {
    /// A kind of document that is not known here: only its parties were read.
    #[error("documents of the kind {form:?} are not known here: no step of a trade follows from it")]
    UnknownForm {
        /// Its form.
        form: String,
    },
    /// A set of rules for the envelope that is not the network's own.
    #[error("the syntax identifier {identifier:?} is not one of ISO 9735: what is read is taken as ASCII")]
    ForeignSyntax {
        /// The identifier.
        identifier: String,
    },
    /// Characters outside the character set that the envelope declares, in a text that is not read.
    #[error("characters that {declared} does not have, from here on; nothing of this text is read")]
    OutsideCharacterSet {
        /// What the envelope declares.
        declared: String,
    },
    /// A test, as its sender says.
    #[error("its sender says that this is a test")]
    Test,
    /// Line breaks inside segments, as systems write them that know lines only.
    #[error("line breaks stand inside segments, from here on; they are left out")]
    Wrapped,
    /// A party without an identifier.
    #[error("a party without an identifier: a name alone names nobody for sure")]
    Unidentified,
    /// A party with several identifiers that registries know.
    #[error("several identifiers of one party: whether all are those of one company is its writer's word alone")]
    SeveralIdentifiers,
    /// A member by another name than the standard's, taken for it.
    #[error("{found:?} is taken for {meant:?}, as the standard's own examples write it")]
    OtherName {
        /// As it stands.
        found: String,
        /// What is meant.
        meant: &'static str,
    },
    /// A value that is not of its standard's form, and is kept as it stands.
    #[error("{found:?} is not {wanted}; it is kept as it stands")]
    Unlike {
        /// The value, cut to 80 characters.
        found: String,
        /// What would be right, in words.
        wanted: &'static str,
    },
    /// A member of the standard that its own examples leave out.
    #[error("{name:?} is missing, which the standard asks for")]
    Missing {
        /// Its name.
        name: &'static str,
    },
}
