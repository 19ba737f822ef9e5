//! What holds for every arrangement and every verdict.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::json;

use crate::arrangement::{AnyIssuing, Arrangement, CountsAs, Grants, Issuers, LevelRule, Requirement, Rule, SiteRule};
use crate::consent::Parts;
use crate::effect::Effect;
use crate::ids::{CountryCode, LevelCode, ListCode, PartyId, SectorCode};
use crate::recognised::{Recognition, RecognitionOutcome};
use crate::recognition::fixture::{Case, Story, arrangement, ccra, name, record, signed};
use crate::recognition::{GapKind, reassess, recognise};
use crate::verdict::{Change, Profile, Provenance, SelfDeclared, SelfEvaluation, VerdictRecord};
use crate::viewpoint::{ObjectKind, ObjectKinds, Viewpoint, Viewpoints};

const LEVELS: [&str; 8] = ["EAL1", "EAL2", "EAL2+", "EAL3", "EAL4", "EAL4+", "cPP", "PP"];

fn level() -> impl Strategy<Value = LevelCode> {
    select(&LEVELS[..]).prop_map(name)
}

fn level_rule() -> impl Strategy<Value = LevelRule> {
    let only = subsequence(&LEVELS[..], 0..3).prop_map(|codes| codes.into_iter().map(name).collect());
    (proptest::option::of(level()), proptest::option::of(level()), only).prop_map(|(min, max, only)| LevelRule {
        min,
        max,
        only,
    })
}

fn viewpoints() -> impl Strategy<Value = Viewpoints> {
    subsequence(Viewpoint::ALL, 1..=3).prop_map(|some| some.into_iter().collect())
}

fn objects() -> impl Strategy<Value = ObjectKinds> {
    subsequence(&[ObjectKind::Organization, ObjectKind::Product][..], 1..=2).prop_map(|some| some.into_iter().collect())
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![Just(Effect::Keep), (0u16..400).prop_map(|days| Effect::TransferWindow { days }), Just(Effect::Cease)]
}

fn counts_as() -> impl Strategy<Value = CountsAs> {
    let levels = proptest::collection::btree_map(level(), select(&["basic", "substantial"][..]).prop_map(name), 1..3);
    levels.prop_map(|levels: BTreeMap<LevelCode, LevelCode>| CountsAs { scheme: name("eu-cc@1"), levels })
}

fn grants() -> impl Strategy<Value = Grants> {
    select(&[Grants::Full, Grants::SimplifiedProcedure, Grants::EvidenceOnly][..])
}

fn codes() -> impl Strategy<Value = Vec<ListCode>> {
    subsequence(&["JP", "SE", "US"][..], 0..=3).prop_map(|codes| codes.into_iter().map(name).collect())
}

fn sectors() -> impl Strategy<Value = Vec<SectorCode>> {
    subsequence(&["isic4.C", "isic4.J", "isic4.K"][..], 0..=2).prop_map(|codes| codes.into_iter().map(name).collect())
}

/// Mostly none, so that conditions do not hide everything else.
fn conditions() -> impl Strategy<Value = (Option<Requirement>, Vec<SectorCode>, Option<SiteRule>)> {
    let required = (1u16..12).prop_map(|surveillance_within_months| Requirement { surveillance_within_months });
    let sites = select(&["JP", "US"][..])
        .prop_map(|country| SiteRule { countries: vec![name(country)], named: vec![name("Hanoi")] });
    let sectors = prop_oneof![2 => Just(Vec::new()), 1 => sectors()];
    (proptest::option::weighted(0.3, required), sectors, proptest::option::weighted(0.3, sites))
}

/// Mostly none.
fn bodies() -> impl Strategy<Value = Vec<PartyId>> {
    prop_oneof![4 => Just(Vec::new()), 1 => Just(vec![name("body")]), 1 => Just(vec![name("other")])]
}

/// Mostly none.
fn countries() -> impl Strategy<Value = Vec<CountryCode>> {
    prop_oneof![4 => Just(Vec::new()), 1 => Just(vec![name("JP")]), 1 => Just(vec![name("US")])]
}

fn self_evaluation() -> impl Strategy<Value = SelfEvaluation> {
    select(&[SelfEvaluation::Oneself, SelfEvaluation::ExpertConfirmed][..])
}

fn provenance() -> impl Strategy<Value = Option<Provenance>> {
    let declared = Provenance::SelfDeclared(SelfDeclared { awaits_expert: false, mandate: None });
    select(vec![None, Some(Provenance::Decided), Some(declared)])
}

