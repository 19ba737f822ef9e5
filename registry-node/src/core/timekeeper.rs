//! What time alone brings about: verdicts that expire, surveillance and conditions that are overdue. Stated by the node, so that a
//! replay needs no clock.
//!
//! Validity ends with a day (UTC), so once a day is enough; a node that slept, or whose clock jumped, catches up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use conformity::ids::{SchemeRef, VerdictId};
use conformity::records::{Facts, Register};
use conformity::statement::Claim;
use conformity::time::Day;
use conformity::verdict::{VerdictList, VerdictRecord};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::derive::{DeriveError, Deriver, statement_id};
use super::read_model::ReadModel;
use crate::clock::Clock;

/// How often the clock is looked at.
const INTERVAL: Duration = Duration::from_secs(30);
/// Verdicts in one statement: far below its limit of bytes.
const MAX_LISTED: usize = 256;
/// Verdicts looked at under one lock.
const CHUNK: usize = 4_096;

/// States what time brings about until `shutdown`.
pub async fn run(deriver: &Deriver, read_model: &ReadModel, clock: &Arc<dyn Clock>, shutdown: CancellationToken) {
    let mut stated = None;
    loop {
        let now = clock.now();
        if stated != Some(Day::of(now)) {
            match state_due(deriver, read_model, now).await {
                Ok(()) => stated = Some(Day::of(now)),
                Err(error) => tracing::error!(%error, "expired verdicts could not be stated; tried again shortly"),
            }
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_none() {
            return;
        }
    }
}

async fn state_due(deriver: &Deriver, read_model: &ReadModel, now: Timestamp) -> Result<(), DeriveError> {
    let mut cursor = None;
    while let Some(chunk) = chunk(read_model, cursor.as_ref(), now) {
        for verdicts in chunk.expired.0.into_values() {
            state_all(deriver, &verdicts, Claim::VerdictExpired).await?;
        }
        for verdicts in chunk.overdue.0.into_values() {
            state_all(deriver, &verdicts, Claim::SurveillanceOverdue).await?;
        }
        for verdicts in chunk.missed.0.into_values() {
            state_all(deriver, &verdicts, Claim::ConditionsOverdue).await?;
        }
        cursor = Some(chunk.last);
    }
    Ok(())
}

async fn state_all(
    deriver: &Deriver,
    verdicts: &[VerdictId],
    claim: fn(VerdictList) -> Claim,
) -> Result<(), DeriveError> {
    for verdicts in verdicts.chunks(MAX_LISTED) {
        let list = VerdictList { verdicts: verdicts.to_vec() };
        deriver.state(statement_id("time")?, claim(list), Vec::new()).await?;
    }
    Ok(())
}

/// Verdicts that are listed in one statement have one audience (see [`conformity::audience`]): public ones under one scheme, or a
/// single restricted one. Whoever may see a restricted verdict is shown all that it rests on, and learns of no other there.
#[derive(Default)]
struct Lists(BTreeMap<(SchemeRef, Option<VerdictId>), Vec<VerdictId>>);

struct Chunk {
    expired: Lists,
    overdue: Lists,
    missed: Lists,
    last: VerdictId,
}

/// Looks at the next verdicts; `None` behind the last.
fn chunk(read_model: &ReadModel, cursor: Option<&VerdictId>, now: Timestamp) -> Option<Chunk> {
    let register = read_model.register();
    let records: Vec<_> = register.verdicts_after(cursor).take(CHUNK).collect();
    let last = records.last()?.id().clone();
    let pick = |due: &dyn Fn(&VerdictRecord) -> bool| {
        let mut lists = Lists::default();
        for record in records.iter().filter(|record| due(record)) {
            let alone = (!record.terms.profile.is_public()).then(|| record.id().clone());
            let audience = (record.terms.scheme.clone(), alone);
            lists.0.entry(audience).or_default().push(record.id().clone());
        }
        lists
    };
    Some(Chunk {
        expired: pick(&|record| is_expired(record, now)),
        // Of what is over nobody has to look again: the rules would refuse to say so, and hold up what follows.
        overdue: pick(&|record| !is_expired(record, now) && is_overdue(record, &register, now)),
        missed: pick(&|record| !is_expired(record, now) && record.missed_deadline(now).is_some()),
        last,
    })
}

/// Whether the verdict's last day is over and nobody has said so yet.
fn is_expired(record: &VerdictRecord, now: Timestamp) -> bool {
    record.now.state.name().may_expire() && record.now.valid_until.is_some_and(|day| day.end() <= now)
}

/// Whether its scheme wanted a surveillance report by now, and nobody has said so yet.
fn is_overdue(record: &VerdictRecord, register: &Register, now: Timestamp) -> bool {
    let duty = register.scheme(&record.terms.scheme).and_then(|scheme| scheme.scheme.surveillance);
    record.now.state.name().is_in_force()
        && !record.now.marks.surveillance_overdue
        && duty.is_some_and(|duty| record.surveillance_due(duty).end() <= now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use conformity::records::Record;
    use conformity::verdict::{Happening, HistoryItem, Verdict};
    use serde_json::json;

    use super::*;

    fn granted(id: &str, profile: &str, at: Timestamp) -> Record {
        let verdict = json!({
            "verdict": id, "supplier": {"id": "lei:5493001KJTIIGC8Y1R12", "name": "Exemple SA", "country": "FR"},
            "object": {"kind": "organization", "name": "All of it"}, "scheme": "stars@1", "viewpoints": ["organization"],
            "scope": "everything", "validFrom": "2026-01-01", "validUntil": "2026-06-30", "profile": profile,
            "provenance": "decided",
        });
        let verdict: Verdict = serde_json::from_value(verdict).unwrap();
        let (what, by) = (Happening::Granted, "cb-1".parse().unwrap());
        let item = HistoryItem {
            index: 1,
            at,
            effective: at,
            what,
            reason: None,
            legal_basis: None,
            by,
            voided: None,
            approved: None,
            recommended_by: None,
            in_place_of: None,
        };
        Record::Verdict(Arc::new(VerdictRecord::new(Arc::new(verdict), item)))
    }

    #[test]
    fn a_restricted_verdict_is_told_of_alone() {
        let (at, now) = ("2026-01-01T00:00:00Z".parse().unwrap(), "2026-07-01T00:00:00Z".parse().unwrap());
        let mut register = Register::new();
        for (id, profile) in [("V-1", "open"), ("V-2", "restricted"), ("V-3", "summary"), ("V-4", "restricted")] {
            register.insert(granted(id, profile, at));
        }
        let lists = chunk(&ReadModel::new(register), None, now).unwrap().expired.0.into_values();
        let lists: BTreeSet<Vec<String>> = lists.map(|list| list.iter().map(ToString::to_string).collect()).collect();
        let expected = [&["V-1", "V-3"][..], &["V-2"], &["V-4"]];
        assert_eq!(lists, expected.map(|list| list.iter().map(|id| (*id).to_owned()).collect()).into());
    }
}
