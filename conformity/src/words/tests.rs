//! Every code has both languages, every sentence its parameters, every remedy its words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{
    ANSWERS, COMMANDS, EVENTS, GAPS, HINDRANCES, LABELS, Language, PROCUREMENT, Params, REFUSALS, REMEDIES, Remedy,
    STEPS, Said, Sentence, TRUST_QUERY, event, label, names, phrase, row, say,
};
use crate::ids::PartyId;
use crate::recognised::RecognitionOutcome;
use crate::refusal::Refusal;
use crate::verdict::Change;

fn placeholders(template: &str) -> BTreeSet<&str> {
    names(template).map(|(_, name)| name).collect()
}

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| ('\u{3040}'..='\u{9FFF}').contains(&c))
}

/// Every row with any values at all is worded in both languages, names its remedy, and leaves no placeholder behind.
fn sound(rows: &[Sentence]) {
    for one in rows {
        assert_eq!(placeholders(one.en), placeholders(one.ja), "{}", one.code);
        assert!(is_japanese(one.ja) && !is_japanese(one.en), "{}", one.code);
        let given = names(one.en).fold(Params::default(), |params, (_, name)| params.with(name, format!("<{name}>")));
        assert!(row(rows, one.code, &given).is_some(), "{}", one.code);
        for language in Language::ALL {
            let words = say(rows, one.code, language, &given).unwrap();
            assert!(!words.contains(['{', '}']), "{words}");
            assert!(given.0.keys().all(|name| words.contains(&format!("<{name}>"))), "{words}");
        }
        assert!(one.remedy.is_empty() || REMEDIES.iter().any(|remedy| remedy.code == one.remedy), "{}", one.code);
    }
}

#[test]
fn every_sentence_has_both_languages_and_no_placeholder_is_left() {
    let tables = [ANSWERS, GAPS, HINDRANCES, REMEDIES, EVENTS, LABELS, COMMANDS, PROCUREMENT, TRUST_QUERY, STEPS];
    tables.into_iter().for_each(sound);
}