/// Some rule from jp or anyone to eu.
fn rule() -> impl Strategy<Value = Rule> {
    let who = any::<bool>().prop_map(|any| match any {
        true => Issuers::Any(AnyIssuing::AnyIssuing),
        false => Issuers::Registries(vec![name("jp")]),
    });
    let scheme = select(&["common-criteria@3.1", "common-criteria@3.1", "common-criteria@2022", "star@1"][..]);
    let about = (scheme, objects(), viewpoints(), proptest::option::of(level_rule()));
    let accepts = (any::<bool>(), proptest::option::of(self_evaluation()));
    let how = (
        accepts,
        codes(),
        grants(),
        proptest::option::of(counts_as()),
        effect(),
        effect(),
        (conditions(), bodies(), countries()),
    );
    (0u8..40, who, about, how).prop_map(|(id, from, (scheme, objects, viewpoints, levels), how)| {
        let (accepts, issued_by, grants, counts_as, on_suspension, on_end, conditions) = how;
        let (accepts_transcribed, accepts_self_declared) = accepts;
        let ((requires, sectors, sites), bodies, countries) = conditions;
        Rule {
            id: name(&format!("r{id}")),
            from,
            to: vec![name("eu")],
            scheme: name(scheme),
            objects,
            viewpoints,
            levels,
            accepts_transcribed,
            accepts_self_declared,
            issued_by,
            bodies,
            countries,
            sectors,
            sites,
            requires,
            grants,
            counts_as,
            discloses: Parts::default(),
            restricted: false,
            on_suspension,
            on_end,
        }
    })
}

/// One to four rules with different ids.
fn rules() -> impl Strategy<Value = Vec<Rule>> {
    proptest::collection::vec(rule(), 1..5).prop_map(|mut rules| {
        rules.sort_by(|one, other| one.id.cmp(&other.id));
        rules.dedup_by(|one, other| one.id == other.id);
        rules
    })
}

fn terms(id: &str, rules: Vec<Rule>) -> Arrangement {
    Arrangement { rules, ..arrangement(&ccra(), &json!({"id": id})) }
}

fn case() -> impl Strategy<Value = Case> {
    let of = (proptest::option::weighted(0.9, level()), viewpoints(), provenance(), any::<bool>());
    let shown = (proptest::bool::weighted(0.1), proptest::option::weighted(0.2, Just(Change::Suspended)));
    let sites = subsequence(&["JP:Osaka", "US:Reno", "Hanoi"][..], 0..=3)
        .prop_map(|sites| sites.into_iter().map(name).collect::<Vec<_>>());
    (of, shown, sectors(), sites).prop_map(|((level, viewpoints, provenance, product), shown, sectors, sites)| {
        let (restricted, change) = shown;
        let mut case = Case::ccra(&json!({}));
        let mut verdict = (*case.verdict.terms).clone();
        (verdict.level, verdict.viewpoints) = (level, viewpoints);
        (verdict.sectors, verdict.sites) = (sectors, sites);
        verdict.object.kind = if product { ObjectKind::Product } else { ObjectKind::Organization };
        if restricted {
            verdict.profile = Profile::Restricted;
        }
        if let Some(provenance) = provenance {
            verdict.provenance = provenance;
        }
        case.verdict = VerdictRecord::new(Arc::new(verdict), case.verdict.history[0].clone());
        match change {
            Some(change) => case.then("2026-06-01", change),
            None => case,
        }
    })
}

/// One way to make a rule cover more.
#[derive(Debug, Clone)]
enum Widening {
    Viewpoint(Viewpoint),
    Objects,
    NoMinimum,
    NoCap,
    HigherCap,
    NoList,
    LongerList(LevelCode),
    Transcribed,
    SelfDeclared,
    AnyIssuer,
    Grants,
    AnyRegistry,
    AnotherRule(Box<Rule>),
    Counterpart(LevelCode),
    NoRequirement,
    OlderSurveillance,
    AllSectors,
    AnyBody,
    AnyCountry,
    AnotherSector(SectorCode),
    AllSites,
    AnotherCountry,
}

fn widening() -> impl Strategy<Value = Widening> {
    prop_oneof![
        select(Viewpoint::ALL).prop_map(Widening::Viewpoint),
        Just(Widening::Objects),
        Just(Widening::NoMinimum),
        Just(Widening::NoCap),
        Just(Widening::HigherCap),
        Just(Widening::NoList),
        level().prop_map(Widening::LongerList),
        Just(Widening::Transcribed),
        Just(Widening::SelfDeclared),
        Just(Widening::AnyIssuer),
        Just(Widening::Grants),
        Just(Widening::AnyRegistry),
        rule().prop_map(|rule| Widening::AnotherRule(Box::new(rule))),
        level().prop_map(Widening::Counterpart),
        Just(Widening::NoRequirement),
        Just(Widening::OlderSurveillance),
        Just(Widening::AllSectors),
        Just(Widening::AnyBody),
        Just(Widening::AnyCountry),
        select(&["isic4.C", "isic4.K"][..]).prop_map(|code| Widening::AnotherSector(name(code))),
        Just(Widening::AllSites),
        Just(Widening::AnotherCountry),
    ]
}

