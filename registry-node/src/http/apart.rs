//! What is made of restricted verdicts of peers, which is in no log: for those alone whom each is about.
//!
//! Whoever else asks gets what he would get if there were none. What there is is looked up before it is asked who may see it, the same
//! for everyone.

use std::sync::Arc;

use conformity::identifiers::Identifier;
use conformity::ids::VerdictRef;
use conformity::recognised::RecognitionRecord;
use conformity::records::Facts;
use conformity::standing::concerns_foreign;

use super::ask::Ask;
use super::site::Site;

/// What is made of a restricted verdict, if the asker may know of it.
pub(super) fn of_verdict(site: &Site, ask: &Ask, verdict: &VerdictRef) -> Option<Arc<RecognitionRecord>> {
    let record = site.registry.restricted.made().recognition(verdict);
    shown(site, ask, record).next()
}

/// What is made of the restricted verdicts about a supplier that the asker may know of.
pub(super) fn of_supplier(site: &Site, ask: &Ask, supplier: &Identifier) -> Vec<Arc<RecognitionRecord>> {
    let records = site.registry.restricted.made().recognitions_of(supplier);
    shown(site, ask, records).collect()
}

fn shown(
    site: &Site,
    ask: &Ask,
    records: impl IntoIterator<Item = Arc<RecognitionRecord>>,
) -> impl Iterator<Item = Arc<RecognitionRecord>> {
    let (register, viewer) = (site.register(), ask.viewer());
    let all = records.into_iter();
    all.filter(move |record| concerns_foreign(&*register, &viewer, &record.recognition.supplier))
}
