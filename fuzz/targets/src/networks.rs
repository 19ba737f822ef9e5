//! Documents of trading networks, read and answered.

use bridges::catena_x::Query;
use bridges::{Answer, Document, Finding, Network, PartyIdentifier, Stated, bridge, cloud_event};
use jiff::Timestamp;
use procurement::Advice;

/// UN/EDIFACT.
pub(crate) fn edifact(data: &[u8]) -> bool {
    answered(Network::Edifact, data)
}

/// UBL.
pub(crate) fn ubl(data: &[u8]) -> bool {
    answered(Network::Ubl, data)
}

/// CX-0135, and the queries of its search.
pub(crate) fn catena_x(data: &[u8]) -> bool {
    answered(Network::CatenaX, data) | Query::read(data).is_ok()
}

/// UN/CEFACT.
pub(crate) fn cross_industry(data: &[u8]) -> bool {
    answered(Network::CrossIndustry, data)
}

/// Lists as CSV, those of CII among them.
pub(crate) fn list(data: &[u8]) -> bool {
    answered(Network::List, data)
}

/// CloudEvents, one or a batch.
pub(crate) fn cloud_event(data: &[u8]) -> bool {
    cloud_event::read(data).is_ok_and(|events| !events.is_empty())
}

/// Reads, and answers each document: twice the same bytes, and never more than its form carries.
fn answered(network: Network, data: &[u8]) -> bool {
    let bridge = bridge(network);
    let Ok(reading) = bridge.read(data) else { return false };
    for document in &reading.documents {
        for advice in [Advice::Go, Advice::Stop] {
            let answer = answer(document, advice);
            assert_eq!(bridge.answer(document, &answer), bridge.answer(document, &answer));
        }
    }
    true
}

fn answer(document: &Document, advice: Advice) -> Answer {
    let made = Timestamp::UNIX_EPOCH;
    let stated = Stated {
        advice,
        explanation: "As found.".to_owned(),
        proof: "https://jp.registry.example/".to_owned(),
        as_of: made,
    };
    let named = |identifier: &PartyIdentifier| match identifier {
        PartyIdentifier::Known(identifier) => identifier.value().to_owned(),
        PartyIdentifier::Unread { value, .. } => value.clone(),
    };
    let parties = document.parties.iter().flat_map(|party| &party.identifiers);
    Answer {
        reference: "A-1".to_owned(),
        uuid: "0198c9d4-0000-7000-8000-000000000000".to_owned(),
        made,
        findings: parties.map(|one| Finding { party: named(one), stated: stated.clone() }).collect(),
    }
}
