//! The words of a recognition: each gap with what would change the answer, and the whole of it in a sentence.

use std::fmt::{self, Display, Write};
use std::str::FromStr;

use super::candidate::Candidate;
use super::gap::GapKind;
use crate::recognised::{Counterpart, RecognitionOutcome};
use crate::text::Text;
use crate::verdict::{SelfEvaluation, State, StateName, VerdictRecord};

/// Text of at most `MAX` bytes. What does not fit is cut after a whole character and marked.
pub(crate) fn text<const MAX: usize>(words: &str) -> Text<MAX> {
    const MARK: &str = "…";
    if words.len() <= MAX {
        return certain(words, "-");
    }
    let mut end = MAX.saturating_sub(MARK.len());
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    certain(&format!("{}{MARK}", &words[..end]), "-")
}

/// Parses what this crate itself wrote; `spare` stands in for what does not parse, and always parses.
pub(super) fn certain<T: FromStr>(words: &str, spare: &'static str) -> T {
    let mut words = words;
    loop {
        match words.parse() {
            Ok(parsed) => return parsed,
            Err(_) => words = spare,
        }
    }
}

/// What is in the way, and what would change the answer.
pub(super) fn gap(gap: &GapKind, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match gap.distance() {
        0 => lighter_gap(gap, f),
        1 | 2 => verdict_gap(gap, f),
        3..=5 => rule_gap(gap, f),
        _ => arrangement_gap(gap, f),
    }
}

fn lighter_gap(gap: &GapKind, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match gap {
        GapKind::EvidenceOnly => f.write_str("the rule accepts such verdicts as evidence only"),
        GapKind::SimplifiedProcedure => {
            f.write_str("it shortens a procedure of this registry's own; only that procedure's verdict counts")
        }
        GapKind::ViewpointNotCovered(viewpoint) => {
            write!(f, "the rule does not cover the viewpoint {viewpoint}")
        }
        GapKind::LevelCapped { level, cap } => {
            write!(f, "level {level} counts as {cap}, the highest that the rule recognises for it")
        }
        GapKind::SectorsNotCovered(sectors) => write!(f, "the rule does not cover the sector {}", Listed(sectors)),
        GapKind::SitesNotCovered(sites) => {
            f.write_str("the rule does not cover the site ")?;
            first_of(sites, f)
        }
        GapKind::KeptWhileSuspended { since } => write!(
            f,
            "the arrangement has been suspended since {since}; what was recognised before stays so"
        ),
        GapKind::KeptAfterEnd { since } => write!(
            f,
            "the arrangement has been over since {since}; what was recognised before stays so"
        ),
        GapKind::TransferWindow { until } => write!(
            f,
            "the arrangement has lapsed; what was recognised before stays so until {until}"
        ),
        GapKind::BasisKept { what, since } => {
            write!(f, "where it was granted {} since {since}, and its scheme keeps it in force", what.words())
        }
        GapKind::BasisWindow { what, until } => {
            write!(f, "where it was granted {}; it stays in force until {until}; {}", what.words(), what.remedy())
        }
        _ => f.write_str(
            "what was added to the verdict after the arrangement lapsed does not count; it counts once the arrangement is in force again",
        ),
    }
}

