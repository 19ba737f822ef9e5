//! What there is to show: own verdicts as they stood, and what is made of others'.

use std::fmt::Display;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Inquiry, Sight};
use crate::document::Tailoring;
use crate::ids::{AcceptanceId, RequirementId, SchemeRef, VerdictId};
use crate::lapsed::Lapsed;
use crate::recognised::{Recognition, RecognitionOutcome, RecognitionRecord};
use crate::recognition::{covered, in_effect, told};
use crate::records::Facts;
use crate::succession::{Speaking, answering};
use crate::text::Text;
use crate::time::{Day, Moment};
use crate::verdict::{
    Acceptance, AssessedObject, Marks, Profile, Provenance, SelfEvaluation, Snapshot, Supplier, VerdictRecord,
};
use crate::viewpoint::Viewpoints;
use crate::words::{Language, Params, Said};

/// Requirements that an explanation names of those that a profile leaves out.
const NAMED: usize = 12;

/// One thing to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holding {
    /// A verdict of this registry.
    Own(Box<OwnHolding>),
    /// What this registry makes of a verdict of another.
    Foreign(ForeignHolding),
}

impl Holding {
    /// Whether a buyer may rely on it for all that was asked about: it is in force, not merely as evidence, and no profile leaves
    /// something out.
    pub fn counts(&self) -> bool {
        match self {
            Self::Own(own) => own.in_force && own.tailors.iter().all(Tailoring::keeps_all),
            Self::Foreign(foreign) => foreign.counts,
        }
    }

    /// The same in `language`.
    pub(super) fn told(self, language: Language) -> Self {
        match self {
            Self::Own(_) => self,
            Self::Foreign(foreign) => {
                let recognition = Arc::new(told(&foreign.record.recognition, language));
                let record = Arc::new(RecognitionRecord { recognition, ..(*foreign.record).clone() });
                Self::Foreign(ForeignHolding { record, ..foreign })
            }
        }
    }

    /// Whether it is the supplier's own declaration.
    pub fn is_self_declared(&self) -> bool {
        match self {
            Self::Own(own) => own.self_declared.is_some(),
            Self::Foreign(foreign) => foreign.record.recognition.self_declared.is_some(),
        }
    }
}

/// A verdict of this registry as it stood at the time asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnHolding {
    /// Its id.
    pub verdict: VerdictId,
    /// Whom it is about.
    pub supplier: Arc<Supplier>,
    /// What was assessed.
    pub object: AssessedObject,
    /// Under which scheme.
    pub scheme: SchemeRef,
    /// Whether the scheme was invented for a demonstration.
    pub fictional: bool,
    /// How it stood.
    pub standing: Snapshot,
    /// Its first day.
    pub valid_from: Day,
    /// To whom it is shown.
    pub profile: Profile,
    /// Whether it was decided here or transcribed from a list.
    pub provenance: Provenance,
    /// Of the supplier's own declaration: how far anybody else stood behind it. Absent where a body decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_declared: Option<SelfEvaluation>,
    /// Where the log grants it.
    pub granted: Moment,
    /// Where the log last says something about it, until the time asked for.
    pub changed: Moment,
    /// Whether the body stood behind it on a day it covers.
    pub in_force: bool,
    /// How often lists say that an authority took it as evidence for a decision of its own. It counts for nothing here;
    /// the verdict's history names each.
    pub accepted_as_evidence: usize,
    /// Each of these with its days, in the order in which they were stated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acceptances: Vec<AcceptedBy>,
    /// What its scheme keeps of what was asked about, where it assesses a profile of that. It counts as far as that goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tailors: Vec<Tailoring>,
    /// Who answers for it in place of the body that decided it, where that was succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<Speaking>,
}

/// An authority that took a verdict as evidence for a decision of its own, as a list says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptedBy {
    /// The name of the acceptance.
    pub acceptance: AcceptanceId,
    /// Who decided.
    pub authority: Text<256>,
    /// The part of it that did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Text<256>>,
    /// The first day of its decision.
    pub from: Day,
    /// The last day of it; absent where the list sets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
}

impl AcceptedBy {
    fn of(acceptance: &Acceptance) -> Self {
        let Acceptance { acceptance, authority, unit, from, until, .. } = acceptance.clone();
        Self { acceptance, authority, unit, from, until }
    }
}

