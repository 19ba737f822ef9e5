//! The buyer's question as tables: who asks what, and what the answer shows or why it shows nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::too_many_lines)] // tables, a row per case

mod past;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{About, Absence, Holding, Question, Sight, Standing, Viewer, sight, standing};
use crate::as_of::AsOf;
use crate::genesis::{GenesisRecord, PeerRecord, Peering};
use crate::party::PartyRecord;
use crate::recognition::fixture::{
    Case, Story, accepted, arrangement, at, certificate, changed, common_criteria, jp_eu, name, organization, reason,
    record, signed, star, verdict,
};
use crate::records::{DocumentRecord, Record, Register, SchemeRecord};
use crate::scheme::Scheme;
use crate::time::Moment;
use crate::verdict::{Change, VerdictRecord};

const SUPPLIER: &str = "corporate-number:7000012050002";

fn moment(index: u64, when: &str) -> Moment {
    Moment { index, at: at(when) }
}

/// The registry `jp` with the schemes and documents of the tests, its parties and its peer `eu`, and no verdict.
pub(super) fn jp() -> Register {
    let mut register = Register::new();
    register.insert(Record::Genesis(Arc::new(genesis("jp", "JP"))));
    for scheme in [star(), common_criteria()] {
        register.insert(published(scheme));
    }
    for (id, kind) in [("requirements@1", "requirements"), ("lonely@1", "requirements"), ("guide@1", "guideline")] {
        let document = json!({"document": id, "title": id, "owner": "somebody", "kind": kind});
        register.insert(Record::Document(Arc::new(DocumentRecord {
            document: Arc::new(serde_json::from_value(document).unwrap()),
            published: moment(2, "2026-01-01"),
            by: name("operator"),
        })));
    }
    let roles = ["operator", "authority", "accreditation-body", "certification-body", "audit-body", "buyer"];
    for role in roles {
        let id = if role == "certification-body" { "body" } else { role };
        register.insert(party(id, role, json!([])));
    }
    register.insert(party("other-body", "certification-body", json!([])));
    register.insert(party("itself", "supplier", json!([SUPPLIER])));
    register.insert(party("competitor", "supplier", json!(["corporate-number:4011001098993"])));
    register
}

fn genesis(registry: &str, country: &str) -> GenesisRecord {
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let origin = format!("{registry}.registry.example");
    let genesis = json!({
        "origin": origin, "registry": registry, "name": registry, "country": country, "logKey": "key", "witnessKey": "key",
        "nodeKey": key, "mapKey": key, "caRoots": [], "didWeb": "did:web:example", "formats": {"entry": 1, "statement": 1},
        "operator": {"id": "operator", "name": "Operator", "keys": []},
    });
    GenesisRecord {
        genesis: Arc::new(serde_json::from_value(genesis).unwrap()),
        digest: crate::Digest::of(registry.as_bytes()),
        moment: moment(0, "2026-01-01"),
        log_keys: Vec::new(),
        ca_roots: Vec::new(),
        persons: Vec::new(),
        approvals: Vec::new(),
        moves: Vec::new(),
        hosting: Vec::new(),
        closed: None,
        accepted: Vec::new(),
    }
}

fn published(scheme: Scheme) -> Record {
    let published = moment(3, "2026-01-01");
    Record::Scheme(Arc::new(SchemeRecord {
        scheme: Arc::new(scheme),
        published,
        by: name("authority"),
        replaced: None,
    }))
}

fn party(id: &str, role: &str, identifiers: Value) -> Record {
    let party = json!({"id": id, "role": role, "name": id, "country": "JP", "identifiers": identifiers});
    let party = serde_json::from_value(party).unwrap();
    Record::Party(Arc::new(PartyRecord::new(party, Vec::new(), moment(1, "2026-01-01"))))
}

