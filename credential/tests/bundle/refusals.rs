//! A row for each way in which a bundle does not hold: who is to blame, the step and the code.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use conformity::words::Language;
use credential::bundle::{Bundle, Earlier, Item, MAX_BUNDLE, MAX_STATEMENTS, Policy, Question, verify};
use jiff::SignedDuration;
use ledger::checkpoint::Purpose;
use ledger::encoding::base64_encode;
use ledger::entry::Kind;
use serde_json::json;

use crate::answers::{bytes, documented, is_japanese, recognising};
use crate::log::{Log, accreditation, at_the_checkpoint, jwk, verdict};

/// Where the grant stands among the statements of the bundle.
const GRANT: usize = 8;

/// What is verified.
struct Case {
    bytes: Vec<u8>,
    policy: Policy,
    question: Question,
}

impl Case {
    fn of(log: &Log, bundle: &Bundle) -> Self {
        Self { bytes: bytes(bundle), policy: log.policy(), question: at_the_checkpoint(log) }
    }

    fn refused(&self) -> (&'static str, &'static str, &'static str) {
        let failure = verify(&self.bytes, &self.policy, self.question).unwrap_err();
        assert!(failure.held.iter().all(|step| step.step <= failure.step), "what held came before");
        assert_eq!(failure.to_string(), failure.fault.words(Language::English));
        assert!(is_japanese(&failure.fault.words(Language::Japanese)), "{failure}");
        (failure.fault.blame(), failure.step.as_str(), failure.fault.code())
    }
}

/// The bundle of a log at work, altered.
fn altered(alter: impl FnOnce(&mut Bundle)) -> Case {
    let log = Log::at_work();
    let mut bundle = log.bundle();
    alter(&mut bundle);
    Case::of(&log, &bundle)
}

/// The bytes of a bundle, altered as text.
fn text(alter: impl FnOnce(String) -> String) -> Case {
    let case = altered(|_| ());
    Case { bytes: alter(String::from_utf8(case.bytes).unwrap()).into_bytes(), ..case }
}

fn item(bundle: &mut Bundle, place: usize) -> &mut Item {
    Arc::make_mut(&mut bundle.statements[place])
}

fn refuse(case: &Case, why: &str, expected: (&str, &str, &str)) {
    assert_eq!(case.refused(), expected, "{why}");
}

#[test]
fn a_bundle_that_is_none_is_refused() {
    let form = |code| ("bundle", "form", code);
    refuse(&Case { bytes: vec![b' '; MAX_BUNDLE + 1], ..altered(|_| ()) }, "too long", form("bundle-too-long"));
    refuse(&text(|_| String::new()), "empty", form("not-a-bundle"));
    refuse(&text(|all| format!("[{all}]")), "an array", form("not-a-bundle"));
    refuse(&text(|all| format!("{all}{{}}")), "something behind it", form("not-a-bundle"));
    refuse(&text(|all| all.replacen('{', "{\"more\":1,", 1)), "another member", form("not-a-bundle"));
    refuse(&text(|all| all.replacen('{', "{\"last\":\"\",", 1)), "a member twice", form("not-a-bundle"));
    refuse(&altered(|bundle| bundle.format.push('0')), "another format", form("unknown-format"));
    let many = |bundle: &mut Bundle| bundle.statements = vec![bundle.statements[0].clone(); MAX_STATEMENTS + 1];
    refuse(&altered(many), "too many statements", form("too-many"));
    refuse(&altered(|bundle| bundle.disclosures = vec![String::new(); 4_097]), "disclosures", form("too-many"));
}

