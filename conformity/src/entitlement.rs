//! Whether a body may act under a scheme at a time: the question of somebody who meets its signature elsewhere.
//!
//! In scope: which of a body's accreditations answers, by what the log showed at that time. Out of scope: whether a
//! statement is allowed, which asks for viewpoint and object as well, see [`mod@crate::decide`].

use std::sync::Arc;

use jiff::Timestamp;

use crate::accreditation::{AccreditationRecord, AccreditedAs, Lapse};
use crate::ids::{PartyId, SchemeRef};
use crate::records::Facts;
use crate::succession::speaks_for;

/// What is asked of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion<'a> {
    /// Which body.
    pub body: &'a PartyId,
    /// In which capacity it acts.
    pub role: AccreditedAs,
    /// Under which scheme, in which version.
    pub scheme: &'a SchemeRef,
    /// Whose accreditations count; everybody's where nobody is named.
    pub granted_by: Option<&'a PartyId>,
    /// When. What was sequenced later is not known.
    pub at: Timestamp,
}

/// What a body's accreditations say about an occasion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entitlement {
    /// This one is in force: the body may act within its viewpoints and objects.
    InForce(Arc<AccreditationRecord>),
    /// None is in force; this one was granted, and does not hold for this reason.
    Lapsed(Arc<AccreditationRecord>, Lapse),
    /// None was granted by then.
    None,
}

/// Whether the body may act. Of several accreditations the one in force answers, then the one that lasts longest, then the
/// youngest.
pub fn entitlement(facts: &impl Facts, occasion: &Occasion<'_>) -> Entitlement {
    let held = facts.accreditations(occasion.body).into_iter().filter(|record| fits(record, occasion));
    let answer = held.max_by_key(|record| {
        let holds = record.in_force_at(occasion.at).is_ok();
        (holds, record.until_at(occasion.at), record.granted.index)
    });
    // What a body was accredited for ended with it.
    let is_over = speaks_for(facts, occasion.body, occasion.at).is_some();
    let holds =
        |record: &AccreditationRecord| if is_over { Err(Lapse::Withdrawn) } else { record.in_force_at(occasion.at) };
    match answer.map(|record| (holds(&record), record)) {
        Some((Ok(()), record)) => Entitlement::InForce(record),
        Some((Err(lapse), record)) => Entitlement::Lapsed(record, lapse),
        None => Entitlement::None,
    }
}

/// An accreditation may begin before it was granted; the log did not show it then.
fn fits(record: &AccreditationRecord, occasion: &Occasion<'_>) -> bool {
    let held = &record.accreditation;
    held.role == occasion.role
        && held.scheme == *occasion.scheme
        && record.granted.at <= occasion.at
        && occasion.granted_by.is_none_or(|by| record.by == *by)
}
