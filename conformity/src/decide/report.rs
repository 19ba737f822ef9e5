//! Reports of audit bodies. A report changes no state: it says when somebody last looked and what is recommended.

use std::sync::Arc;

use super::accreditation::{Needed, known_viewpoints};
use super::case::{Case, in_order};
use super::verdict_change::{illegal_move, room_left};
use crate::accreditation::{AccreditationRecord, AccreditedAs};
use crate::party::Role;
use crate::records::{Facts, Record};
use crate::refusal::Refusal;
use crate::scheme::{Scheme, Surveillant};
use crate::verdict::{Happening, Recommendation, Report, VerdictRecord};

impl<F: Facts> Case<'_, F> {
    pub(super) fn report_filed(&self, report: &Arc<Report>) -> Result<Vec<Record>, Refusal> {
        self.only(
            &[Role::AuditBody, Role::CertificationBody],
            "an audit body, or the issuing body where the scheme lets it surveil",
        )?;
        let known = self.facts.verdict(&report.verdict).filter(|known| self.may_know(known) || self.audits(known));
        let known = known.ok_or_else(|| Refusal::UnknownVerdict { verdict: report.verdict.clone() })?;
        let scheme = self.scheme(&known.terms.scheme)?;
        let role = self.surveillant(&known, report, &scheme.scheme)?;
        let viewpoints = report.viewpoints.unwrap_or(known.now.viewpoints);
        known_viewpoints(viewpoints, known.now.viewpoints)?;
        self.accredited(
            self.iss(),
            &Needed { role, scheme: &known.terms.scheme, viewpoints, object: known.terms.object.kind },
        )?;
        in_order("period", report.period.from, report.period.to)?;
        in_order("period", report.period.to, self.today())?;
        unfiled(&known, report)?;
        room_left(&known)?;
        let reported = known.after(self.happened_to(&known, Happening::Reported(Arc::clone(report))));
        let reported = reported.map_err(|illegal| illegal_move(&report.verdict, illegal))?;
        Ok(vec![Record::Verdict(Arc::new(reported))])
    }

    /// Whether the speaker is accredited to audit what is assessed like this: it was told which verdicts there are.
    pub(super) fn audits(&self, known: &VerdictRecord) -> bool {
        let under_scheme = |record: &AccreditationRecord| {
            let held = &record.accreditation;
            held.role == AccreditedAs::AuditBody && held.scheme == known.terms.scheme
        };
        let records = self.facts.accreditations(self.iss());
        records.iter().any(|record| under_scheme(record) && record.in_force_at(self.at()).is_ok())
    }

    /// In which capacity the speaker surveils. A body that surveils its own verdicts acts on what it finds instead of
    /// recommending it to itself.
    fn surveillant(&self, known: &VerdictRecord, report: &Report, scheme: &Scheme) -> Result<AccreditedAs, Refusal> {
        if self.role() == Role::AuditBody {
            return Ok(AccreditedAs::AuditBody);
        }
        let surveils = scheme.surveillance.is_some_and(|duty| duty.by == Surveillant::CertificationBody);
        let own = self.answers_for(known);
        if own && surveils && report.recommendation == Recommendation::None {
            return Ok(AccreditedAs::CertificationBody);
        }
        Err(Refusal::NotTheSurveillant { verdict: known.id().clone(), iss: self.iss().clone() })
    }
}

fn unfiled(known: &VerdictRecord, report: &Report) -> Result<(), Refusal> {
    let filed = known.history.iter().any(|item| match &item.what {
        Happening::Reported(earlier) => earlier.report == report.report,
        _ => false,
    });
    if filed {
        return Err(Refusal::ReportExists { verdict: known.id().clone(), report: report.report.clone() });
    }
    Ok(())
}