#[test]
fn a_checkpoint_that_the_policy_does_not_believe_is_refused() {
    let log = Log::at_work();
    let strange = Case { policy: Log::of("eu", |_| ()).policy(), ..Case::of(&log, &log.bundle()) };
    refuse(&strange, "a log that the policy does not name", ("policy", "checkpoint", "unknown-log"));
    let other_key = Case { policy: Log::begun().policy(), ..Case::of(&log, &log.bundle()) };
    refuse(&other_key, "signed with another key", ("bundle", "checkpoint", "bad-checkpoint"));
    let with = |note: String| Case::of(&log, &Bundle { checkpoint: note, ..log.bundle() });
    let quorum = ("policy", "witnesses", "no-quorum");
    refuse(&with(log.checkpoint(&[])), "no cosigner", quorum);
    refuse(&with(log.checkpoint(&[2])), "one of two", quorum);
    refuse(&with(log.checkpoint(&[1, 1, 1])), "one of two, three times", quorum);
    let stranger = Log::at_work();
    let bare = log.checkpoint(&[0]);
    let unknown = format!("{bare}{}", stranger.cosignature(&bare, 1));
    refuse(&with(unknown), "one of two, and a stranger of the same name", quorum);
    let other = log.cosignature(&stranger.checkpoint(&[]), 1);
    refuse(&with(format!("{bare}{other}")), "a cosignature of another", ("bundle", "witnesses", "bad-cosignature"));
    let resized = log.checkpoint(&[0, 1]).replacen("\n11\n", "\n12\n", 1);
    refuse(&with(resized), "another size", ("bundle", "checkpoint", "bad-checkpoint"));
    let commit = log.checkpoint_for(Purpose::Commit, &[0, 1]);
    refuse(&with(commit), "one of a commit, whoever cosigned it", ("bundle", "checkpoint", "bad-checkpoint"));
}

#[test]
fn an_older_state_than_was_seen_is_refused() {
    let mut log = Log::at_work();
    let old = log.bundle();
    log.change("suspended");
    log.seal();
    let seen = |size: u64, root: &str| {
        let policy = Policy::parse(&log.policy_text(&format!("seen = {{ size = {size}{root} }}"))).unwrap();
        Case { policy, ..Case::of(&log, &old) }
    };
    refuse(&seen(13, ""), "rolled back", ("policy", "memory", "rollback"));
    let root = format!(", root = \"{}\"", "A".repeat(43) + "=");
    refuse(&seen(11, &root), "forked", ("policy", "memory", "fork"));
    for size in [10, 11] {
        assert!(verify(&seen(size, "").bytes, &seen(size, "").policy, at_the_checkpoint(&log)).is_ok(), "{size}");
    }
}

#[test]
fn statements_that_are_not_the_logs_are_refused() {
    let inclusion = |code| ("bundle", "inclusion", code);
    let flip = |bundle: &mut Bundle| bundle.proof[0] = ledger::merkle::leaf_hash(b"another");
    refuse(&altered(flip), "one hash changed", inclusion("bad-proof"));
    refuse(&altered(|bundle| bundle.proof.truncate(bundle.proof.len() - 1)), "one hash less", inclusion("bad-proof"));
    refuse(&altered(|bundle| bundle.proof.push(bundle.proof[0])), "one hash more", inclusion("bad-proof"));
    refuse(&altered(|bundle| item(bundle, GRANT).time_ms += 1), "another time", inclusion("bad-proof"));
    refuse(&altered(|bundle| item(bundle, GRANT).index += 1), "another place", inclusion("bad-proof"));
    refuse(&altered(|bundle| bundle.statements.swap(3, 4)), "another order", inclusion("bad-order"));
    refuse(&altered(|bundle| drop(bundle.statements.remove(0))), "no genesis", inclusion("bad-order"));
    refuse(&altered(|bundle| bundle.statements.clear()), "nothing", inclusion("bad-order"));
    refuse(&altered(|bundle| item(bundle, GRANT).statement.push('A')), "no statement", inclusion("not-a-jws"));
    refuse(&altered(|bundle| bundle.last.clear()), "no seal", inclusion("bad-seal"));
    refuse(&altered(|bundle| bundle.last = "?".to_owned()), "no base64", inclusion("bad-seal"));
    let log = Log::at_work();
    let other = |kind: &str| log.signed("cb-1", "cb-1", kind, json!({}));
    refuse(
        &altered(|bundle| item(bundle, GRANT).statement = other("verdict-granted")),
        "no claim",
        inclusion("not-a-statement"),
    );
    let forged = log.signed("cb-1", "cb-1", "verdict-granted", verdict("V-1"));
    refuse(
        &altered(|bundle| item(bundle, GRANT).statement = forged),
        "a statement of another log",
        inclusion("bad-proof"),
    );
    let grant = base64_encode(&log.entries[9].encode());
    refuse(&altered(|bundle| bundle.last = grant), "a statement in place of the seal", inclusion("bad-seal"));
}