pub(super) fn peer(registry: &str, country: &str) -> Record {
    let genesis = genesis(registry, country);
    Record::Peer(Arc::new(PeerRecord {
        registry: name(registry),
        origin: genesis.genesis.origin.clone(),
        genesis_digest: genesis.digest,
        genesis: genesis.genesis,
        nats_url: None,
        http_url: None,
        added: moment(4, "2026-01-02"),
        expelled: None,
        earlier: Vec::new(),
        entries: vec![4],
        followed: 0,
    }))
}

pub(super) fn with(mut register: Register, records: Vec<Record>) -> Register {
    for record in records {
        register.insert(record);
    }
    register
}

pub(super) fn own(record: VerdictRecord) -> Record {
    Record::Verdict(Arc::new(record))
}

/// What `jp` makes of a verdict that `eu` granted under the bilateral arrangement, derived on 1 July.
fn from_eu(changes: &Value) -> Record {
    let case = Case::bilateral(changes).between("eu", "jp");
    Record::Recognition(Arc::new(case.recorded()))
}

fn question(about: About) -> Question {
    Question {
        supplier: name(SUPPLIER),
        country: None,
        about,
        viewpoint: None,
        as_of: AsOf::known_then(at("2026-08-01")),
    }
}

fn on_star() -> Question {
    question(About::Scheme(name("star")))
}

pub(super) fn party_asks(id: &str) -> Viewer {
    Viewer::Party(name(id))
}

/// `jp:V-1 granted counts`, `eu:V-9 partial` …, or the absence.
fn told(answer: &Standing) -> String {
    let holdings: Vec<String> = answer.holdings.iter().map(holding).collect();
    match answer.absence {
        Some(absence) => {
            assert!(holdings.is_empty());
            absence.to_string()
        }
        None => holdings.join("; "),
    }
}

fn holding(holding: &Holding) -> String {
    let (name, what) = match holding {
        Holding::Own(own) => (own.verdict.to_string(), own.standing.state.name().to_string()),
        Holding::Foreign(foreign) => {
            let recognition = &foreign.record.recognition;
            (recognition.verdict.to_string(), recognition.outcome.to_string())
        }
    };
    let counts = if holding.counts() { " counts" } else { "" };
    format!("{name} {what}{counts}")
}

fn ask(register: &Register, question: &Question) -> String {
    told(&standing(register, question, &Viewer::Public))
}

#[test]
fn what_there_is_is_shown_in_whatever_state() {
    let granted = || verdict(&organization(), &json!({}));
    let suspended = changed(&granted(), "2026-06-01", Change::Suspended);
    let withdrawn = changed(&granted(), "2026-06-01", Change::Withdrawn);
    let second = verdict(&organization(), &json!({"verdict": "V-2"}));
    let eu_wide = json!({"verdict": "V-9", "viewpoints": ["organization", "process"]});
    let rows = vec![
        (vec![own(granted())], "V-1 granted counts"),
        (vec![own(suspended)], "V-1 suspended"),
        (vec![own(withdrawn)], "V-1 withdrawn"),
        (vec![own(second), own(granted())], "V-1 granted counts; V-2 granted counts"),
        (vec![from_eu(&json!({"verdict": "V-9"}))], "eu:V-9 recognised counts"),
        (vec![from_eu(&eu_wide), own(granted())], "V-1 granted counts; eu:V-9 partial counts"),
        (vec![from_eu(&json!({"viewpoints": ["process"]}))], "eu:V-1 refused"),
    ];
    for (records, expected) in rows {
        assert_eq!(ask(&with(jp(), records), &on_star()), expected);
    }
}