fn verdict_gap(gap: &GapKind, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match gap {
        GapKind::NotInForce { state: StateName::Void, .. } => f.write_str(
            "where it was granted it is void: it was signed with a stolen key, and was never in force; only a new verdict can count",
        ),
        GapKind::NotInForce { state, since } => {
            write!(f, "where it was granted it has been {state} since {since}; ")?;
            f.write_str(after_state(*state))
        }
        GapKind::NotYetValid { from } => write!(f, "it is valid from {from}; it counts from that day"),
        GapKind::NoLongerValid { until } => {
            write!(f, "its last day was {until}; it counts again once it is renewed where it was granted")
        }
        GapKind::BasisLapsed { what, since } => {
            write!(f, "where it was granted it has not been in force since {since}, because {}; {}", what.words(), what.remedy())
        }
        GapKind::NotShown => {
            f.write_str("the issuing registry does not show it any more; it counts again once it is shown")
        }
        GapKind::SurveillanceOverdue => f.write_str(
            "its surveillance is overdue, and the rule asks for it; it counts again once a conforming report is filed where it was granted",
        ),
        GapKind::SurveillanceTooOld { last, months } => write!(
            f,
            "it was last found conforming on {last}, and the rule asks for that within {months} months; it counts again once a newer conforming report is filed where it was granted"
        ),
        GapKind::Restricted => f.write_str(
            "it is restricted, and restricted verdicts count only by rules that include them",
        ),
        GapKind::IssuerNotAccepted { issuer: Some(issuer), accepted } => {
            write!(f, "the list names {issuer} as issuing body; the rule accepts {}", Listed(accepted))
        }
        GapKind::IssuerNotAccepted { issuer: None, accepted } => {
            write!(f, "the transcription does not name the issuing body; the rule accepts {}", Listed(accepted))
        }
        GapKind::SelfDeclared => f.write_str(
            "the supplier declared it itself, and the rule accepts only what a body decided",
        ),
        GapKind::NotConfirmed => f.write_str(
            "the supplier declared it itself, and the rule accepts only what an expert confirmed; it counts once one does",
        ),
        _ => f.write_str(
            "it was transcribed from a list, and the rule accepts only verdicts decided in the issuing registry",
        ),
    }
}

const fn after_state(state: StateName) -> &'static str {
    match state {
        StateName::Suspended => "it counts again once it is restored there",
        StateName::Expired => "it counts again once it is renewed there",
        StateName::Unconfirmed => "it counts once an expert confirms it there",
        StateName::Superseded => "the verdict that took its place may count",
        _ => "only a new verdict can count",
    }
}

fn rule_gap(gap: &GapKind, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match gap {
        GapKind::LevelNotStated => {
            f.write_str("the rule recognises levels and the verdict states none; it would count with one of them")
        }
        GapKind::LevelKeptBack => f.write_str(
            "the rule recognises levels and the verdict keeps its own back; it would count if one of them was disclosed to this registry",
        ),
        GapKind::LevelBelowMinimum { level, min } => {
            write!(f, "level {level} does not reach {min}, the least that the rule recognises")
        }
        GapKind::LevelNotListed { level, only } => {
            write!(f, "level {level} is none of those that the rule recognises: {}", Listed(only))
        }
        GapKind::LevelNotComparable { level, cap } => {
            write!(f, "level {level} is neither within {cap}, the highest that the rule recognises, nor above it")
        }
        GapKind::LevelWithoutCounterpart { level } => {
            write!(f, "the rule names no level of this registry for level {level}, nor for one that it includes")
        }
        GapKind::NoViewpointCovered { covered } => {
            write!(f, "none of its viewpoints is one that the rule covers: {covered}")
        }
        GapKind::ObjectNotCovered { kind, covered } => {
            write!(f, "it is about a {kind}; the rule covers {covered}")
        }
        GapKind::SectorsNotStated => {
            f.write_str("the rule is for sectors and the verdict names none; only a verdict that names one can count")
        }
        GapKind::NoSectorCovered { covered } => {
            write!(f, "none of its sectors is one that the rule covers: {}", Listed(covered))
        }
        GapKind::SitesNotStated => f.write_str(
            "the rule is for certain sites and the verdict names none to this registry; it would count with one of them",
        ),
        GapKind::NoSiteCovered => f.write_str(
            "none of its sites is named by the rule or stated to lie in one of its countries; it would count with one that is",
        ),
        _ => f.write_str("the rule does not cover it"),
    }
}

