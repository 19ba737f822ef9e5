//! Interchange, groups and messages: what stands in what, and whether counts and references agree.
//!
//! In scope: UNB to UNZ, one interchange in one input, all of it or nothing. Out of scope: what stands in a message but BGM and NAD.

use std::collections::BTreeSet;

use super::characters::CharacterSet;
use super::segments::{Segment, Segments};
use super::{Fault, party};
use crate::refusal::excerpt;
use crate::{Address, DOCUMENTS_MAX, Document, Envelope, Kind, Network, Notice, Noticed, Reading, Refusal};

/// Reads one interchange.
pub(super) fn read(input: &[u8]) -> Result<Reading, Refusal> {
    let mut segments = Segments::new(input)?;
    let header = need(&mut segments, "UNB")?;
    let mut interchange = Interchange::open(&header, &mut segments)?;
    interchange.fill(&mut segments)?;
    if !segments.is_done() {
        return Err(Refusal::new(segments.rest(), Fault::Behind));
    }
    if let Some(place) = segments.wrapped() {
        interchange.reading.notices.push(Notice { place: place.clone(), what: Noticed::Wrapped });
    }
    if interchange.reading.documents.is_empty() {
        return Err(header.refuse(0, 0, crate::Fault::Missing { what: "a message" }));
    }
    Ok(interchange.reading)
}

fn need(segments: &mut Segments<'_>, wanted: &'static str) -> Result<Segment, Refusal> {
    segments.next()?.ok_or_else(|| Refusal::new(segments.rest(), Fault::Ends { wanted }))
}

/// What is known of an interchange while it is read.
struct Interchange {
    set: CharacterSet,
    envelope: Envelope,
    reading: Reading,
}

impl Interchange {
    /// UNB: syntax and version, sender, receiver, date and time, reference.
    fn open(unb: &Segment, segments: &mut Segments<'_>) -> Result<Self, Refusal> {
        if unb.tag() != "UNB" {
            let wanted = "an interchange begins with UNB";
            return Err(unb.refuse(0, 0, Fault::Unexpected { found: unb.tag().to_owned(), wanted }));
        }
        // The identifier itself is ASCII in every set.
        let identifier = unb.need(CharacterSet::B, (1, 1), "the syntax identifier", 4)?;
        let set = CharacterSet::declared(&identifier).map_err(|fault| unb.refuse(1, 1, fault))?;
        match unb.need(set, (1, 2), "the syntax version", 1)?.as_str() {
            "1" | "2" | "3" => {}
            "4" => segments.repeat(),
            _ => return Err(unb.refuse(1, 2, Fault::Version)),
        }
        let mut notices = Vec::new();
        if set == CharacterSet::Foreign {
            let what = Noticed::ForeignSyntax { identifier: identifier.clone() };
            notices.push(Notice { place: unb.place(1, 1), what });
        }
        let test = unb.text(set, (11, 1), "the test indicator", 1)?.is_some();
        if test {
            notices.push(Notice { place: unb.place(11, 1), what: Noticed::Test });
        }
        unb.need(set, (4, 1), "the date", 8)?;
        unb.need(set, (4, 2), "the time", 4)?;
        let envelope = Envelope {
            sender: address(unb, set, 2, "the sender")?,
            receiver: address(unb, set, 3, "the receiver")?,
            reference: unb.need(set, (5, 1), "the reference of the interchange", 14)?,
            message: String::new(),
            test,
            form: identifier,
        };
        Ok(Self { set, envelope, reading: Reading { documents: Vec::new(), notices } })
    }

    /// Everything up to UNZ, which counts groups where there are groups, else messages.
    fn fill(&mut self, segments: &mut Segments<'_>) -> Result<(), Refusal> {
        let (mut groups, mut references) = (0, BTreeSet::new());
        loop {
            let segment = need(segments, "UNZ")?;
            match segment.tag() {
                "UNG" if references.is_empty() => {
                    self.group(&segment, segments)?;
                    groups += 1;
                }
                "UNH" if groups == 0 => self.message(&segment, segments, &mut references)?,
                "UNZ" => {
                    let what = if groups == 0 { "messages" } else { "groups" };
                    let reference = self.envelope.reference.clone();
                    return self.close(&segment, what, groups.max(references.len()), &reference);
                }
                found => {
                    let wanted =
                        "an interchange holds messages (UNH) or groups of them (UNG), not both, and ends with UNZ";
                    return Err(segment.refuse(0, 0, Fault::Unexpected { found: found.to_owned(), wanted }));
                }
            }
        }
    }

    /// Everything from UNG to UNE.
    fn group(&mut self, ung: &Segment, segments: &mut Segments<'_>) -> Result<(), Refusal> {
        let reference = ung.need(self.set, (5, 1), "the reference of the group", 14)?;
        let mut references = BTreeSet::new();
        loop {
            let segment = need(segments, "UNE")?;
            match segment.tag() {
                "UNH" => self.message(&segment, segments, &mut references)?,
                "UNE" => return self.close(&segment, "messages", references.len(), &reference),
                found => {
                    let wanted = "a group holds messages (UNH) and ends with UNE";
                    return Err(segment.refuse(0, 0, Fault::Unexpected { found: found.to_owned(), wanted }));
                }
            }
        }
    }