#[test]
fn scheme_document_and_viewpoint_narrow_the_question() {
    let register = with(
        jp(),
        vec![
            own(verdict(&organization(), &json!({"viewpoints": ["organization", "process"]}))),
            own(verdict(&certificate(), &json!({"supplier": organization()["supplier"]}))),
            from_eu(&json!({"verdict": "V-9", "viewpoints": ["organization", "process"]})),
        ],
    );
    let from = |about: About, viewpoint: &str| {
        let viewpoint = (!viewpoint.is_empty()).then(|| name(viewpoint));
        ask(&register, &Question { viewpoint, ..question(about) })
    };
    let star = || About::Scheme(name("star"));
    let rows = [
        (About::Everything, "", "CC-1 granted counts; V-1 granted counts; eu:V-9 partial counts"),
        (star(), "", "V-1 granted counts; eu:V-9 partial counts"),
        (About::SchemeVersion(name("star@1")), "", "V-1 granted counts; eu:V-9 partial counts"),
        (About::SchemeVersion(name("star@2")), "", "no-scheme"),
        (About::Document(name("requirements@1")), "", "V-1 granted counts; eu:V-9 partial counts"),
        (About::Scheme(name("common-criteria")), "", "CC-1 granted counts"),
        (star(), "organization", "V-1 granted counts; eu:V-9 partial counts"),
        // The rule leaves the process viewpoint out: shown, but not to be relied on for it.
        (star(), "process", "V-1 granted counts; eu:V-9 partial"),
        (star(), "people-and-things", "not-assessed"),
        (About::Scheme(name("common-criteria")), "process", "no-scheme"),
    ];
    for (about, viewpoint, expected) in rows {
        assert_eq!(from(about.clone(), viewpoint), expected, "{about} {viewpoint}");
    }
}