fn arrangement_gap(gap: &GapKind, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match gap {
        GapKind::ArrangementSuspended { since, by } => write!(
            f,
            "the arrangement has been suspended since {since}, now by {}; it would count once that is lifted",
            Listed(by)
        ),
        GapKind::ArrangementEnded { since, by: Some(by) } => {
            write!(f, "the arrangement has been over since {since}, ended by {by}; a new one would be needed")
        }
        GapKind::ArrangementEnded { since, by: None } => {
            write!(f, "the arrangement has been over since {since}, after its last day; a new version would be needed")
        }
        GapKind::ArrangementNotYetInForce { from } => {
            write!(f, "the arrangement begins on {from}; it would count from that day")
        }
        GapKind::ArrangementUnsigned { missing } => {
            write!(f, "the arrangement is not signed by {}; it would count once it is", Listed(missing))
        }
        GapKind::SchemeVersionNotCovered { covered } => {
            write!(f, "the rule covers {covered} and no other version of the scheme")
        }
        GapKind::SchemeNotCovered { covered } => write!(f, "the rule covers another scheme, {covered}"),
        GapKind::DirectionNotCovered { from, to } => {
            write!(f, "no rule of the arrangement lets {to} recognise verdicts of {from}")
        }
        GapKind::DoesNotIssue(registry) => write!(
            f,
            "{registry} takes part without issuing: it recognises others' verdicts, and its own are not recognised"
        ),
        GapKind::DoesNotRecognise(registry) => {
            write!(f, "{registry} takes part as an issuing side only and recognises nothing under it")
        }
        GapKind::NoArrangement { from, to } => {
            write!(f, "no arrangement between {from} and {to}; only one that both are party to would change that")
        }
        // The reason last: where all does not fit, the rest of it goes.
        GapKind::PeerExpelled { registry, since, reason } => {
            write!(
                f,
                "{registry} was expelled here on {since}; it would count once {registry} is added again and shows it"
            )?;
            write!(f, "; reason: {}", reason.code)?;
            reason.text.as_ref().map_or(Ok(()), |text| write!(f, ", {text}"))
        }
        _ => f.write_str("it is this registry's own verdict; recognition is for those of others"),
    }
}

/// The whole of it in a sentence or two.
pub(super) fn explanation(candidate: &Candidate<'_>, verdict: &VerdictRecord) -> Text<1024> {
    let mut words = String::new();
    // Writing to a string does not fail.
    let _ = write_explanation(candidate, verdict, &mut words);
    text(&words)
}

fn write_explanation(candidate: &Candidate<'_>, verdict: &VerdictRecord, f: &mut String) -> fmt::Result {
    let outcome = candidate.outcome();
    f.write_str(match outcome {
        RecognitionOutcome::Recognised => "Recognised",
        RecognitionOutcome::Partial => "Partly recognised",
        RecognitionOutcome::AcceptedAsEvidence => "Accepted as evidence",
        RecognitionOutcome::Refused => "Refused",
    })?;
    write_basis(candidate, f)?;
    if outcome != RecognitionOutcome::Refused {
        write_counterpart(candidate, f)?;
    }
    for (position, gap) in candidate.gaps.iter().enumerate() {
        write!(f, "{} {gap}", if position == 0 { ":" } else { ";" })?;
    }
    f.write_char('.')?;
    match verdict.self_evaluation(&verdict.now) {
        Some(SelfEvaluation::Oneself) => f.write_str(" It is the supplier's own declaration; no body decided it.")?,
        Some(SelfEvaluation::ExpertConfirmed) => {
            f.write_str(" It is the supplier's own declaration, confirmed by an expert; no body decided it.")?;
        }
        None => {}
    }
    match &verdict.now.state {
        State::Conditional(state) => {
            write!(f, " It is conditional until {}: {}", state.conditions.deadline, state.conditions.text)
        }
        _ => Ok(()),
    }
}

fn write_basis(candidate: &Candidate<'_>, f: &mut String) -> fmt::Result {
    let Some(terms) = candidate.terms else { return Ok(()) };
    match candidate.rule {
        Some(rule) => write!(f, " under rule {} of", rule.id)?,
        None => f.write_str(" under")?,
    }
    write!(f, " arrangement {} (version {})", terms.terms.id, terms.terms.version)
}

fn write_counterpart(candidate: &Candidate<'_>, f: &mut String) -> fmt::Result {
    if let Some(Counterpart { scheme, level }) = &candidate.counts_as {
        write!(f, ", counting as {scheme}")?;
        if let Some(level) = level {
            write!(f, " level {level}")?;
        }
    }
    write!(f, " for {}", candidate.covered)
}

/// The first of several things, and how many more there are.
fn first_of<T: Display>(things: &[T], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some((first, more)) = things.split_first() else { return Ok(()) };
    write!(f, "{first}")?;
    if more.is_empty() { Ok(()) } else { write!(f, " and {} more", more.len()) }
}

/// Several things with commas between them.
struct Listed<I>(I);

impl<I: Copy + IntoIterator<Item: Display>> Display for Listed<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, item) in self.0.into_iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}{item}")?;
        }
        Ok(())
    }
}