#[test]
fn no_label_hides_another() {
    let labels: BTreeSet<&str> = LABELS.iter().map(|row| row.code).collect();
    let hidden: Vec<&str> = COMMANDS.iter().map(|row| row.code).filter(|code| labels.contains(code)).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
    let answers: BTreeSet<&str> = ANSWERS.iter().map(|row| row.code).collect();
    let hidden: Vec<&str> = PROCUREMENT.iter().map(|row| row.code).filter(|code| answers.contains(code)).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn an_event_of_a_kind_without_a_row_is_told_by_its_family() {
    let about = Params::default().with("verdict", "jp:V-1").with("supplier", "Example").with("scheme", "star@1");
    let rows = [
        ("verdict.suspended", Some("jp:V-1 on Example under star@1 is suspended.")),
        ("verdict.polished", Some("Something happened to jp:V-1 on Example under star@1.")),
        ("arrangement.signed", None),
        ("body.succeeded", Some("Something happened to a body of this registry.")),
        ("nothing.known", None),
        ("entry", Some("An entry that says nothing to everybody.")),
    ];
    for (kind, words) in rows {
        assert_eq!(event(kind, Language::English, &about).as_deref(), words, "{kind}");
        assert_eq!(event(kind, Language::Japanese, &about).is_some(), words.is_some(), "{kind}");
    }
    let lapsed = Params::default().with("what", "accreditation-withdrawn").with("since", "2026-06-01");
    let lapsed = lapsed.with("remedy", "transfer-verdict");
    let words = "not in force since 2026-06-01, because the accreditation of its body is withdrawn; it holds again once a body that is \
                 accredited takes the verdict over";
    assert_eq!(label("basis-lapsed", Language::English, &lapsed), words);
    assert_eq!(label("basis-lapsed", Language::English, &about), "", "nothing is said of what is not given");
}

/// The names of an enum's variants, as serde lists them for a reader who gave none of them.
fn variants<T: serde::de::DeserializeOwned>() -> Vec<String> {
    let refused = serde_json::from_str::<T>("\"no such variant\"").err().unwrap().to_string();
    let (_, expected) = refused.split_once("expected one of ").unwrap();
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The types in the table of `docs/spec/events.md`: behind a name with `<change>` or `<outcome>` the row lists them, and a name that begins
/// with a dot is of the family before it.
fn specified_types() -> BTreeSet<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec/events.md");
    let text = std::fs::read_to_string(path).unwrap();
    let table = text.split("| type, behind").nth(1).unwrap().lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut types = BTreeSet::new();
    for line in table {
        let cell = line.split('|').nth(1).unwrap();
        let mut family = String::new();
        for name in cell.split('`').skip(1).step_by(2) {
            if !name.starts_with('.') {
                family = name.split('.').next().unwrap().to_owned();
            }
            let (_, last) = name.split_once('.').unwrap_or(("", ""));
            let named = match last {
                "" => vec![family.clone()],
                "<change>" | "<outcome>" => listed(cell, &family),
                last => vec![format!("{family}.{last}")],
            };
            types.extend(named);
        }
    }
    types
}

/// What a row lists behind its placeholder.
fn listed(cell: &str, family: &str) -> Vec<String> {
    let (_, list) = cell.split_once(">`:").unwrap();
    list.split(',').map(|one| format!("{family}.{}", one.trim())).collect()
}

#[test]
fn every_type_of_event_is_specified_and_has_words_of_its_own_and_of_its_family() {
    let types = specified_types();
    let changes = variants::<Change>().into_iter().chain(["granted".to_owned()]).map(|one| format!("verdict.{one}"));
    let outcomes = variants::<RecognitionOutcome>().into_iter().map(|one| format!("recognition.{one}"));
    let unspecified: Vec<String> = changes.chain(outcomes).filter(|one| !types.contains(one)).collect();
    assert!(unspecified.is_empty(), "not in docs/spec/events.md: {unspecified:?}");
    let has = |code: &str| EVENTS.iter().any(|row| row.code == code);
    let wordless: Vec<&String> =
        types.iter().filter(|kind| !has(kind) || !has(kind.split('.').next().unwrap())).collect();
    assert!(wordless.is_empty(), "{wordless:?}");
    let untold: Vec<&str> =
        EVENTS.iter().map(|row| row.code).filter(|code| code.contains('.') && !types.contains(*code)).collect();
    assert!(untold.is_empty(), "no such events: {untold:?}");
}

#[test]
fn a_gap_without_a_remedy_of_its_own_names_that_of_its_cause() {
    let without: Vec<&str> = GAPS.iter().filter(|row| row.remedy.is_empty()).map(|row| row.code).collect();
    assert_eq!(without, ["basis-kept", "basis-window", "basis-lapsed"]);
}

#[test]
fn every_remedy_is_told_once_and_used() {
    let codes: BTreeSet<&str> = REMEDIES.iter().map(|row| row.code).collect();
    assert_eq!(codes.len(), REMEDIES.len());
    let causes = [
        "restore-accreditation",
        "transfer-verdict",
        "renew-accreditation",
        "assess-under-successor",
        "accredit-successor",
        "ask-coverage-again",
    ];
    let used: BTreeSet<&str> =
        GAPS.iter().chain(ANSWERS).chain(PROCUREMENT).map(|row| row.remedy).chain(causes).collect();
    let unused: Vec<_> = codes.difference(&used).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_refusal_has_japanese_of_its_own_members() {
    for (code, members) in Refusal::MEMBERS {
        let (_, ja) = REFUSALS.iter().find(|(known, _)| known == code).unwrap_or_else(|| panic!("{code}: no Japanese"));
        assert!(is_japanese(ja), "{code}");
        let members: BTreeSet<String> = members.iter().map(|member| member.replace('_', "-")).collect();
        let unknown: Vec<&str> = placeholders(ja).into_iter().filter(|name| !members.contains(*name)).collect();
        assert!(unknown.is_empty(), "{code}: {unknown:?}");
    }
    assert_eq!(REFUSALS.len(), Refusal::CODES.len());
}

#[test]
fn a_refusal_is_worded_with_its_members() {
    let party: PartyId = "cb-1".parse().unwrap();
    let refusal = Refusal::UnknownParty { party };
    assert_eq!(refusal.params().value("party"), Some("cb-1"));
    assert_eq!(refusal.words(Language::Japanese), "当事者 cb-1 は登録されていません。先に登録してもらってください");
    assert_eq!(refusal.words(Language::English), refusal.to_string());
    let late = Refusal::NotExpired { verdict: "V-1".parse().unwrap(), until: None };
    assert_eq!(late.words(Language::Japanese), "判定 V-1 の期限は切れていません(有効期間の終わり: なし)");
}

#[test]
fn parameters_decide_which_row_of_a_code_is_used() {
    let both = Params::default().with("site", "Osaka (JP)").with("more", 2);
    let ja = |params: &Params| say(GAPS, "site-not-covered", Language::Japanese, params);
    assert_eq!(ja(&both).unwrap(), "ルールは事業所 Osaka (JP) ほか 2 か所を対象としていません");
    let one = Params::default().with("site", "Osaka (JP)");
    assert_eq!(ja(&one).unwrap(), "ルールは事業所 Osaka (JP) を対象としていません");
    assert_eq!(ja(&Params::default()), None, "nothing is said of what is not given");
}

#[test]
fn words_of_the_vocabulary_are_translated_one_by_one() {
    let params = Params::default().with("covered", "organization, process");
    let words = say(ANSWERS, "counting-for", Language::Japanese, &params).unwrap();
    assert_eq!(words, "組織、プロセスについて");
    let about = Params::default().with("about", "scheme star@1").with("viewpoint", "process");
    let said = Said::new("viewpoint-not-assessed", about);
    assert_eq!(said.words(Language::English), "Nothing under scheme star@1 is assessed from the viewpoint process.");
    assert_eq!(said.words(Language::Japanese), "スキーム star@1では、観点「プロセス」からの評価は行われていません。");
    assert_eq!(phrase("no such phrase", Language::Japanese), "no such phrase");
}

#[test]
fn a_remedy_is_recorded_by_code_and_told_in_words() {
    let remedy = Remedy::of("new-verdict").unwrap();
    assert_eq!(serde_json::to_string(&remedy).unwrap(), r#"{"code":"new-verdict"}"#);
    assert_eq!(remedy.told(Language::Japanese).text.unwrap().as_str(), "新たな判定だけが有効になり得ます");
    assert_eq!(Remedy::of(""), None);
}

#[test]
fn the_language_asked_for_first_is_chosen_among_those_there_are() {
    let rows = [
        ("ja", Language::Japanese),
        ("ja-JP, en;q=0.8", Language::Japanese),
        ("en-GB, ja", Language::English),
        ("fr, ja;q=0.5, en;q=0.4", Language::Japanese),
        ("ja;q=0, en;q=0.1", Language::English),
        ("ja;q=x", Language::English),
        ("de", Language::English),
        ("", Language::English),
    ];
    for (list, language) in rows {
        assert_eq!(Language::preferred(list), language, "{list}");
    }
    assert_eq!("ja_JP.UTF-8".parse(), Ok(Language::Japanese), "as the environment has it");
    assert!("japanese".parse::<Language>().is_err());
}

proptest! {
    #[test]
    fn no_list_of_languages_and_no_value_breaks_anything(list in ".{0,200}", value in ".{0,400}") {
        let _ = Language::preferred(&list);
        let params = Params::default().with("covered", &value);
        for language in Language::ALL {
            prop_assert!(say(ANSWERS, "counting-for", language, &params).is_some());
        }
    }
}
