//! Every gap has a stable code, a weight, and words that fit and say what would change the answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use serde_json::json;

use crate::lapsed::CauseKind;
use crate::reason::Reason;
use crate::recognition::fixture::{Case, at, name};
use crate::recognition::{GapKind, Weight, text, told};
use crate::verdict::{Change, Conditions, StateName};
use crate::viewpoint::{ObjectKind, ObjectKinds, Viewpoint, Viewpoints};
use crate::words::{GAPS, Language, say};

/// Every gap with its code, weight and words. A changed code breaks whoever reads results: add codes, never change them.
#[test]
fn gaps_keep_their_codes_and_say_what_would_help() {
    let since = at("2026-06-01");
    let day = name("2026-06-01");
    let level = || name("EAL3");
    let state = |state| GapKind::NotInForce { state, since };
    let expelled = |text: Option<&str>| GapKind::PeerExpelled {
        registry: name("eu"),
        since,
        reason: Reason { code: name("forked-log"), text: text.map(name) },
    };
    use Weight::{Evidence, Note, Reduces, Refuses};
    let rows: Vec<(GapKind, &str, Weight, &str)> = vec![
        (GapKind::EvidenceOnly, "evidence-only", Evidence, "the rule accepts such verdicts as evidence only"),
        (
            GapKind::SimplifiedProcedure,
            "simplified-procedure",
            Evidence,
            "it shortens a procedure of this registry's own; only that procedure's verdict counts",
        ),
        (
            GapKind::ViewpointNotCovered(Viewpoint::Organization),
            "organization-not-covered",
            Reduces,
            "the rule does not cover the viewpoint organization",
        ),
        (
            GapKind::ViewpointNotCovered(Viewpoint::Process),
            "process-not-covered",
            Reduces,
            "the rule does not cover the viewpoint process",
        ),
        (
            GapKind::ViewpointNotCovered(Viewpoint::PeopleAndThings),
            "people-and-things-not-covered",
            Reduces,
            "the rule does not cover the viewpoint people-and-things",
        ),
        (
            GapKind::LevelCapped { level: level(), cap: name("EAL2") },
            "level-capped",
            Reduces,
            "level EAL3 counts as EAL2, the highest that the rule recognises for it",
        ),
        (
            GapKind::SectorsNotCovered(vec![name("isic4.K"), name("isic4.L")]),
            "sector-not-covered",
            Reduces,
            "the rule does not cover the sector isic4.K, isic4.L",
        ),
        (
            GapKind::SitesNotCovered(vec![name("JP:Osaka"), name("Reno"), name("Hanoi")]),
            "site-not-covered",
            Reduces,
            "the rule does not cover the site Osaka (JP) and 2 more",
        ),
        (
            GapKind::KeptWhileSuspended { since },
            "kept-while-suspended",
            Note,
            "the arrangement has been suspended since 2026-06-01T00:00:00Z; what was recognised before stays so",
        ),
        (
            GapKind::KeptAfterEnd { since },
            "kept-after-end",
            Note,
            "the arrangement has been over since 2026-06-01T00:00:00Z; what was recognised before stays so",
        ),
        (
            GapKind::TransferWindow { until: since },
            "transfer-window",
            Note,
            "the arrangement has lapsed; what was recognised before stays so until 2026-06-01T00:00:00Z",
        ),
        (
            GapKind::AddedSinceLapse,
            "added-since-lapse",
            Reduces,
            "what was added to the verdict after the arrangement lapsed does not count; it counts once the arrangement is in force again",
        ),
        (
            GapKind::BasisKept { what: CauseKind::AccreditationSuspended, since },
            "basis-kept",
            Note,
            "where it was granted the accreditation of its body is suspended since 2026-06-01T00:00:00Z, and its scheme keeps it in force",
        ),
        (
            GapKind::BasisWindow { what: CauseKind::SchemeReplaced, until: since },
            "basis-window",
            Note,
            "where it was granted its scheme is replaced; it stays in force until 2026-06-01T00:00:00Z; a verdict under the scheme that took its place is needed",
        ),
        (
            GapKind::ConditionsOverdue { deadline: name("2026-06-30") },
            "conditions-overdue",
            Note,
            "its conditions were to be met by 2026-06-30, and nobody has said where it was granted that they are",
        ),
        (
            GapKind::BasisLapsed { what: CauseKind::SurveillanceOverdue, since },
            "basis-lapsed",
            Refuses,
            "where it was granted it has not been in force since 2026-06-01T00:00:00Z, because its surveillance is overdue; it holds again once a surveillance report is filed",
        ),
        (
            state(StateName::Suspended),
            "verdict-suspended",
            Refuses,
            "where it was granted it has been suspended since 2026-06-01T00:00:00Z; it counts again once it is restored there",
        ),
        (
            state(StateName::Surrendered),
            "verdict-surrendered",
            Refuses,
            "where it was granted it has been surrendered since 2026-06-01T00:00:00Z; only a new verdict can count",
        ),
        (
            state(StateName::Withdrawn),
            "verdict-withdrawn",
            Refuses,
            "where it was granted it has been withdrawn since 2026-06-01T00:00:00Z; only a new verdict can count",
        ),
        (
            state(StateName::Expired),
            "verdict-expired",
            Refuses,
            "where it was granted it has been expired since 2026-06-01T00:00:00Z; it counts again once it is renewed there",
        ),
        (
            state(StateName::Superseded),
            "verdict-superseded",
            Refuses,
            "where it was granted it has been superseded since 2026-06-01T00:00:00Z; the verdict that took its place may count",
        ),
        (
            state(StateName::Annulled),
            "verdict-annulled",
            Refuses,
            "where it was granted it has been annulled since 2026-06-01T00:00:00Z; only a new verdict can count",
        ),
        (
            state(StateName::Historical),
            "verdict-historical",
            Refuses,
            "where it was granted it has been historical since 2026-06-01T00:00:00Z; only a new verdict can count",
        ),
        (
            state(StateName::Void),
            "verdict-void",
            Refuses,
            "where it was granted it is void: it was signed with a stolen key, and was never in force; only a new verdict can count",
        ),
        (
            state(StateName::Unconfirmed),
            "verdict-unconfirmed",
            Refuses,
            "where it was granted it has been unconfirmed since 2026-06-01T00:00:00Z; it counts once an expert confirms it there",
        ),
        (
            GapKind::NotYetValid { from: day },
            "verdict-not-yet-valid",
            Refuses,
            "it is valid from 2026-06-01; it counts from that day",
        ),
        (
            GapKind::NoLongerValid { until: day },
            "verdict-expired",
            Refuses,
            "its last day was 2026-06-01; it counts again once it is renewed where it was granted",
        ),
        (
            GapKind::NotShown,
            "verdict-not-shown",
            Refuses,
            "the issuing registry does not show it any more; it counts again once it is shown",
        ),
        (
            GapKind::SurveillanceOverdue,
            "surveillance-overdue",
            Refuses,
            "its surveillance is overdue, and the rule asks for it; it counts again once a conforming report is filed where it was granted",
        ),
        (
            GapKind::SurveillanceTooOld { last: day, months: 12 },
            "surveillance-too-old",
            Refuses,
            "it was last found conforming on 2026-06-01, and the rule asks for that within 12 months; it counts again once a newer conforming report is filed where it was granted",
        ),
        (
            GapKind::Restricted,
            "restricted",
            Refuses,
            "it is restricted, and restricted verdicts count only by rules that include them",
        ),
        (
            GapKind::SelfDeclared,
            "self-declared",
            Refuses,
            "the supplier declared it itself, and the rule accepts only what a body decided",
        ),
        (
            GapKind::NotConfirmed,
            "not-confirmed",
            Refuses,
            "the supplier declared it itself, and the rule accepts only what an expert confirmed; it counts once one does",
        ),
        (
            GapKind::Transcribed,
            "transcribed",
            Refuses,
            "it was transcribed from a list, and the rule accepts only verdicts decided in the issuing registry",
        ),
        (
            GapKind::IssuerNotAccepted { issuer: Some(name("SE")), accepted: vec![name("JP"), name("US")] },
            "issuer-not-accepted",
            Refuses,
            "the list names SE as issuing body; the rule accepts JP, US",
        ),
        (
            GapKind::IssuerNotAccepted { issuer: None, accepted: vec![name("JP")] },
            "issuer-not-accepted",
            Refuses,
            "the transcription does not name the issuing body; the rule accepts JP",
        ),
        (
            GapKind::BodyNotNamed { body: name("cb-2"), named: vec![name("cb-1"), name("cb-3")] },
            "body-not-named",
            Refuses,
            "cb-2 answers for it; the rule names cb-1, cb-3",
        ),
        (
            GapKind::LevelNotStated,
            "level-not-stated",
            Refuses,
            "the rule recognises levels and the verdict states none; it would count with one of them",
        ),
        (
            GapKind::LevelKeptBack,
            "level-kept-back",
            Refuses,
            "the rule recognises levels and the verdict keeps its own back; it would count if one of them was disclosed to this registry",
        ),
        (
            GapKind::LevelBelowMinimum { level: level(), min: name("EAL4") },
            "level-below-minimum",
            Refuses,
            "level EAL3 does not reach EAL4, the least that the rule recognises",
        ),
        (
            GapKind::LevelNotListed { level: level(), only: vec![name("cPP"), name("EAL1")] },
            "level-not-listed",
            Refuses,
            "level EAL3 is none of those that the rule recognises: cPP, EAL1",
        ),
        (
            GapKind::LevelNotComparable { level: level(), cap: name("PP") },
            "level-not-comparable",
            Refuses,
            "level EAL3 is neither within PP, the highest that the rule recognises, nor above it",
        ),
        (
            GapKind::LevelWithoutCounterpart { level: level() },
            "level-without-counterpart",
            Refuses,
            "the rule names no level of this registry for level EAL3, nor for one that it includes",
        ),
        (
            GapKind::NoViewpointCovered { covered: Viewpoint::Process.into() },
            "no-viewpoint-covered",
            Refuses,
            "none of its viewpoints is one that the rule covers: process",
        ),
        (
            GapKind::ObjectNotCovered { kind: ObjectKind::Site, covered: ObjectKind::Product.into() },
            "object-not-covered",
            Refuses,
            "it is about a site; the rule covers product",
        ),
        (
            GapKind::CountryNotCovered { country: Some(name("JP")), covered: vec![name("MM")] },
            "country-not-covered",
            Refuses,
            "its supplier is established in JP; the rule covers suppliers in MM",
        ),
        (
            GapKind::CountryNotCovered { country: None, covered: vec![name("MM")] },
            "country-not-covered",
            Refuses,
            "the verdict does not say where its supplier is established; the rule covers suppliers in MM",
        ),
        (
            GapKind::SectorsNotStated,
            "sectors-not-stated",
            Refuses,
            "the rule is for sectors and the verdict names none; only a verdict that names one can count",
        ),
        (
            GapKind::NoSectorCovered { covered: vec![name("isic4.C")] },
            "no-sector-covered",
            Refuses,
            "none of its sectors is one that the rule covers: isic4.C",
        ),
        (
            GapKind::SitesNotStated,
            "sites-not-stated",
            Refuses,
            "the rule is for certain sites and the verdict names none to this registry; it would count with one of them",
        ),
        (
            GapKind::NoSiteCovered,
            "no-site-covered",
            Refuses,
            "none of its sites is named by the rule or stated to lie in one of its countries; it would count with one that is",
        ),
        (
            GapKind::ArrangementSuspended { since, by: [name("eu"), name("jp")].into() },
            "arrangement-suspended",
            Refuses,
            "the arrangement has been suspended since 2026-06-01T00:00:00Z, now by eu, jp; it would count once that is lifted",
        ),
        (
            GapKind::ArrangementEnded { since, by: Some(name("jp")) },
            "arrangement-ended",
            Refuses,
            "the arrangement has been over since 2026-06-01T00:00:00Z, ended by jp; a new one would be needed",
        ),
        (
            GapKind::ArrangementEnded { since, by: None },
            "arrangement-ended",
            Refuses,
            "the arrangement has been over since 2026-06-01T00:00:00Z, after its last day; a new version would be needed",
        ),
        (
            GapKind::ArrangementNotYetInForce { from: day },
            "arrangement-not-yet-in-force",
            Refuses,
            "the arrangement begins on 2026-06-01; it would count from that day",
        ),
        (
            GapKind::ArrangementUnsigned { missing: [name("eu")].into() },
            "arrangement-unsigned",
            Refuses,
            "the arrangement is not signed by eu; it would count once it is",
        ),
        (
            GapKind::SchemeVersionNotCovered { covered: name("star@1") },
            "scheme-version-not-covered",
            Refuses,
            "the rule covers star@1 and no other version of the scheme",
        ),
        (
            GapKind::SchemeNotCovered { covered: name("star@1") },
            "scheme-not-covered",
            Refuses,
            "the rule covers another scheme, star@1",
        ),
        (
            GapKind::NoLongerCovered { scheme: name("star@1"), version: 3 },
            "no-longer-covered",
            Refuses,
            "it was recognised and is no longer: version 3 of the arrangement leaves star@1 out; it would count once a new version covers it",
        ),
        (
            GapKind::DirectionNotCovered { from: name("jp"), to: name("eu") },
            "direction-not-covered",
            Refuses,
            "no rule of the arrangement lets eu recognise verdicts of jp",
        ),
        (
            GapKind::DoesNotIssue(name("asean")),
            "does-not-issue",
            Refuses,
            "asean takes part without issuing: it recognises others' verdicts, and its own are not recognised",
        ),
        (
            GapKind::DoesNotRecognise(name("us")),
            "does-not-recognise",
            Refuses,
            "us takes part as an issuing side only and recognises nothing under it",
        ),
        (
            GapKind::NoArrangement { from: name("jp"), to: name("eu") },
            "no-arrangement",
            Refuses,
            "no arrangement between jp and eu; only one that both are party to would change that",
        ),
        (
            GapKind::OwnVerdict,
            "own-verdict",
            Refuses,
            "it is this registry's own verdict; recognition is for those of others",
        ),
        (
            expelled(None),
            "peer-expelled",
            Refuses,
            "eu was expelled here on 2026-06-01T00:00:00Z; it would count once eu is added again and shows it; reason: forked-log",
        ),
        (
            expelled(Some("two histories")),
            "peer-expelled",
            Refuses,
            "eu was expelled here on 2026-06-01T00:00:00Z; it would count once eu is added again and shows it; reason: forked-log, two histories",
        ),
    ];
    for (gap, code, weight, words) in rows {
        assert_eq!((gap.code(), gap.weight(), gap.to_string().as_str()), (code, weight, words));
        assert_eq!(gap.recorded().code.as_str(), code);
        let recorded = gap.recorded();
        assert_eq!(recorded.text.as_str(), words);
        assert!(recorded.remedy.is_some(), "{code}: it says what would change the answer");
        let japanese = say(GAPS, code, Language::Japanese, &recorded.params);
        assert!(japanese.is_some_and(|words| !words.contains(['{', '}']) && words.len() <= 560), "{code}");
        assert_eq!(GapKind::leaves_something(code), weight < Refuses, "{code}");
        assert_eq!(gap.distance() == 0, weight < Refuses, "{code}");
        let of_verdict = gap.distance() == 1 && ![GapKind::Restricted, GapKind::NotShown].contains(&gap);
        assert_eq!(GapKind::is_of_verdict(code), of_verdict, "{code}");
    }
}