fn widen(mut rules: Vec<Rule>, place: usize, widening: Widening) -> Vec<Rule> {
    let place = place % rules.len();
    let rule = &mut rules[place];
    let mut levels = rule.levels.clone().unwrap_or_default();
    match widening {
        Widening::Viewpoint(one) => rule.viewpoints = rule.viewpoints.union(one.into()),
        Widening::Objects => rule.objects = ObjectKinds::all(),
        Widening::NoMinimum => levels.min = None,
        Widening::NoCap => levels.max = None,
        Widening::HigherCap if levels.max == Some(name("EAL1")) => levels.max = Some(name("EAL3")),
        Widening::HigherCap => {}
        Widening::NoList => levels.only.clear(),
        Widening::LongerList(level) if !levels.only.is_empty() => levels.only.push(level),
        Widening::LongerList(_) => {}
        Widening::Transcribed => rule.accepts_transcribed = true,
        Widening::SelfDeclared => rule.accepts_self_declared = Some(SelfEvaluation::Oneself),
        Widening::AnyIssuer => rule.issued_by.clear(),
        Widening::Grants => rule.grants = Grants::Full,
        Widening::AnyRegistry => rule.from = Issuers::Any(AnyIssuing::AnyIssuing),
        Widening::Counterpart(level) => {
            if let Some(target) = &mut rule.counts_as {
                target.levels.entry(level).or_insert_with(|| name("basic"));
            }
        }
        Widening::NoRequirement => rule.requires = None,
        Widening::OlderSurveillance => {
            rule.requires = rule.requires.map(|_| Requirement { surveillance_within_months: 24 });
        }
        Widening::AllSectors => rule.sectors.clear(),
        Widening::AnyBody => rule.bodies.clear(),
        Widening::AnyCountry => rule.countries.clear(),
        Widening::AnotherSector(code) if !rule.sectors.is_empty() => rule.sectors.push(code),
        Widening::AnotherSector(_) => {}
        Widening::AllSites => rule.sites = None,
        Widening::AnotherCountry => {
            rule.sites.iter_mut().for_each(|sites| sites.countries.extend([name("JP"), name("US")]));
        }
        Widening::AnotherRule(mut another) => {
            another.id = name("z");
            rules.push(*another);
            return rules;
        }
    }
    rule.levels = Some(levels);
    rules
}

/// Recognised before partial before evidence before refused.
fn no_worse(one: RecognitionOutcome, than: RecognitionOutcome) -> bool {
    one <= than
}