/// What this registry makes of a verdict of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForeignHolding {
    /// The recognition with its place in this registry's log.
    pub record: Arc<RecognitionRecord>,
    /// The viewpoints that count here.
    pub covered: Viewpoints,
    /// Whether it counts here, at least in part, for the viewpoint asked for, at the time asked for.
    pub counts: bool,
    /// What the scheme that it counts as keeps of what was asked about, where that assesses a profile of it. It counts as far as that
    /// goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tailors: Vec<Tailoring>,
}

/// Everything there is to show.
pub(super) fn holdings<F: Facts>(inquiry: &Inquiry<'_, F>) -> Vec<Holding> {
    let own = inquiry.own(Sight::Whole);
    let own = own.iter().filter_map(|record| own_holding(inquiry, record));
    let foreign = inquiry.seen.recognitions_of(&inquiry.question.supplier);
    let foreign = asked_about(inquiry, foreign).into_iter().map(|record| foreign_holding(inquiry, record));
    own.map(|own| Holding::Own(Box::new(own))).chain(foreign.map(Holding::Foreign)).collect()
}

/// Those of the recognitions that the question is about, by verdict.
pub(super) fn asked_about<F: Facts>(
    inquiry: &Inquiry<'_, F>,
    recorded: Vec<Arc<RecognitionRecord>>,
) -> Vec<Arc<RecognitionRecord>> {
    let mut records: Vec<_> = recorded.into_iter().map(|record| read(inquiry, record)).collect();
    records.retain(|record| {
        let recognition = &record.recognition;
        let here = recognition.counts_as.as_ref().map(|counterpart| &counterpart.scheme);
        let asked = |scheme: &SchemeRef| inquiry.asks_about(scheme) || !inquiry.tailorings(scheme).is_empty();
        let scheme = inquiry.asks_about(&recognition.scheme) || here.is_some_and(asked);
        let viewpoint = inquiry.question.viewpoint;
        scheme && viewpoint.is_none_or(|wanted| recognition.viewpoints.contains(wanted))
    });
    records.sort_by(|one, other| one.recognition.verdict.cmp(&other.recognition.verdict));
    records
}

fn read<F: Facts>(inquiry: &Inquiry<'_, F>, record: Arc<RecognitionRecord>) -> Arc<RecognitionRecord> {
    let peer = inquiry.seen.peer(&record.recognition.verdict.registry);
    in_effect(record, peer.as_deref())
}

fn own_holding<F: Facts>(inquiry: &Inquiry<'_, F>, record: &VerdictRecord) -> Option<OwnHolding> {
    if !relevant(inquiry, record) {
        return None;
    }
    let (terms, standing) = (&record.terms, record.now.clone());
    let (granted, changed) = (record.history.first()?, record.history.last()?);
    let scheme = inquiry.seen.scheme(&terms.scheme);
    let acceptances: Vec<AcceptedBy> = record.acceptances().map(|(_, one)| AcceptedBy::of(one)).collect();
    Some(OwnHolding {
        verdict: terms.verdict.clone(),
        supplier: Arc::clone(&terms.supplier),
        object: terms.object.clone(),
        scheme: terms.scheme.clone(),
        fictional: scheme.is_some_and(|record| record.scheme.fictional),
        self_declared: record.self_evaluation(&standing),
        standing,
        valid_from: terms.valid_from,
        profile: terms.profile,
        provenance: terms.provenance.clone(),
        granted: granted.moment(),
        changed: changed.moment(),
        in_force: record.holds_at(inquiry.seen.at()),
        tailors: inquiry.tailorings(&terms.scheme),
        answered_by: answering(inquiry.facts, record, inquiry.seen.at()),
        accepted_as_evidence: acceptances.len(),
        acceptances,
    })
}

/// Whether a verdict, as it stood, is one that the question is about.
pub(super) fn relevant<F: Facts>(inquiry: &Inquiry<'_, F>, record: &VerdictRecord) -> bool {
    let viewpoint = inquiry.question.viewpoint;
    let scheme = &record.terms.scheme;
    let asked = inquiry.asks_about(scheme) || !inquiry.tailorings(scheme).is_empty();
    asked && viewpoint.is_none_or(|wanted| record.now.viewpoints.contains(wanted))
}