#[test]
fn words_that_do_not_fit_are_cut_after_a_whole_character() {
    assert_eq!(text::<16>("short").as_str(), "short");
    assert_eq!(text::<16>("0123456789abcdefg").as_str(), "0123456789abc…");
    assert_eq!(text::<16>("二三四五六七").as_str(), "二三四五…");
    assert_eq!(text::<16>("a\u{202E}b").as_str(), "-");
    let only = (0..64).map(|n| name(&format!("L{n}-{}", "x".repeat(59)))).collect();
    let long = GapKind::LevelNotListed { level: name("EAL3"), only }.recorded();
    assert!(long.text.as_str().ends_with('…') && long.text.as_str().len() <= 560);
}

#[test]
fn an_explanation_names_rule_gap_and_counterpart() {
    let words = |case: Case| case.recognise().explanation.to_string();
    assert_eq!(
        words(Case::ccra(&json!({"level": "EAL4+"}))),
        "Partly recognised under rule eal of arrangement ccra (version 1), counting as common-criteria@3.1 level EAL2 \
         for people-and-things: level EAL4+ counts as EAL2, the highest that the rule recognises for it."
    );
    assert_eq!(
        words(Case::bilateral(&json!({})).then("2026-06-01", Change::Suspended)),
        "Refused under rule to-eu of arrangement jp-eu (version 1): where it was granted it has been suspended since \
         2026-06-01T00:00:00Z; it counts again once it is restored there."
    );
    assert_eq!(
        words(Case::bilateral(&json!({})).between("us", "eu")),
        "Refused: no arrangement between us and eu; only one that both are party to would change that."
    );
    let conditions = Conditions { text: name("close two findings"), deadline: name("2026-12-31") };
    assert_eq!(
        words(Case::bilateral(&json!({})).then("2026-06-01", Change::Conditional(conditions))),
        "Recognised under rule to-eu of arrangement jp-eu (version 1), counting as star@1 for organization. It is \
         conditional until 2026-12-31: close two findings"
    );
}