fn all_sign(terms: &Arrangement) -> Story {
    Story::of(std::slice::from_ref(terms)).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn the_order_in_which_rules_and_arrangements_are_given_is_not_asked_for(
        case in case(),
        lists in proptest::collection::vec(rules(), 1..4),
        seed in any::<usize>(),
    ) {
        let arrangements = |turned: usize| -> Vec<_> {
            let mut records: Vec<_> = lists.iter().enumerate().map(|(place, rules)| {
                let mut rules = rules.clone();
                let by = turned % rules.len();
                rules.rotate_left(by);
                Arc::new(signed(&terms(&format!("a{place}"), rules), &["jp", "eu"]))
            }).collect();
            let by = turned % records.len();
            records.rotate_left(by);
            records
        };
        let straight = Case { arrangements: arrangements(0), ..case.clone() };
        let turned = Case { arrangements: arrangements(seed), ..case };
        prop_assert_eq!(straight.recognise(), turned.recognise());
    }

    #[test]
    fn widening_an_arrangement_never_worsens_an_outcome(
        case in case(), rules in rules(), place in any::<usize>(), widening in widening(),
    ) {
        let narrow = case.clone().under(all_sign(&terms("a", rules.clone())).told()).recognise();
        let wide = case.under(all_sign(&terms("a", widen(rules, place, widening))).told()).recognise();
        prop_assert!(no_worse(wide.outcome, narrow.outcome), "{} became {}", narrow.explanation, wide.explanation);
    }

    #[test]
    fn another_arrangement_never_worsens_an_outcome(case in case(), one in rules(), other in rules()) {
        let alone = case.under(all_sign(&terms("a", one)).told());
        let mut both = alone.clone();
        both.arrangements.push(Arc::new(all_sign(&terms("b", other)).told()));
        prop_assert!(no_worse(both.recognise().outcome, alone.recognise().outcome));
    }

    #[test]
    fn a_suspended_arrangement_that_says_cease_recognises_nothing(
        case in case(), mut rules in rules(), known in any::<bool>(), by in select(&["jp", "eu"][..]),
    ) {
        for rule in &mut rules {
            rule.on_suspension = Effect::Cease;
        }
        let terms = terms("a", rules);
        let before = case.clone().under(all_sign(&terms).told()).recorded();
        let after = case.under(all_sign(&terms).suspends(by, "2026-06-30").told());
        let again = reassess(known.then_some(&before), &after.foreign()).recognition;
        prop_assert_eq!(again.outcome, RecognitionOutcome::Refused);
    }

    #[test]
    fn an_arrangement_not_in_force_recognises_nothing_new(
        case in case(), rules in rules(), what in 0u8..4,
    ) {
        let terms = terms("a", rules);
        let story = match what {
            0 => Story::of(std::slice::from_ref(&terms)).signs("eu", 0, "2026-01-01"),
            1 => all_sign(&terms).suspends("jp", "2026-06-30"),
            2 => all_sign(&terms).ends("eu", "2026-06-30", "2026-06-01"),
            _ => Story::of(std::slice::from_ref(&terms)),
        };
        prop_assert_eq!(case.under(story.told()).recognise().outcome, RecognitionOutcome::Refused);
    }

    #[test]
    fn a_lapse_never_improves_what_was_there(case in case(), rules in rules(), day in 1u8..28) {
        let terms = terms("a", rules);
        let before = case.clone().under(all_sign(&terms).told()).recorded();
        let after = case.under(all_sign(&terms).suspends("jp", "2026-07-01").told()).at(&format!("2026-09-{day:02}"));
        let again = reassess(Some(&before), &after.foreign()).recognition;
        prop_assert!(no_worse(before.recognition.outcome, again.outcome));
        // And lifting the suspension brings everything back.
        let lifted = all_sign(&terms).suspends("jp", "2026-07-01").restores("jp", "2026-09-30").told();
        let lifted = after.under(lifted).at("2026-10-01");
        let kept = record(again, lifted.at);
        prop_assert_eq!(reassess(Some(&kept), &lifted.foreign()).recognition, lifted.recognise());
    }

    #[test]
    fn every_answer_fits_its_record_and_explains_itself(case in case(), rules in rules()) {
        let case = case.under(all_sign(&terms("a", rules)).told());
        let recognition = case.recognise();
        prop_assert_eq!(&reassess(None, &case.foreign()).recognition, &recognition);
        prop_assert_eq!(&reassess(Some(&case.recorded()), &case.foreign()).recognition, &recognition);
        let written = serde_json::to_string(&recognition).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Recognition>(&written).unwrap(), &recognition);
        prop_assert!(!recognition.explanation.as_str().contains('…'), "{}", recognition.explanation);
        let refused = recognition.outcome == RecognitionOutcome::Refused;
        let refusing = recognition.gaps.iter().any(|gap| !GapKind::leaves_something(gap.code.as_str()));
        prop_assert_eq!(refused, refusing);
        prop_assert!(recognition.rule.is_some() && recognition.arrangement.is_some());
        prop_assert!(recognition.outcome == RecognitionOutcome::Recognised || !recognition.gaps.is_empty());
    }

    #[test]
    fn time_alone_changes_nothing_before_it_is_foretold(case in case(), rules in rules(), days in 0u16..400) {
        let case = case.under(all_sign(&terms("a", rules)).told());
        let now = reassess(None, &case.foreign());
        let then = Case { at: crate::time::Day::of(case.at).plus_days(days).start(), ..case.clone() };
        if now.due.is_none_or(|due| then.at < due) {
            prop_assert_eq!(reassess(Some(&case.recorded()), &then.foreign()).recognition, now.recognition);
        }
    }

    #[test]
    fn a_restricted_or_suspended_verdict_never_counts(case in case(), rules in rules(), restrict in any::<bool>()) {
        let mut case = case.under(all_sign(&terms("a", rules)).told());
        let in_force = case.verdict.now.state.name().is_in_force();
        if restrict {
            let mut verdict = (*case.verdict.terms).clone();
            verdict.profile = Profile::Restricted;
            case.verdict = VerdictRecord::new(Arc::new(verdict), case.verdict.history[0].clone());
        } else if in_force {
            case = case.then("2026-06-02", Change::Suspended);
        }
        prop_assert_eq!(recognise(&case.foreign()).outcome, RecognitionOutcome::Refused);
    }
}
