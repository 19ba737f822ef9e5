//! A row per reason, first for the Common Criteria Recognition Arrangement, then for the rest.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use serde_json::{Value, json};

use crate::arrangement::ArrangementRecord;
use crate::recognised::{EXPLANATION_BYTES, Gap};
use crate::recognition::fixture::{
    Case, Story, accepted, arrangement, ccra, changed, item, jp_eu, name, signed, told, verdict,
};
use crate::recognition::{covered, wording};
use crate::verdict::{Change, Happening, SelfEvaluation};
use crate::words::Language;

/// A row: what it is about, the case, what is made of it.
type Row = (&'static str, Case, &'static str);

fn check(rows: Vec<Row>) {
    for (about, case, expected) in rows {
        let recognition = case.recognise();
        assert_eq!(told(&recognition), expected, "{about}: {}", recognition.explanation);
    }
}

#[test]
fn the_common_criteria_recognition_arrangement() {
    let level = |code: &str| Case::ccra(&json!({"level": code}));
    let decided = json!({"level": "EAL1", "provenance": "decided"});
    check(vec![
        ("EAL2 counts as it is", level("EAL2"), "recognised by eal as EAL2"),
        ("EAL1 counts as it is", level("EAL1"), "recognised by eal as EAL1"),
        ("decided ones count too", Case::ccra(&decided), "recognised by eal as EAL1"),
        ("EAL4+ counts as EAL2", level("EAL4+"), "partial by eal as EAL2: level-capped"),
        ("an augmentation does not count", level("EAL2+"), "partial by eal as EAL2: level-capped"),
        ("a collaborative profile counts in full", level("cPP"), "recognised by cpp as cPP"),
        ("level None with another profile", level("PP"), "refused by cpp: level-not-listed"),
        ("level None without a profile", Case::ccra(&json!({"level": null})), "refused by cpp: level-not-stated"),
        ("one consuming participant sees it", level("EAL2").between("jp", "asean"), "recognised by eal as EAL2"),
        ("but issues nothing", level("EAL2").between("asean", "jp"), "refused: does-not-issue"),
        ("whoever did not take part", level("EAL2").between("br", "jp"), "refused: no-arrangement"),
        ("an archived row", level("EAL2").then("2026-06-01", Change::Historical), "refused by eal: verdict-historical"),
    ]);
}

#[test]
fn what_an_expert_confirmed_counts_where_that_is_asked_for_and_says_what_it_is() {
    let mut terms = ccra();
    terms["rules"] = json!([terms["rules"][1]]);
    terms["rules"][0]["acceptsSelfDeclared"] = json!("expert-confirmed");
    let case = Case::ccra(&json!({"provenance": {"self-declared": {}}}));
    let case = case.under(signed(&arrangement(&terms, &json!({})), &["jp", "eu"]));
    let confirmation = json!({"verdict": "CC-1", "on": "2026-05-31"});
    let what = Happening::Confirmed(Arc::new(serde_json::from_value(confirmation).unwrap()));
    let case = Case { verdict: case.verdict.after(item(8, "2026-06-01", what)).unwrap(), ..case };
    let recognition = case.recognise();
    assert_eq!(told(&recognition), "recognised by eal as EAL2");
    assert_eq!(recognition.self_declared, Some(SelfEvaluation::ExpertConfirmed));
    assert!(
        recognition
            .explanation
            .as_str()
            .ends_with("It is the supplier's own declaration, confirmed by an expert; no body decided it.")
    );
}

#[test]
fn what_others_accepted_as_evidence_is_nothing_to_an_arrangement() {
    for case in [
        Case::ccra(&json!({})),
        Case::ccra(&json!({"level": "EAL4+"})),
        Case::ccra(&json!({})).then("2026-06-01", Change::Suspended),
        Case::ccra(&json!({})).between("br", "jp"),
    ] {
        let told = Case { verdict: accepted(&case.verdict, "2026-06-02"), ..case.clone() };
        assert_eq!(told.recognise(), case.recognise());
    }
}

