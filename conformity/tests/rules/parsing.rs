//! Statements that cannot be read, a row per rule of the form.

use conformity::statement::{Kind, MAX_DEPTH, MAX_STATEMENT, Malformed, Statement};
use serde_json::{Value, json};

use crate::world::{World, verdict, with};

fn payload() -> Value {
    World::empty().envelope("cb-1", "verdict-granted", verdict("V-1"))
}

fn nested(depth: usize) -> String {
    format!("{}1{}", "[".repeat(depth), "]".repeat(depth))
}

fn text(patch: Value) -> String {
    with(payload(), patch).to_string()
}

fn claim(patch: Value) -> String {
    text(json!({"claim": with(verdict("V-1"), patch)}))
}

#[rustfmt::skip] // A table reads by its rows.
#[test]
fn what_cannot_be_read_is_refused_by_its_rule() {
    let rows = [
        ("nothing", String::new(), "not-json"),
        ("half a statement", payload().to_string()[..100].to_owned(), "not-json"),
        ("something after it", format!("{}x", payload()), "not-json"),
        ("larger than 64 KiB", " ".repeat(MAX_STATEMENT + 1), "statement-too-large"),
        ("deeper than allowed", nested(MAX_DEPTH + 1), "statement-too-deep"),
        ("deep enough to exhaust a stack", nested(30_000), "statement-too-deep"),
        ("a name twice", payload().to_string().replacen("{\"", "{\"iss\":\"op\",\"", 1), "duplicate-member"),
        ("a name twice, once escaped", text(json!({})).replacen("\"aud\"", "\"i\\u0073s\":\"op\",\"aud\"", 1), "duplicate-member"),
        ("a name twice in the claim", claim(json!({})).replacen("\"name\"", "\"kind\":\"site\",\"name\"", 1), "duplicate-member"),
        ("a null", text(json!({})).replacen("\"scope\"", "\"conditions\":null,\"scope\"", 1), "null-member"),
        ("a list", "[]".to_owned(), "not-a-statement"),
        ("no issuer", text(json!({"iss": null})), "not-a-statement"),
        ("one member more", text(json!({"exp": 1})), "not-a-statement"),
        ("a time with a fraction", text(json!({"iat": 1.5})), "not-a-statement"),
        ("a time as text", text(json!({"iat": "2026-11-02"})), "not-a-statement"),
        ("an issuer with a space", text(json!({"iss": "cb 1"})), "not-a-statement"),
        ("an audience with a scheme", text(json!({"aud": "https://jp.registry.example"})), "not-a-statement"),
        ("an unknown kind", text(json!({"kind": "verdict-blessed"})), "not-a-statement"),
        ("the claim of another kind", text(json!({"kind": "genesis"})), "malformed-claim"),
        ("a claim with one member more", claim(json!({"extra": 1})), "malformed-claim"),
        ("a claim with one member less", claim(json!({"scope": null})), "malformed-claim"),
        ("a supplier with a mistyped number", claim(json!({"supplier": {"id": "corporate-number:7000012050003", "name": "x", "country": "JP"}})), "malformed-claim"),
        ("a supplier with an unknown kind of number", claim(json!({"supplier": {"id": "passport:1", "name": "x", "country": "JP"}})), "malformed-claim"),
        ("a day that does not exist", claim(json!({"validFrom": "2026-02-30"})), "malformed-claim"),
        ("a day with a time", claim(json!({"validFrom": "2026-02-03T00:00:00Z"})), "malformed-claim"),
        ("a scheme without version", claim(json!({"scheme": "stars"})), "malformed-claim"),
        ("a viewpoint twice", claim(json!({"viewpoints": ["process", "process"]})), "malformed-claim"),
        ("a scope of nothing", claim(json!({"scope": " "})), "malformed-claim"),
        ("a scope longer than 1 KiB", claim(json!({"scope": "x".repeat(1025)})), "malformed-claim"),
        ("a scope with an invisible mark", claim(json!({"scope": "abc\u{202E}def"})), "malformed-claim"),
        ("a scope with a line feed", claim(json!({"scope": "abc\ndef"})), "malformed-claim"),
        ("an unknown provenance", claim(json!({"provenance": "guessed"})), "malformed-claim"),
    ];
    for (why, bytes, code) in rows {
        match Statement::parse(bytes.as_bytes()) {
            Err(malformed) => assert_eq!(malformed.code(), code, "{why}: {malformed}"),
            Ok(_) => panic!("{why}: was read"),
        }
    }
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    let mut bytes = payload().to_string().into_bytes();
    let position = bytes.iter().position(|byte| *byte == b'O').unwrap();
    bytes[position] = 0xFF;
    assert_eq!(Statement::parse(&bytes).unwrap_err().code(), "not-json");
}

#[test]
fn an_error_says_where_and_stays_short() {
    let Err(Malformed::Claim { kind, message }) =
        Statement::parse(claim(json!({"validFrom": "x".repeat(5000)})).as_bytes())
    else {
        panic!("a malformed claim")
    };
    assert_eq!(kind, Kind::VerdictGranted);
    assert!(message.len() <= 1200 && message.contains("YYYY-MM-DD"), "{message}");
}

#[test]
fn many_members_cost_no_more_than_their_number() {
    let members: Vec<_> = (0..6_000).map(|n| format!("\"m{n}\":1")).collect();
    let object = format!("{{{}}}", members.join(","));
    assert_eq!(Statement::parse(object.as_bytes()).unwrap_err().code(), "not-a-statement");
}

#[test]
fn instants_are_written_in_one_way() {
    let mut world = World::furnished();
    for (instant, read) in [
        ("2026-11-02T09:00:00Z", true),
        ("2026-11-02T09:00:00.123456789Z", true),
        ("2026-11-02T09:00:00.Z", false),
        ("2026-11-02T09:00:00.1234567890Z", false),
        ("2026-11-02T09:00:00+00:00", false),
        ("2026-11-02 09:00:00Z", false),
        ("2026-11-02T09:00:00z", false),
        ("2026-11-02T09:00:00", false),
        ("2026-11-31T09:00:00Z", false),
        ("2026-11-02T25:00:00Z", false),
        ("2026-11-02", false),
    ] {
        let claim = with(crate::world::changed(&world, "V-1", json!("suspended")), json!({"effective": instant}));
        let payload = world.envelope("cb-1", "verdict-changed", claim);
        let parsed = Statement::parse(payload.to_string().as_bytes());
        assert_eq!(parsed.is_ok(), read, "{instant}");
    }
    world.at("2026-11-03T00:00:00Z");
}

#[test]
fn levels_form_a_partial_order() {
    let level = |code: &str, at_least: &[&str]| json!({"code": code, "name": code, "atLeast": at_least});
    let scheme = |levels: Vec<Value>| {
        let claim = with(crate::world::scheme(), json!({"levels": levels}));
        Statement::parse(World::empty().envelope("ministry", "scheme-published", claim).to_string().as_bytes())
    };
    assert!(scheme(vec![level("a", &["b", "c"]), level("b", &["d"]), level("c", &["d"]), level("d", &[])]).is_ok());
    assert!(scheme(vec![level("a", &["a"])]).is_ok(), "a level is at least itself");
    assert!(scheme(vec![level("a", &["b"]), level("b", &["c"]), level("c", &["a"])]).is_err(), "a circle");
    assert!(scheme(vec![level("a", &["z"])]).is_err(), "a level that is not there");
    assert!(scheme(vec![level("a", &[]), level("a", &[])]).is_err(), "a level twice");
    assert!(scheme((0..65).map(|n| level(&n.to_string(), &[])).collect()).is_err(), "more than 64");
}