/// A header with certificates says by itself how it wants to be believed. Keys come from the log and from nowhere else.
#[test]
fn certificates_in_a_header_are_refused() {
    let with_x5c = |compact: &str| {
        let (header, rest) = compact.split_once('.').unwrap();
        let mut header: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
        header["x5c"] = json!(["MAA="]);
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
    };
    let case = altered(|bundle| item(bundle, GRANT).statement = with_x5c(&bundle.statements[GRANT].statement.clone()));
    refuse(&case, "x5c on another kind of statement", ("bundle", "inclusion", "x5c-misplaced"));
}

/// The log holds what it must not hold, under its own signed checkpoint: that is evidence against it.
#[test]
fn a_log_that_breaks_the_rules_is_refused() {
    let registry = |code| ("registry", "statement", code);
    let rows: [(&str, fn(&Log) -> String, &str); 7] = [
        ("a forged signature", |log| log.signed("stranger", "cb-1", "verdict-granted", verdict("V-1")), "unknown-key"),
        ("signed by the operator", |log| log.signed("op", "cb-1", "verdict-granted", verdict("V-1")), "unknown-key"),
        ("by nobody", |log| log.signed("stranger", "stranger", "verdict-granted", verdict("V-1")), "unknown-issuer"),
        (
            "by a body without accreditation",
            |log| log.signed("cb-2", "cb-2", "verdict-granted", verdict("V-1")),
            "not-accredited",
        ),
        ("for another registry", |log| Log::of("eu", |_| ()).signed_as(log, "cb-1", verdict("V-1")), "wrong-registry"),
        (
            "an accreditation by a body",
            |log| log.signed("cb-2", "cb-2", "accreditation-granted", accreditation("C-2", "cb-2")),
            "role-not-entitled",
        ),
        ("a signature that is another's", Log::forged, "bad-signature"),
    ];
    for (why, speak, code) in rows {
        let mut log = Log::at_work();
        let compact = speak(&log);
        let index = log.put(Kind::Statement, Some(compact));
        log.seal();
        let basis = [0, 1, 2, 3, 4, 5, 6, 7, 8, index];
        refuse(&Case::of(&log, &log.bundle_of("jp:V-1", &basis)), why, registry(code));
    }
}