#[test]
fn the_five_absences() {
    let follows = || {
        let terms = arrangement(&jp_eu(), &json!({}));
        vec![peer("eu", "EU"), Record::Arrangement(Arc::new(signed(&terms, &["jp", "eu"])))]
    };
    let suspended = || {
        let terms = arrangement(&jp_eu(), &json!({}));
        let story = Story::of(&[terms]).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01");
        vec![peer("eu", "EU"), Record::Arrangement(Arc::new(story.suspends("eu", "2026-07-01").told()))]
    };
    let expelled = || {
        let mut records = follows();
        if let Record::Peer(peer) = &mut records[0] {
            let end = crate::genesis::Expulsion { moment: moment(9, "2026-07-01"), reason: reason() };
            *peer = Arc::new(PeerRecord { expelled: Some(end), ..(**peer).clone() });
        }
        records
    };
    let foreign_scheme = || {
        let mut terms = jp_eu();
        terms["rules"][1]["scheme"] = json!("eu-only@1");
        let record = signed(&arrangement(&terms, &json!({})), &["jp", "eu"]);
        vec![peer("eu", "EU"), Record::Arrangement(Arc::new(record))]
    };
    let everywhere = || {
        let mut scheme = star();
        scheme.countries = vec![name("JP"), name("TH")];
        vec![published(scheme)]
    };
    let lei = || name("lei:5493001KJTIIGC8Y1R12");
    let of = |country: &str| Question { supplier: lei(), country: Some(name(country)), ..on_star() };
    let about = |about: About| question(about);
    let restricted = || vec![own(verdict(&organization(), &json!({"profile": "restricted"})))];
    let other = || {
        vec![own(verdict(
            &certificate(),
            &json!({"supplier": {"id": "lei:5493001KJTIIGC8Y1R12", "name": "N", "country": "JP"}}),
        ))]
    };
    let unstated = json!({"id": "lei:5493001KJTIIGC8Y1R12", "name": "N"});
    let silent = || vec![own(verdict(&certificate(), &json!({"verdict": "CC-0", "supplier": unstated})))];
    let silent_abroad = || vec![from_eu(&json!({"verdict": "V-0", "supplier": unstated}))];
    let on_moon = || question(About::Scheme(name("common-criteria")));
    let rows: Vec<(&str, Vec<Record>, Question, &str)> = vec![
        ("a scheme nobody knows", vec![], about(About::Scheme(name("moon"))), "no-scheme"),
        ("a document nobody knows", vec![], about(About::Document(name("moon@1"))), "no-scheme"),
        ("requirements without a scheme", vec![], about(About::Document(name("lonely@1"))), "no-scheme"),
        ("a guideline", vec![], about(About::Document(name("guide@1"))), "guideline-only"),
        (
            "before it was published",
            vec![],
            Question { as_of: AsOf::known_then(at("2025-12-31")), ..on_star() },
            "no-scheme",
        ),
        ("a Japanese supplier, by its number", vec![], on_star(), "not-assessed"),
        ("anything about it", vec![], about(About::Everything), "not-assessed"),
        ("against a document with a scheme", vec![], about(About::Document(name("requirements@1"))), "not-assessed"),
        ("a LEI says nothing about the country", vec![], Question { supplier: lei(), ..on_star() }, "unknown"),
        ("unless something visible does", other(), Question { supplier: lei(), ..on_star() }, "not-assessed"),
        ("what is silent about it says nothing", silent(), Question { supplier: lei(), ..on_star() }, "unknown"),
        (
            "nor hides what speaks",
            [silent(), other()].concat(),
            Question { supplier: lei(), ..on_star() },
            "not-assessed",
        ),
        ("silence abroad says nothing either", silent_abroad(), Question { supplier: lei(), ..on_moon() }, "unknown"),
        ("or the buyer", vec![], of("JP"), "not-assessed"),
        ("elsewhere", vec![], of("DE"), "unknown"),
        ("elsewhere, where we follow", follows(), of("DE"), "not-assessed"),
        ("by its EORI", follows(), Question { supplier: name("eori:FR123"), ..on_star() }, "not-assessed"),
        ("elsewhere, where we do not", follows(), of("BR"), "unknown"),
        ("the arrangement is suspended", suspended(), of("DE"), "unknown"),
        ("the peer was expelled", expelled(), of("DE"), "unknown"),
        (
            "the arrangement is about another scheme",
            follows(),
            Question { about: About::Scheme(name("common-criteria")), ..of("DE") },
            "unknown",
        ),
        (
            "a scheme of the peer's",
            foreign_scheme(),
            Question { about: About::Scheme(name("eu-only")), ..of("DE") },
            "not-assessed",
        ),
        (
            "a scheme of the peer's, for one of ours",
            foreign_scheme(),
            Question { about: About::Scheme(name("eu-only")), ..of("JP") },
            "unknown",
        ),
        ("a scheme that applies there too", everywhere(), of("TH"), "not-assessed"),
        ("restricted, for the public", restricted(), on_star(), "not-assessed"),
    ];
    for (what, records, question, expected) in rows {
        assert_eq!(ask(&with(jp(), records), &question), expected, "{what}");
    }
    let authority = standing(&with(jp(), restricted()), &on_star(), &party_asks("authority"));
    assert_eq!(told(&authority), "withheld");
    assert_eq!(
        Absence::ALL.map(Absence::as_str),
        ["no-scheme", "guideline-only", "not-assessed", "withheld", "unknown"]
    );
}

#[test]
fn a_restricted_verdict_is_seen_by_whom_it_concerns() {
    let restricted = verdict(&organization(), &json!({"profile": "restricted"}));
    let moved = changed(&restricted, "2026-06-01", Change::Transferred { to: name("other-body") });
    let register = with(jp(), vec![own(restricted.clone())]);
    let rows = [
        (Viewer::Public, Sight::Nothing),
        (party_asks("operator"), Sight::Whole),
        (party_asks("body"), Sight::Whole),
        (party_asks("itself"), Sight::Whole),
        (party_asks("authority"), Sight::Existence),
        (party_asks("accreditation-body"), Sight::Existence),
        (party_asks("other-body"), Sight::Nothing),
        (party_asks("audit-body"), Sight::Nothing),
        (party_asks("competitor"), Sight::Nothing),
        (party_asks("buyer"), Sight::Nothing),
        (party_asks("nobody-registered"), Sight::Nothing),
    ];
    for (viewer, expected) in rows {
        assert_eq!(sight(&register, &viewer, &restricted), expected, "{viewer:?}");
        let answer = told(&standing(&register, &on_star(), &viewer));
        let shown = match expected {
            Sight::Whole => "V-1 granted counts",
            Sight::Existence => "withheld",
            Sight::Nothing => "not-assessed",
        };
        assert_eq!(answer, shown, "{viewer:?}");
    }
    assert_eq!(sight(&register, &party_asks("other-body"), &moved), Sight::Whole, "the lawful successor");
    assert_eq!(sight(&register, &party_asks("body"), &moved), Sight::Whole, "whoever granted it");
    assert_eq!(sight(&register, &Viewer::Public, &verdict(&organization(), &json!({}))), Sight::Whole);
}

