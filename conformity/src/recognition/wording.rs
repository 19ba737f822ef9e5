//! The words of a recognition: what each gap is about, and the whole of it in a sentence or two, in the language that is asked for.
//! The sentences themselves are in [`crate::words`].

use std::fmt::{Display, Write};

use super::covered;
use super::gap::GapKind;
use crate::lapsed::CauseKind;
use crate::recognised::{Counterpart, EXPLANATION_BYTES, Gap, Recognition, RecognitionOutcome};
use crate::verdict::SelfEvaluation;
use crate::words::{self, ANSWERS, DECLARED, DECLARED_AND_CONFIRMED, GAPS, Language, Params, Remedy, certain, text};

/// What is in the way, and what would change the answer.
pub(super) fn gap(gap: &GapKind, language: Language) -> String {
    words::say(GAPS, gap.code(), language, &params(gap)).unwrap_or_else(|| gap.code().to_owned())
}

/// The gap as results record it: in English, for whoever reads the log without this table.
pub(super) fn recorded(gap: &GapKind) -> Gap {
    let params = params(gap);
    let remedy = match gap {
        GapKind::BasisKept { what, .. } | GapKind::BasisWindow { what, .. } | GapKind::BasisLapsed { what, .. } => {
            what.remedy()
        }
        _ => words::row(GAPS, gap.code(), &params).map_or("", |row| row.remedy),
    };
    Gap {
        code: certain(gap.code(), "gap"),
        text: text(&self::gap(gap, Language::English)),
        remedy: Remedy::of(remedy),
        params,
    }
}

/// A recognition as it is told in `language`: what is recorded is English, and is told as recorded. What the tables do not have
/// stays in English, too.
pub fn told(recognition: &Recognition, language: Language) -> Recognition {
    let mut told = recognition.clone();
    for gap in &mut told.gaps {
        gap.remedy = gap.remedy.as_ref().map(|remedy| remedy.told(language));
    }
    if language == Language::English {
        return told;
    }
    for gap in &mut told.gaps {
        if let Some(words) = words::say(GAPS, gap.code.as_str(), language, &gap.params) {
            gap.text = text(&words);
        }
    }
    told.explanation = text(&explanation(&told, language));
    told
}

/// The whole of it in a sentence or two, with as many of the gaps as there is room for: all of them stand beside it.
pub(super) fn explanation(recognition: &Recognition, language: Language) -> String {
    let gaps: Vec<&str> = recognition.gaps.iter().map(|gap| gap.text.as_str()).collect();
    let fewer = (1..=gaps.len()).rev().map(|told| explained(recognition, language, &gaps[..told]));
    let fits = |words: &String| words.len() <= EXPLANATION_BYTES;
    fewer.into_iter().find(fits).unwrap_or_else(|| explained(recognition, language, &gaps))
}

/// The same, with these of its gaps.
fn explained(recognition: &Recognition, language: Language, gaps: &[&str]) -> String {
    let outcome = words::phrase(recognition.outcome.as_str(), language);
    let basis = basis(recognition, language);
    let counterpart = counterpart(recognition, language);
    let why = listed_gaps(gaps, recognition.gaps.len() - gaps.len(), language);
    let mut words = match (language, gaps.is_empty()) {
        (Language::English, true) => format!("{outcome}{basis}{counterpart}."),
        (Language::English, false) => format!("{outcome}{basis}{counterpart}: {why}."),
        (Language::Japanese, true) => format!("{basis}{counterpart}{outcome}。"),
        (Language::Japanese, false) => format!("{basis}{counterpart}{outcome}。理由: {why}。"),
    };
    for more in further(recognition, language) {
        // Writing to a string does not fail.
        let _ = write!(words, "{}{more}", if language == Language::English { " " } else { "" });
    }
    words
}

fn listed_gaps(gaps: &[&str], more: usize, language: Language) -> String {
    let told = gaps.join(if language == Language::English { "; " } else { "。" });
    if more == 0 {
        return told;
    }
    let and_more = words::say(ANSWERS, "and-more", language, &Params::default().with("more", more));
    told + &and_more.unwrap_or_default()
}

fn basis(recognition: &Recognition, language: Language) -> String {
    let Some(arrangement) = &recognition.arrangement else { return String::new() };
    let params = Params::default().with("arrangement", &arrangement.id).with("version", arrangement.version);
    let (code, params) = match &recognition.rule {
        Some(rule) => ("by-rule", params.with("rule", rule)),
        None => ("by-arrangement", params),
    };
    words::say(ANSWERS, code, language, &params).unwrap_or_default()
}

fn counterpart(recognition: &Recognition, language: Language) -> String {
    if recognition.outcome == RecognitionOutcome::Refused {
        return String::new();
    }
    let params = Params::default().with("covered", covered(recognition));
    let (code, params) = match &recognition.counts_as {
        Some(Counterpart { scheme, level: Some(level) }) => {
            ("counting-as", params.with("scheme", scheme).with("level", level))
        }
        Some(Counterpart { scheme, level: None }) => ("counting-as", params.with("scheme", scheme)),
        None => ("counting-for", params),
    };
    words::say(ANSWERS, code, language, &params).unwrap_or_default()
}