#[test]
fn the_rules_of_an_arrangement() {
    let rule = |changes: Value, of_verdict: Value| {
        let mut terms = ccra();
        for (member, new) in changes.as_object().unwrap() {
            terms["rules"][1][member] = new.clone();
        }
        terms["rules"] = json!([terms["rules"][1]]);
        let case = Case::ccra(&of_verdict);
        case.under(signed(&arrangement(&terms, &json!({})), &["jp", "eu"]))
    };
    let organization = json!({"object": {"kind": "organization", "name": "Example"}});
    let wide = json!({"viewpoints": ["process", "people-and-things"]});
    let elsewhere = json!({"viewpoints": ["process"]});
    let no_issuer =
        json!({"provenance": {"transcribed": {"list": "l", "source": "s", "retrieved": "2026-02-02", "row": "1"}}});
    let declared = json!({"provenance": {"self-declared": {}}});
    let ours = |levels: Value| json!({"as": {"scheme": "eu-cc@1", "levels": levels}});
    check(vec![
        (
            "another version of the scheme",
            rule(json!({}), json!({"scheme": "common-criteria@2022"})),
            "refused by eal: scheme-version-not-covered",
        ),
        ("another scheme", rule(json!({}), json!({"scheme": "star@1"})), "refused by eal: scheme-not-covered"),
        ("another kind of object", rule(json!({}), organization), "refused by eal: object-not-covered"),
        ("one viewpoint of two", rule(json!({}), wide), "partial by eal as EAL2: process-not-covered"),
        ("no viewpoint in common", rule(json!({}), elsewhere), "refused by eal: no-viewpoint-covered"),
        (
            "a minimum not reached",
            rule(json!({"levels": {"min": "EAL3"}}), json!({})),
            "refused by eal: level-below-minimum",
        ),
        (
            "a minimum of another branch",
            rule(json!({"levels": {"min": "PP"}}), json!({})),
            "refused by eal: level-below-minimum",
        ),
        (
            "a cap of another branch",
            rule(json!({"levels": {"max": "PP"}}), json!({})),
            "refused by eal: level-not-comparable",
        ),
        ("no levels asked for", rule(json!({"levels": {}}), json!({"level": null})), "recognised by eal"),
        (
            "transcribed where decided is asked for",
            rule(json!({"acceptsTranscribed": false, "id": "a"}), json!({"level": "EAL1"})),
            "refused by a: transcribed",
        ),
        (
            "declared by the supplier where a body is asked for",
            rule(json!({}), declared.clone()),
            "refused by eal: self-declared",
        ),
        (
            "declared by the supplier where an expert is asked for",
            rule(json!({"acceptsSelfDeclared": "expert-confirmed"}), declared.clone()),
            "refused by eal: not-confirmed",
        ),
        (
            "declared by the supplier where that is enough",
            rule(json!({"acceptsSelfDeclared": "self"}), declared),
            "recognised by eal as EAL2",
        ),
        (
            "issued by one of those named",
            rule(json!({"issuedBy": ["JP", "SE"]}), json!({})),
            "recognised by eal as EAL2",
        ),
        ("issued by another body", rule(json!({"issuedBy": ["SE"]}), json!({})), "refused by eal: issuer-not-accepted"),
        (
            "nobody says who issued it",
            rule(json!({"issuedBy": ["JP"]}), no_issuer),
            "refused by eal: issuer-not-accepted",
        ),
        (
            "the list of issuers is about transcribed ones",
            rule(json!({"issuedBy": ["SE"]}), json!({"provenance": "decided"})),
            "recognised by eal as EAL2",
        ),
        (
            "evidence only",
            rule(json!({"grants": "evidence-only"}), json!({})),
            "accepted-as-evidence by eal as EAL2: evidence-only",
        ),
        (
            "a shorter procedure",
            rule(json!({"grants": "simplified-procedure"}), json!({})),
            "accepted-as-evidence by eal as EAL2: simplified-procedure",
        ),
        (
            "counts as our level",
            rule(ours(json!({"EAL2": "substantial"})), json!({})),
            "recognised by eal as substantial",
        ),
        (
            "counts as the level below that has one of ours",
            rule(ours(json!({"EAL1": "basic"})), json!({})),
            "partial by eal as basic: level-capped",
        ),
        (
            "and as the highest of those",
            rule(
                json!({"as": {"scheme": "eu-cc@1", "levels": {"EAL1": "substantial", "EAL2": "basic"}}, "levels": {}}),
                json!({"level": "EAL4"}),
            ),
            "partial by eal as basic: level-capped",
        ),
        (
            "no level of ours for it",
            rule(ours(json!({"EAL2": "substantial"})), json!({"level": "EAL1"})),
            "refused by eal: level-without-counterpart",
        ),
        ("our scheme has no levels", rule(ours(json!({})), json!({})), "recognised by eal"),
        (
            "rules name the other direction",
            rule(json!({}), json!({})).between("eu", "us"),
            "refused by eal: arrangement-unsigned",
        ),
    ]);
}