#[test]
fn an_explanation_is_told_in_japanese_with_what_would_change_it() {
    let told = |case: Case| told(&case.recognise(), Language::Japanese);
    assert_eq!(
        told(Case::ccra(&json!({"level": "EAL4+"}))).explanation.as_str(),
        "取決め ccra(第 1 版)のルール eal により、common-criteria@3.1 のレベル EAL2 として、人・モノについて一部が承認されています。\
         理由: レベル EAL4+ は、ルールが認める最高の EAL2 として扱われます。"
    );
    let suspended = told(Case::bilateral(&json!({})).then("2026-06-01", Change::Suspended));
    let remedy = suspended.gaps[0].remedy.clone().unwrap();
    assert_eq!(remedy.code.as_str(), "restore-verdict");
    assert_eq!(remedy.text.unwrap().as_str(), "付与元で停止が解除されれば再び有効になります");
    let conditions = Conditions { text: name("close two findings"), deadline: name("2026-12-31") };
    let conditional = told(Case::bilateral(&json!({})).then("2026-06-01", Change::Conditional(conditions)));
    assert!(conditional.explanation.as_str().ends_with("2026-12-31 までの条件付きです: close two findings"));
}

#[test]
fn every_state_that_is_not_in_force_has_a_code_of_its_own() {
    let since = at("2026-06-01");
    let idle: Vec<StateName> = StateName::ALL.into_iter().filter(|state| !state.is_in_force()).collect();
    let codes: BTreeSet<&str> = idle.iter().map(|state| GapKind::NotInForce { state: *state, since }.code()).collect();
    assert_eq!(codes.len(), idle.len());
    assert!(ObjectKinds::all().iter().count() == 6 && Viewpoints::all().iter().count() == 3);
}