#[test]
fn hidden_and_absent_look_alike_to_the_byte() {
    let by_lei = json!({"profile": "restricted", "verdict": "V-7",
        "supplier": {"id": SUPPLIER, "name": "Example KK", "country": "JP", "others": ["lei:5493001KJTIIGC8Y1R12"]}});
    let hidden = vec![
        own(verdict(&organization(), &json!({"profile": "restricted"}))),
        own(changed(&verdict(&organization(), &by_lei), "2026-06-01", Change::Suspended)),
    ];
    let open = || vec![own(verdict(&organization(), &json!({"verdict": "V-3"}))), from_eu(&json!({"verdict": "V-9"}))];
    let questions = [
        on_star(),
        question(About::Everything),
        question(About::Document(name("requirements@1"))),
        Question { viewpoint: Some(name("organization")), ..on_star() },
        Question { viewpoint: Some(name("process")), ..on_star() },
        Question { supplier: name("lei:5493001KJTIIGC8Y1R12"), ..on_star() },
        Question { as_of: AsOf::known_then(at("2026-06-05")), ..on_star() },
    ];
    for viewer in ["", "buyer", "competitor", "other-body", "audit-body"] {
        let viewer = if viewer.is_empty() { Viewer::Public } else { party_asks(viewer) };
        for beside in [Vec::new(), open()] {
            let without = with(jp(), beside.clone());
            let with_hidden = with(with(jp(), beside), hidden.clone());
            for question in &questions {
                let (absent, hidden) =
                    (standing(&without, question, &viewer), standing(&with_hidden, question, &viewer));
                assert_eq!(absent, hidden, "{viewer:?} {question:?}");
                assert_eq!(serde_json::to_vec(&absent).unwrap(), serde_json::to_vec(&hidden).unwrap());
            }
        }
    }
}

#[test]
fn acceptances_are_counted_and_count_for_nothing() {
    let on_criteria = || question(About::Scheme(name("common-criteria")));
    let bare = verdict(&certificate(), &json!({"supplier": {"id": SUPPLIER, "name": "Example KK", "country": "JP"}}));
    let archived = changed(&bare, "2026-06-01", Change::Historical);
    for before in [bare, archived] {
        let told = accepted(&accepted(&before, "2026-06-02"), "2026-07-02");
        let answer = |record: VerdictRecord, question: &Question| {
            let answer = standing(&with(jp(), vec![own(record)]), question, &Viewer::Public);
            let [Holding::Own(own)] = &answer.holdings[..] else { panic!("{answer:?}") };
            (answer.explanation.to_string(), own.in_force, own.standing.clone(), own.accepted_as_evidence)
        };
        let (explanation, in_force, snapshot, none) = answer(before, &on_criteria());
        assert_eq!(none, 0);
        let same = (explanation, in_force, snapshot, 2);
        assert_eq!(answer(told.clone(), &on_criteria()), same, "what counts is what counted");
        let between = Question { as_of: AsOf::known_then(at("2026-07-01")), ..on_criteria() };
        assert_eq!(answer(told.clone(), &between).3, 1, "only what the log had then");
        let shown = standing(&with(jp(), vec![own(told)]), &on_criteria(), &Viewer::Public);
        let [Holding::Own(own)] = &shown.holdings[..] else { panic!("{shown:?}") };
        let days: Vec<_> = own.acceptances.iter().map(|one| (one.authority.as_str(), one.from, one.until)).collect();
        assert_eq!(days, [("An Agency", name("2026-03-01"), None); 2], "each with its days");
    }
}