    /// Everything from UNH to UNT, whose count includes both.
    fn message(
        &mut self,
        unh: &Segment,
        segments: &mut Segments<'_>,
        references: &mut BTreeSet<String>,
    ) -> Result<(), Refusal> {
        if self.reading.documents.len() == DOCUMENTS_MAX {
            return Err(unh.refuse(0, 0, crate::Fault::TooMany { what: "messages", most: DOCUMENTS_MAX }));
        }
        let mut document = self.document(unh)?;
        let reference = document.envelope.message.clone();
        if !references.insert(reference.clone()) {
            return Err(unh.refuse(1, 1, Fault::DuplicateReference { reference }));
        }
        for counted in 2.. {
            let segment = need(segments, "UNT")?;
            match segment.tag() {
                "UNT" => {
                    self.close(&segment, "segments", counted, &reference)?;
                    break;
                }
                found if ["UNA", "UNB", "UNG", "UNH", "UNE", "UNZ"].contains(&found) => {
                    let wanted = "a message ends with UNT";
                    return Err(segment.refuse(0, 0, Fault::Unexpected { found: found.to_owned(), wanted }));
                }
                _ => self.segment(&segment, &mut document)?,
            }
        }
        self.reading.documents.push(document);
        Ok(())
    }

    /// UNH: the message's reference, and what it is.
    fn document(&self, unh: &Segment) -> Result<Document, Refusal> {
        let set = self.set;
        let message = unh.need(set, (1, 1), "the reference of the message", 14)?;
        let name = unh.need(set, (2, 1), "the message type", 6)?;
        let version = unh.need(set, (2, 2), "the version of the message type", 3)?;
        let release = unh.need(set, (2, 3), "the release of the message type", 3)?;
        let agency = unh.need(set, (2, 4), "the agency of the message type", 3)?;
        let kind = kind(&name);
        let form = format!("{name}:{version}:{release}:{agency}");
        let mut document = Document::new(Network::Edifact, kind, &form, unh.place(0, 0));
        document.envelope = Envelope { message, ..self.envelope.clone() };
        if kind == Kind::Other {
            document.is_unknown(unh.place(2, 1));
        }
        Ok(document)
    }

    /// Any other segment: BGM gives the number of the document, NAD a party; the rest is only looked at for its characters.
    fn segment(&self, segment: &Segment, document: &mut Document) -> Result<(), Refusal> {
        match segment.tag() {
            "BGM" if document.reference.is_none() => {
                document.reference = segment.text(self.set, (2, 1), "the number of the document", 35)?;
            }
            "NAD" => document.admit(party::read(segment, self.set)?)?,
            _ => {}
        }
        if let Some(place) = segment.unreadable(self.set).filter(|_| !is_noticed(document)) {
            let declared = self.envelope.form.clone();
            document.notices.push(Notice { place, what: Noticed::OutsideCharacterSet { declared } });
        }
        Ok(())
    }

    /// UNT, UNE and UNZ: a count, and the reference with which all began.
    fn close(&self, segment: &Segment, what: &'static str, counted: usize, reference: &str) -> Result<(), Refusal> {
        let declared = segment.need(self.set, (1, 1), "the count", 6)?;
        // `parse` takes a sign; a count has none.
        let agrees = declared.bytes().all(|byte| byte.is_ascii_digit()) && declared.parse() == Ok(counted);
        if !agrees {
            return Err(segment.refuse(1, 1, Fault::Count { what, declared: excerpt(&declared), counted }));
        }
        let found = segment.need(self.set, (2, 1), "the reference", 14)?;
        if found != reference {
            let wanted = reference.to_owned();
            return Err(segment.refuse(2, 1, Fault::Reference { found: excerpt(&found), wanted }));
        }
        Ok(())
    }
}

fn is_noticed(document: &Document) -> bool {
    document.notices.iter().any(|notice| matches!(notice.what, Noticed::OutsideCharacterSet { .. }))
}

/// S002 and S003: identification, its code list (0007), and what is behind it (0008, 0014).
fn address(unb: &Segment, set: CharacterSet, element: usize, what: &'static str) -> Result<Address, Refusal> {
    Ok(Address {
        id: unb.need(set, (element, 1), what, 35)?,
        list: unb.text(set, (element, 2), what, 4)?.unwrap_or_default(),
        route: unb.text(set, (element, 3), what, 14)?.unwrap_or_default(),
    })
}

/// Message types of the directories of the UN. Whoever maintains a message, its type says what it is: an invoice of another agency is
/// one, and answered as one.
fn kind(name: &str) -> Kind {
    match name {
        "PARTIN" => Kind::PartyInformation,
        "PRICAT" | "PRODAT" => Kind::Catalogue,
        "REQOTE" => Kind::QuoteRequest,
        "QUOTES" => Kind::Quotation,
        "CNTCND" => Kind::Contract,
        "ORDERS" => Kind::Order,
        "ORDCHG" => Kind::OrderChange,
        "ORDRSP" => Kind::OrderResponse,
        "DELFOR" | "DELJIT" => Kind::DeliverySchedule,
        "DESADV" => Kind::DespatchAdvice,
        "RECADV" => Kind::ReceivingAdvice,
        "INVOIC" => Kind::Invoice,
        "REMADV" | "PAYORD" | "PAYEXT" | "PAYMUL" | "PAYDUC" | "DIRDEB" | "CREADV" | "CREEXT" | "CREMUL" | "DEBADV"
        | "DEBMUL" => Kind::Payment,
        "APERAK" | "CONTRL" => Kind::Acknowledgement,
        _ => Kind::Other,
    }
}
