//! What the tests of all networks share.

use bridges::{Answer, Document, Finding, PartyIdentifier, Stated};
use jiff::Timestamp;
use procurement::Advice;

pub(crate) const UUID: &str = "0198c0de-0000-7000-8000-000000000001";

/// 2026-11-27T23:01:00Z.
pub(crate) fn made() -> Timestamp {
    "2026-11-27T23:01:00Z".parse().unwrap()
}

pub(crate) fn stated(advice: Advice) -> Stated {
    Stated {
        advice,
        explanation: "No verdict of the level that the policy asks for".to_owned(),
        proof: "https://jp.registry.example/proofs/verdict/4711".to_owned(),
        as_of: "2026-11-27T23:00:00Z".parse().unwrap(),
    }
}

/// An answer with one finding, about the first party that has an identifier.
pub(crate) fn answer(document: &Document, advice: Advice) -> Answer {
    let party = document.parties.iter().flat_map(|party| &party.identifiers).map(value).next();
    let finding = Finding { party: party.unwrap_or_else(|| "nobody".to_owned()), stated: stated(advice) };
    Answer { reference: "A-1".to_owned(), uuid: UUID.to_owned(), made: made(), findings: vec![finding] }
}

pub(crate) fn value(identifier: &PartyIdentifier) -> String {
    match identifier {
        PartyIdentifier::Known(identifier) => identifier.value().to_owned(),
        PartyIdentifier::Unread { value, .. } => value.clone(),
    }
}

/// An identifier as one word: ours, or list and value in brackets.
pub(crate) fn word(identifier: &PartyIdentifier) -> String {
    match identifier {
        PartyIdentifier::Known(identifier) => identifier.to_string(),
        PartyIdentifier::Unread { list, value, .. } => format!("[{list}] {value}"),
    }
}

/// The parties of a document, one word each.
pub(crate) fn parties(document: &Document) -> Vec<String> {
    let line = |party: &bridges::Party| {
        let words: Vec<String> = party.identifiers.iter().map(word).collect();
        format!("{} {}", party.code, words.join(" ")).trim_end().to_owned()
    };
    document.parties.iter().map(line).collect()
}