#[test]
fn an_answer_is_read_back_from_its_json() {
    let eu = json!({"verdict": "V-9", "viewpoints": ["organization", "process"]});
    let register = with(jp(), vec![own(verdict(&organization(), &json!({}))), from_eu(&eu)]);
    let answer = standing(&register, &on_star(), &Viewer::Public);
    assert_eq!(answer.explanation.as_str(), "1 verdict of this registry, 1 verdict of others; 2 of them count.");
    let written = serde_json::to_string(&answer).unwrap();
    assert_eq!(serde_json::from_str::<Standing>(&written).unwrap(), answer);
    let nothing = standing(&jp(), &on_star(), &Viewer::Public);
    assert_eq!(
        serde_json::to_value(&nothing).unwrap(),
        json!({"holdings": [], "absence": "not-assessed",
            "because": [{"code": "none-on-supplier", "params": {"about": "scheme star", "country": "JP"},
                "remedy": {"code": "assess-supplier"}}],
            "explanation": "This registry would know verdicts on suppliers of JP under scheme star; there is none on this one."})
    );
}

#[test]
fn a_verdict_under_what_it_counts_as_here_answers_too() {
    let mut terms = jp_eu();
    terms["rules"][1]["as"] = json!({"scheme": "common-criteria@3.1"});
    let case = Case::bilateral(&json!({"verdict": "V-9"})).between("eu", "jp");
    let case = case.under(signed(&arrangement(&terms, &json!({})), &["jp", "eu"]));
    let register = with(jp(), vec![Record::Recognition(Arc::new(record(case.recognise(), case.at)))]);
    let ours = Question { about: About::Scheme(name("common-criteria")), ..on_star() };
    assert_eq!(ask(&register, &ours), "eu:V-9 recognised counts");
    assert_eq!(ask(&register, &on_star()), "eu:V-9 recognised counts");
}

#[test]
fn nothing_of_an_expelled_peer_counts() {
    let eu = |ended: &dyn Fn(&mut PeerRecord)| {
        let Record::Peer(eu) = peer("eu", "EU") else { panic!("a peer") };
        let mut eu = PeerRecord::clone(&eu);
        ended(&mut eu);
        Record::Peer(Arc::new(eu))
    };
    // The recognition is recorded between the two.
    let end = |index: u64| crate::genesis::Expulsion { moment: moment(index, "2026-07-02"), reason: reason() };
    let over = |eu: &PeerRecord, expelled| Peering {
        origin: eu.origin.clone(),
        genesis_digest: eu.genesis_digest,
        genesis: Arc::clone(&eu.genesis),
        nats_url: None,
        http_url: None,
        added: eu.added,
        expelled,
    };
    let rows: [(&str, Record, &str); 4] = [
        ("a peer that stands", peer("eu", "EU"), "eu:V-9 recognised counts"),
        ("one that was expelled", eu(&|eu| eu.expelled = Some(end(1_000))), "eu:V-9 refused"),
        ("one that was added again since", eu(&|eu| eu.earlier = vec![over(eu, end(1_000))]), "eu:V-9 refused"),
        (
            "one that was recognised after that",
            eu(&|eu| eu.earlier = vec![over(eu, end(0))]),
            "eu:V-9 recognised counts",
        ),
    ];
    for (case, peer, expected) in rows {
        let register = with(jp(), vec![from_eu(&json!({"verdict": "V-9"})), peer]);
        assert_eq!(
            ask(&register, &Question { as_of: AsOf::known_then(at("2026-08-01")), ..on_star() }),
            expected,
            "{case}"
        );
    }
}