/// What counts now did not count then: a key that was added or revoked, an accreditation that came or went.
#[test]
fn what_holds_now_and_not_then_is_refused() {
    let registry = |code| ("registry", "statement", code);
    let late_key = |log: &mut Log| {
        let key = jwk(log.key("stranger"));
        let spoken = log.signed("stranger", "cb-1", "verdict-granted", verdict("V-9"));
        let index = log.put(Kind::Statement, Some(spoken));
        (index, log.say("op", "key-added", json!({"party": "cb-1", "key": key})))
    };
    let mut log = Log::at_work();
    let (index, added) = late_key(&mut log);
    log.seal();
    let basis = |more: &[u64]| [&[0, 1, 2, 3, 4, 5, 6, 7, 8][..], more].concat();
    let case = Case::of(&log, &log.bundle_of("jp:V-9", &basis(&[index, added])));
    refuse(&case, "a key that was added later", registry("unknown-key"));

    let mut log = Log::at_work();
    let kid = log.key("cb-1").public_key().thumbprint().to_string();
    let revoked = log.say("op", "key-revoked", json!({"party": "cb-1", "kid": kid}));
    let spoken = log.signed("cb-1", "cb-1", "verdict-granted", verdict("V-9"));
    let index = log.put(Kind::Statement, Some(spoken));
    log.seal();
    let case = Case::of(&log, &log.bundle_of("jp:V-9", &basis(&[revoked, index])));
    refuse(&case, "a key that was revoked before", registry("key-revoked"));

    let mut log = Log::at_work();
    let spoken = log.signed("cb-2", "cb-2", "verdict-granted", verdict("V-9"));
    let index = log.put(Kind::Statement, Some(spoken));
    let granted = log.say("ab", "accreditation-granted", accreditation("C-2", "cb-2"));
    log.seal();
    let case = Case::of(&log, &log.bundle_of("jp:V-9", &basis(&[index, granted])));
    refuse(&case, "an accreditation that came later", registry("not-accredited"));
}

#[test]
fn times_that_cannot_be_are_refused() {
    let mut log = Log::at_work();
    log.now_ms -= 90_000_000;
    log.change_unchecked("suspended");
    log.seal();
    let basis = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11];
    refuse(&Case::of(&log, &log.bundle_of("jp:V-1", &basis)), "back", ("registry", "inclusion", "time-backwards"));
    let mut log = Log::at_work();
    log.now_ms = u64::MAX / 2;
    log.put(Kind::Seal, None);
    let case =
        Case { bytes: bytes(&log.bundle()), policy: log.policy(), question: Question { at: None, now: log.at(9) } };
    refuse(&case, "beyond all calendars", ("registry", "inclusion", "impossible-time"));
}

#[test]
fn another_genesis_is_refused() {
    let log = Log::at_work();
    let pinned = Policy::parse(&log.policy_text(&format!("genesis = \"{}\"", "ab".repeat(32)))).unwrap();
    let case = Case { policy: pinned, ..Case::of(&log, &log.bundle()) };
    refuse(&case, "another than the pinned one", ("policy", "genesis", "wrong-log"));
    let mut log = Log::of("jp", |genesis| genesis["logKey"] = json!(Log::begun().log_key_text()));
    log.seal();
    let case = Case::of(&log, &log.bundle_of("jp:V-1", &[0]));
    refuse(&case, "a genesis that names another log key", ("registry", "genesis", "other-log-key"));
}

#[test]
fn a_bundle_that_does_not_answer_the_question_is_refused() {
    let log = Log::at_work();
    let asked = |at: jiff::Timestamp| Case {
        question: Question { at: Some(at), now: log.now() },
        ..Case::of(&log, &log.bundle())
    };
    let day = SignedDuration::from_hours(24);
    refuse(&asked(log.now()), "later than the seal", ("policy", "time", "not-covered"));
    refuse(&asked(log.at(9) - day), "before the grant", ("policy", "verdict", "not-then"));
    let aged = |policy: &str, later: SignedDuration| Case {
        policy: Policy::parse(&format!("{policy}{}", log.policy_text(""))).unwrap(),
        question: Question { at: None, now: log.now() + later },
        ..Case::of(&log, &log.bundle())
    };
    refuse(&aged("max_age_seconds = 86400\n", day + day), "too old", ("policy", "time", "stale"));
    refuse(&aged("", -day), "from the future", ("policy", "time", "ahead"));
    let old = aged("", day * 1000);
    assert!(verify(&old.bytes, &old.policy, old.question).is_ok(), "a policy without an age asks for none");
    let of = |verdict: &str| Case::of(&log, &log.bundle_of(verdict, &[0, 1, 2, 3, 5, 6, 7, 8, 9]));
    refuse(&of("jp:V-2"), "a verdict that there is not", ("bundle", "verdict", "no-verdict"));
    refuse(&of("eu:V-1"), "a foreign verdict of which nothing was made", ("bundle", "verdict", "no-verdict"));
    let other = altered(|bundle| bundle.verdict = "jp:V-2".parse().unwrap());
    refuse(&other, "another verdict", ("bundle", "verdict", "no-verdict"));
}