#[test]
fn without_the_scheme_only_equal_levels_are_compared() {
    let unknown = |level: &str| {
        let mut case = Case::ccra(&json!({"level": level}));
        case.scheme = None;
        told(&case.recognise())
    };
    assert_eq!(unknown("cPP"), "recognised by cpp as cPP");
    assert_eq!(unknown("EAL4+"), "refused by cpp: level-not-listed");
}

#[test]
fn directions_are_separate() {
    let process = json!({"viewpoints": ["process"]});
    check(vec![
        ("jp's process view counts in eu", Case::bilateral(&process), "recognised by to-eu"),
        (
            "eu's does not count in jp",
            Case::bilateral(&process).between("eu", "jp"),
            "refused by to-jp: no-viewpoint-covered",
        ),
    ]);
    let one_way = arrangement(&jp_eu(), &json!({"rules": [jp_eu()["rules"][0]]}));
    let back = Case::bilateral(&json!({})).under(signed(&one_way, &["jp", "eu"])).between("eu", "jp");
    check(vec![("no rule back", back, "refused: direction-not-covered")]);
}

#[test]
fn the_state_at_the_origin_matters() {
    let case = || Case::bilateral(&json!({}));
    let after = |change: Change| case().then("2026-06-01", change);
    let expired = || {
        let mut case = case();
        case.verdict = case
            .verdict
            .after(crate::recognition::fixture::item(9, "2026-06-01", crate::verdict::Happening::Expired))
            .unwrap();
        case
    };
    let conditions = crate::verdict::Conditions { text: name("two controls"), deadline: name("2026-12-31") };
    check(vec![
        ("in force", case(), "recognised by to-eu"),
        ("conditional", after(Change::Conditional(conditions)), "recognised by to-eu"),
        ("suspended", after(Change::Suspended), "refused by to-eu: verdict-suspended"),
        ("restored", after(Change::Suspended).then("2026-06-02", Change::Restored), "recognised by to-eu"),
        ("withdrawn", after(Change::Withdrawn), "refused by to-eu: verdict-withdrawn"),
        ("given back", after(Change::Surrendered), "refused by to-eu: verdict-surrendered"),
        ("annulled", after(Change::Annulled), "refused by to-eu: verdict-annulled"),
        ("replaced", after(Change::Superseded { by: name("V-2") }), "refused by to-eu: verdict-superseded"),
        ("expired by the node", expired(), "refused by to-eu: verdict-expired"),
        ("expired by its date", case().at("2028-02-01").under(endless()), "refused by to-eu: verdict-expired"),
        ("on its last day", case().at("2028-01-31T23:59:59Z").under(endless()), "recognised by to-eu"),
        ("before its first day", case().at("2026-01-31T23:59:59Z"), "refused by to-eu: verdict-not-yet-valid"),
        ("an appeal is only a mark", after(Change::AppealOpened), "recognised by to-eu"),
        (
            "restricted never crosses",
            Case::bilateral(&json!({"profile": "restricted"})),
            "refused by to-eu: restricted",
        ),
    ]);
}

/// The bilateral arrangement without a last day.
fn endless() -> ArrangementRecord {
    let mut terms = jp_eu();
    terms.as_object_mut().unwrap().remove("until");
    signed(&arrangement(&terms, &json!({})), &["jp", "eu"])
}