fn foreign_holding<F: Facts>(inquiry: &Inquiry<'_, F>, record: Arc<RecognitionRecord>) -> ForeignHolding {
    let covered = covered(&record.recognition);
    let outcome = matches!(record.recognition.outcome, RecognitionOutcome::Recognised | RecognitionOutcome::Partial);
    let viewpoint = inquiry.question.viewpoint.is_none_or(|wanted| covered.contains(wanted));
    let last = record.recognition.valid_until;
    let valid = last.is_none_or(|day| inquiry.seen.at() < day.end());
    let here = record.recognition.counts_as.as_ref().filter(|_| !inquiry.asks_about(&record.recognition.scheme));
    let tailors = here.map_or_else(Vec::new, |counterpart| inquiry.tailorings(&counterpart.scheme));
    let whole = tailors.iter().all(Tailoring::keeps_all);
    ForeignHolding { record, covered, counts: outcome && viewpoint && valid && whole, tailors }
}

/// How many verdicts there are to show and how many of them count.
pub(super) fn summary(holdings: &[Holding]) -> Vec<Said> {
    let own = holdings.iter().filter(|one| matches!(one, Holding::Own(_))).count();
    let counting = holdings.iter().filter(|one| one.counts()).count();
    let params = Params::default().with("own", own).with("others", holdings.len() - own).with("counting", counting);
    let mut said = vec![Said::new("holdings", params)];
    let declared = holdings.iter().filter(|one| one.counts() && one.is_self_declared()).count();
    if declared > 0 {
        said.push(Said::new("own-declarations", Params::default().with("count", declared)));
    }
    if let Some((until, lapsed)) = first_window(holdings) {
        let what = lapsed.cause.what;
        let params = Params::default().with("until", until).with("what", what.as_str()).with("remedy", what.remedy());
        said.push(Said::new("window-closes", params));
    }
    said.extend(overdue(holdings, "surveillance-overdue", |marks| marks.surveillance_overdue));
    said.extend(overdue(holdings, "conditions-overdue", |marks| marks.conditions_overdue));
    for holding in holdings {
        match holding {
            Holding::Own(own) => {
                said.extend(own.answered_by.as_ref().map(|speaking| succeeded(own, speaking)));
                said.extend(own.tailors.iter().map(|tailoring| tailored(&own.verdict, &own.scheme, tailoring)));
            }
            Holding::Foreign(ForeignHolding { record, tailors, .. }) => {
                let Recognition { verdict, counts_as, .. } = &*record.recognition;
                let scheme = counts_as.iter().map(|counterpart| &counterpart.scheme).next();
                let tailored = scheme.map(|scheme| tailors.iter().map(|one| tailored(verdict, scheme, one)));
                said.extend(tailored.into_iter().flatten());
            }
        }
    }
    said
}

/// How many own verdicts that count have a mark that says that something was not done in time; nothing where none has.
fn overdue(holdings: &[Holding], code: &'static str, has: fn(&Marks) -> bool) -> Option<Said> {
    let marked = |one: &&Holding| matches!(one, Holding::Own(own) if has(&own.standing.marks));
    let count = holdings.iter().filter(|one| one.counts()).filter(marked).count();
    (count > 0).then(|| Said::new(code, Params::default().with("count", count)))
}

/// The window that closes first, of verdicts that count.
fn first_window(holdings: &[Holding]) -> Option<(Timestamp, Lapsed)> {
    let own = holdings.iter().filter(|one| one.counts()).filter_map(|one| match one {
        Holding::Own(own) => own.standing.lapsed.as_deref().copied(),
        Holding::Foreign(_) => None,
    });
    own.filter_map(|lapsed| Some((lapsed.window()?, lapsed))).min()
}

/// That another body answers for a verdict than the one that decided it.
fn succeeded(own: &OwnHolding, speaking: &Speaking) -> Said {
    let params = Params::default().with("verdict", &own.verdict).with("issuer", &own.standing.issuer);
    Said::new("succeeded", params.with("body", &speaking.body).with("since", speaking.since.at))
}

/// What counts of a verdict under a profile, with the first requirements that it leaves out by name.
fn tailored(verdict: &impl Display, scheme: &SchemeRef, tailoring: &Tailoring) -> Said {
    let Tailoring { document, kept, tightened, loosened, left_out } = tailoring;
    let params = Params::default().with("verdict", verdict).with("scheme", scheme).with("document", document);
    let params = params.with("kept", kept).with("tightened", tightened).with("loosened", loosened);
    let named: Vec<&str> = left_out.iter().take(NAMED).map(RequirementId::as_str).collect();
    let more = left_out.len() - named.len();
    let params = match (named.is_empty(), more) {
        (true, _) => params,
        (false, 0) => params.with("left-out", named.join(", ")),
        (false, more) => params.with("left-out", named.join(", ")).with("more", more),
    };
    Said::new("under-profile", params)
}