#[test]
fn what_the_state_map_does_not_say_is_refused() {
    let log = Log::at_work();
    let with = |map_proof: String| Case::of(&log, &Bundle { map_proof, ..log.bundle() });
    let refused = ("bundle", "completeness", "bad-map-proof");
    refuse(&with(String::new()), "no proof", refused);
    refuse(&with(log.map_proof("verdict/V-2")), "of another verdict", refused);
    refuse(&with(log.map_proof("restricted/V-1")), "from the tree of those that not everybody may know", refused);
    let mut later = log.clone();
    later.change("suspended");
    later.seal();
    refuse(&with(later.map_proof("verdict/V-1")), "of a later map", refused);
    let of_older = Case::of(&later, &Bundle { map_proof: log.map_proof("verdict/V-1"), ..later.bundle() });
    refuse(&of_older, "of an older map, which knows nothing of the suspension", refused);
    let mut misfiled = Log::at_work();
    misfiled.hidden.push("verdict/V-1".to_owned());
    misfiled.seal();
    let lacking = Case::of(&misfiled, &misfiled.bundle());
    refuse(&lacking, "a map without the verdict in its tree", ("bundle", "completeness", "incomplete"));
    let mut restricted = verdict("V-1");
    restricted["profile"] = json!("restricted");
    let quiet = Log::at_work_with(restricted);
    let whole = Case::of(&quiet, &quiet.bundle());
    assert!(verify(&whole.bytes, &whole.policy, whole.question).is_ok());
    let absent = Bundle { map_proof: quiet.map_proof("verdict/V-1"), ..quiet.bundle() };
    refuse(&Case::of(&quiet, &absent), "of a restricted one, from the tree of the others", refused);
    let log = recognising();
    let mut bundle = log.foreign_bundle();
    let moved = bundle.earlier.pop().unwrap();
    let indexes: Vec<u64> = bundle.statements.iter().map(|item| item.index).collect();
    let shorter = log.bundle_of("eu:E-1", &indexes);
    refuse(&Case::of(&log, &shorter), "one recognition of two", ("bundle", "completeness", "incomplete"));
    bundle.earlier.push(Earlier { entry: "?".to_owned(), ..moved });
    refuse(&Case::of(&log, &bundle), "an entry that is none", ("bundle", "inclusion", "bad-order"));
    let mut own = Log::at_work();
    let index = own.change("suspended");
    own.seal();
    let entry = base64_encode(&own.entries[index as usize].encode());
    let earlier = vec![Earlier { index, entry }];
    let hidden = own.bundle_with("jp:V-1", &[0, 1, 2, 3, 5, 6, 7, 8, 9], earlier);
    refuse(&Case::of(&own, &hidden), "a suspension that is kept back", ("bundle", "completeness", "kept-back"));
}

#[test]
fn disclosures_that_do_not_belong_are_refused() {
    let (log, disclosures) = documented();
    let with = |disclosures: Vec<String>| Case::of(&log, &Bundle { disclosures, ..log.bundle() });
    let refused = ("bundle", "credential", "bad-disclosures");
    let (_, strange) = documented();
    refuse(&with(vec![strange[0].clone()]), "of another credential", refused);
    refuse(&with(vec![disclosures[0].clone(), disclosures[0].clone()]), "one twice", refused);
    refuse(&with(vec!["?".to_owned()]), "no disclosure", refused);
    refuse(&with(vec![disclosures.join("~")]), "several in one", refused);
    let bare = Log::at_work();
    let bundle = Bundle { disclosures, ..bare.bundle() };
    refuse(&Case::of(&bare, &bundle), "without a credential", refused);
}