#[test]
fn the_arrangement_must_be_in_force() {
    let terms = || arrangement(&jp_eu(), &json!({}));
    let both = || Story::of(&[terms()]).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-02");
    let under = |story: Story| Case::bilateral(&json!({})).under(story.told());
    check(vec![
        ("both signed", under(both()), "recognised by to-eu"),
        (
            "one did not",
            under(Story::of(&[terms()]).signs("jp", 0, "2026-01-01")),
            "refused by to-eu: arrangement-unsigned",
        ),
        ("jp suspended it", under(both().suspends("jp", "2026-06-01")), "refused by to-eu: arrangement-suspended"),
        ("eu suspended it", under(both().suspends("eu", "2026-06-01")), "refused by to-eu: arrangement-suspended"),
        (
            "and restored it",
            under(both().suspends("eu", "2026-06-01").restores("eu", "2026-06-02")),
            "recognised by to-eu",
        ),
        ("jp ended it", under(both().ends("jp", "2026-06-01", "2026-03-01")), "refused by to-eu: arrangement-ended"),
        ("its last day passed", under(both()).at("2028-01-01"), "refused by to-eu: arrangement-ended"),
        (
            "its first day has not come",
            under(
                Story::of(&[arrangement(&jp_eu(), &json!({"from": "2026-08-01"}))]).signs("jp", 0, "2026-01-01").signs(
                    "eu",
                    0,
                    "2026-01-01",
                ),
            ),
            "refused by to-eu: arrangement-not-yet-in-force",
        ),
    ]);
}

#[test]
fn unilateral_binds_only_whoever_recognises() {
    let terms = arrangement(&jp_eu(), &json!({"mode": "unilateral"}));
    let by = |registry: &str| Case::bilateral(&json!({})).under(signed(&terms, &[registry]));
    check(vec![
        ("eu recognises what jp never signed", by("eu"), "recognised by to-eu"),
        ("jp owes nothing in return", by("eu").between("eu", "jp"), "refused by to-jp: arrangement-unsigned"),
        ("jp cannot bind eu", by("jp"), "refused by to-eu: arrangement-unsigned"),
    ]);
}

#[test]
fn a_third_registrys_recognition_never_counts() {
    // us → jp and jp → eu are in force; us → eu is not.
    let us_jp = json!({"id": "us-jp", "parties": [party("us"), party("jp")],
        "rules": [{"id": "to-jp", "from": ["us"], "to": ["jp"], "scheme": "star@1", "objects": ["organization"],
                   "viewpoints": ["organization"], "grants": "full", "onSuspension": "keep", "onEnd": "keep"}]});
    let mut case = Case::bilateral(&json!({}));
    case.arrangements.push(Arc::new(signed(&arrangement(&jp_eu(), &us_jp), &["us", "jp"])));
    check(vec![
        ("us to jp", case.clone().between("us", "jp"), "recognised by to-jp"),
        ("jp to eu", case.clone().between("jp", "eu"), "recognised by to-eu"),
        ("us to eu, through jp", case.clone().between("us", "eu"), "refused: no-arrangement"),
        ("one's own", case.between("eu", "eu"), "refused: own-verdict"),
    ]);
}

fn party(registry: &str) -> Value {
    json!({"registry": registry, "origin": format!("{registry}.registry.example"), "authority": registry,
           "roles": ["issuing", "recognising"]})
}

#[test]
fn a_multilateral_arrangement_holds_among_those_that_signed() {
    let terms = arrangement(&ccra(), &json!({}));
    let two = || signed(&terms, &["jp", "us"]);
    let case = || Case::ccra(&json!({})).under(two());
    check(vec![
        ("both signed", case().between("jp", "us"), "recognised by eal as EAL2"),
        ("eu did not", case().between("jp", "eu"), "refused by eal: arrangement-unsigned"),
        ("nor does its signature matter to others", case().between("us", "jp"), "recognised by eal as EAL2"),
    ]);
}