/// What else is to be known of the verdict itself.
fn further(recognition: &Recognition, language: Language) -> impl Iterator<Item = String> {
    let declared = recognition.self_declared.map(|by| match by {
        SelfEvaluation::Oneself => DECLARED,
        SelfEvaluation::ExpertConfirmed => DECLARED_AND_CONFIRMED,
    });
    let declared = declared.and_then(|code| words::say(ANSWERS, code, language, &Params::default()));
    let conditional = recognition.conditions.as_ref().and_then(|conditions| {
        let params = Params::default().with("deadline", conditions.deadline).with("conditions", &conditions.text);
        words::say(ANSWERS, "conditional", language, &params)
    });
    declared.into_iter().chain(conditional)
}

/// What a gap is about.
fn params(gap: &GapKind) -> Params {
    match gap.distance() {
        0 => of_lighter(gap),
        1 | 2 => of_verdict(gap),
        3..=5 => of_rule(gap),
        _ => of_arrangement(gap),
    }
}

fn of_lighter(gap: &GapKind) -> Params {
    let params = Params::default();
    match gap {
        GapKind::ViewpointNotCovered(viewpoint) => params.with("viewpoint", viewpoint),
        GapKind::LevelCapped { level, cap } => params.with("level", level).with("cap", cap),
        GapKind::SectorsNotCovered(sectors) => params.with("sectors", listed(sectors)),
        GapKind::SitesNotCovered(sites) => match sites.split_first() {
            Some((first, [])) => params.with("site", first),
            Some((first, more)) => params.with("site", first).with("more", more.len()),
            None => params,
        },
        GapKind::KeptWhileSuspended { since } | GapKind::KeptAfterEnd { since } => params.with("since", since),
        GapKind::TransferWindow { until } => params.with("until", until),
        GapKind::BasisKept { what, since } => of_cause(*what).with("since", since),
        GapKind::BasisWindow { what, until } => of_cause(*what).with("until", until),
        GapKind::ConditionsOverdue { deadline } => params.with("deadline", deadline),
        _ => params,
    }
}

fn of_cause(what: CauseKind) -> Params {
    Params::default().with("what", what.as_str()).with("remedy", what.remedy())
}

fn of_verdict(gap: &GapKind) -> Params {
    let params = Params::default();
    match gap {
        GapKind::NotInForce { state, since } => params.with("state", state).with("since", since),
        GapKind::NotYetValid { from } => params.with("from", from),
        GapKind::NoLongerValid { until } => params.with("until", until),
        GapKind::BasisLapsed { what, since } => of_cause(*what).with("since", since),
        GapKind::SurveillanceTooOld { last, months } => params.with("last", last).with("months", months),
        GapKind::IssuerNotAccepted { issuer: Some(issuer), accepted } => {
            params.with("issuer", issuer).with("accepted", listed(accepted))
        }
        GapKind::IssuerNotAccepted { issuer: None, accepted } => params.with("accepted", listed(accepted)),
        GapKind::BodyNotNamed { body, named } => params.with("body", body).with("named", listed(named)),
        _ => params,
    }
}

fn of_rule(gap: &GapKind) -> Params {
    let params = Params::default();
    match gap {
        GapKind::LevelBelowMinimum { level, min } => params.with("level", level).with("min", min),
        GapKind::LevelNotListed { level, only } => params.with("level", level).with("only", listed(only)),
        GapKind::LevelNotComparable { level, cap } => params.with("level", level).with("cap", cap),
        GapKind::LevelWithoutCounterpart { level } => params.with("level", level),
        GapKind::NoViewpointCovered { covered } => params.with("covered", covered),
        GapKind::ObjectNotCovered { kind, covered } => params.with("kind", kind).with("covered", covered),
        GapKind::NoSectorCovered { covered } => params.with("covered", listed(covered)),
        GapKind::CountryNotCovered { country: Some(country), covered } => {
            params.with("country", country).with("covered", listed(covered))
        }
        GapKind::CountryNotCovered { country: None, covered } => params.with("covered", listed(covered)),
        _ => params,
    }
}

fn of_arrangement(gap: &GapKind) -> Params {
    let params = Params::default();
    match gap {
        GapKind::ArrangementSuspended { since, by } => params.with("since", since).with("by", listed(by)),
        GapKind::ArrangementEnded { since, by: Some(by) } => params.with("since", since).with("by", by),
        GapKind::ArrangementEnded { since, by: None } => params.with("since", since),
        GapKind::ArrangementNotYetInForce { from } => params.with("from", from),
        GapKind::ArrangementUnsigned { missing } => params.with("missing", listed(missing)),
        GapKind::SchemeVersionNotCovered { covered } | GapKind::SchemeNotCovered { covered } => {
            params.with("covered", covered)
        }
        GapKind::NoLongerCovered { scheme, version } => params.with("scheme", scheme).with("version", version),
        GapKind::DirectionNotCovered { from, to } | GapKind::NoArrangement { from, to } => {
            params.with("from", from).with("to", to)
        }
        GapKind::DoesNotIssue(registry) | GapKind::DoesNotRecognise(registry) => params.with("registry", registry),
        GapKind::PeerExpelled { registry, since, reason } => {
            let params = params.with("registry", registry).with("since", since).with("reason", &reason.code);
            reason.text.iter().fold(params, |params, text| params.with("text", text))
        }
        _ => params,
    }
}

/// Several things with commas between them.
fn listed<I: IntoIterator<Item: Display>>(things: I) -> String {
    let things: Vec<String> = things.into_iter().map(|thing| thing.to_string()).collect();
    things.join(", ")
}