#[test]
fn the_best_rule_answers() {
    let rule = |id: &str, changes: Value| {
        let mut rule = ccra()["rules"][1].clone();
        rule["id"] = json!(id);
        for (member, new) in changes.as_object().unwrap() {
            rule[member] = new.clone();
        }
        rule
    };
    let answer = |rules: Vec<Value>, of_verdict: Value| {
        let terms = arrangement(&ccra(), &json!({"rules": rules}));
        Case::ccra(&of_verdict).under(signed(&terms, &["jp", "eu"]))
    };
    let capped = |cap: &str| json!({"levels": {"max": cap}});
    let evidence = json!({"grants": "evidence-only"});
    let simple = json!({"grants": "simplified-procedure"});
    let both = json!({"viewpoints": ["process", "people-and-things"]});
    let high = json!({"level": "EAL4", "viewpoints": ["process", "people-and-things"]});
    check(vec![
        (
            "in full before in part",
            answer(vec![rule("a", capped("EAL1")), rule("b", capped("EAL2"))], json!({})),
            "recognised by b as EAL2",
        ),
        (
            "in part before evidence",
            answer(vec![rule("a", evidence.clone()), rule("b", capped("EAL1"))], json!({})),
            "partial by b as EAL1: level-capped",
        ),
        (
            "a shorter procedure before evidence",
            answer(vec![rule("a", evidence), rule("b", simple)], json!({})),
            "accepted-as-evidence by b as EAL2: simplified-procedure",
        ),
        (
            "more viewpoints before a higher level",
            answer(vec![rule("a", capped("EAL3")), rule("b", both)], high.clone()),
            "partial by b as EAL2: level-capped",
        ),
        (
            "the higher level",
            answer(vec![rule("a", capped("EAL1")), rule("b", capped("EAL3"))], high),
            "partial by b as EAL3: process-not-covered, level-capped",
        ),
        (
            "among equals the first by name",
            answer(vec![rule("b", json!({})), rule("a", json!({}))], json!({})),
            "recognised by a as EAL2",
        ),
        (
            "of refusals the nearest",
            answer(
                vec![rule("a", json!({"scheme": "star@1"})), rule("b", json!({"levels": {"min": "EAL3"}}))],
                json!({}),
            ),
            "refused by b: level-below-minimum",
        ),
    ]);
}

#[test]
fn what_counts_from_which_viewpoint_is_read_back_from_the_record() {
    let case = Case::bilateral(&json!({"viewpoints": ["organization", "people-and-things"]}));
    let recognition = case.recognise();
    assert_eq!(told(&recognition), "partial by to-eu: people-and-things-not-covered");
    assert_eq!(covered(&recognition).to_string(), "organization");
    assert_eq!(recognition.viewpoints.to_string(), "organization, people-and-things");
}

#[test]
fn a_reduced_verdict_is_recognised_as_far_as_it_still_goes() {
    let case = Case::ccra(&json!({"level": "EAL4+"}));
    let lower = crate::verdict::Cover {
        scope: name("less"),
        viewpoints: None,
        level: Some(name("EAL1")),
        sites: None,
        exclusions: None,
    };
    let reduced = changed(&case.verdict, "2026-06-01", Change::ScopeReduced(Box::new(lower)));
    let case = Case { verdict: reduced, ..case };
    assert_eq!(told(&case.recognise()), "recognised by eal as EAL1");
    assert_eq!(verdict(&crate::recognition::fixture::certificate(), &json!({})).now.level, Some(name("EAL2")));
}

#[test]
fn what_is_derived_repeats_no_name_of_a_person() {
    let rows = [
        (json!({"kind": "person", "name": "Taro Yamada"}), json!({"kind": "person", "name": "CC-1"})),
        (json!({"kind": "person", "name": "p-17", "version": "Taro"}), json!({"kind": "person", "name": "CC-1"})),
        (json!({"kind": "person", "name": "p-17"}), json!({"kind": "person", "name": "p-17"})),
        (
            json!({"kind": "product", "name": "Taro", "version": "1"}),
            json!({"kind": "product", "name": "Taro", "version": "1"}),
        ),
    ];
    for (theirs, ours) in rows {
        let case = Case::ccra(&json!({"verdict": "CC-1", "object": theirs}));
        assert_eq!(serde_json::to_value(case.recognise().object).unwrap(), ours, "{theirs}");
    }
}

#[test]
fn an_explanation_tells_as_many_gaps_whole_as_it_has_room_for() {
    let mut recognition = Case::ccra(&json!({})).recognise();
    let long: Gap = serde_json::from_value(json!({"code": "later", "text": "x".repeat(200)})).unwrap();
    recognition.gaps = vec![long; 9];
    for (language, end) in [(Language::English, "; and 5 more."), (Language::Japanese, "。ほか 5 件。")] {
        let words = wording::explanation(&recognition, language);
        assert!(words.len() <= EXPLANATION_BYTES && words.ends_with(end), "{words}");
    }
}
