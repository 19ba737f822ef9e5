//! Issuing: what is concealed stays concealed until it is shown, and a row per thing that is not issued.

use credential::sd_jwt::{Issuance, IssueError, MAX_DEPTH, Pointer, SaltError, Salts, SystemSalts, issue};
use serde_json::{Map, Value, json};

use crate::forge::Forge;

fn pointers(texts: &[&str]) -> Vec<Pointer> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn payload() -> Value {
    json!({
        "iss": "https://registry.example", "exp": 2000,
        "holder": {"name": "Ex Corp", "sites": [{"city": "Osaka", "lines": 3}, {"city": "Kobe", "lines": 1}]},
        "note": null,
    })
}

#[test]
fn a_chosen_part_brings_what_it_stands_in_and_nothing_else() {
    let forge = Forge::new();
    let conceal = pointers(&["/holder", "/holder/sites/1", "/holder/sites/1/city", "/holder/sites/0", "/note"]);
    let issuance = Issuance { payload: object(payload()), conceal: &conceal, pad_to: 0, certificates: &[] };
    let issued = issue(&forge.key, issuance, &mut SystemSalts::default()).unwrap();
    assert_eq!(Value::Object(issued.payload().clone()), payload());
    let shown = |chosen: &str| {
        let read = forge.read(issued.present(|pointer| pointer.as_str() == chosen).as_str()).unwrap();
        Value::Object(read.payload().clone())
    };
    let open = json!({"iss": "https://registry.example", "exp": 2000});
    assert_eq!(shown("/nowhere"), open);
    let with = |name: &str, value: Value| {
        let mut whole = open.clone();
        whole[name] = value;
        whole
    };
    assert_eq!(shown("/note"), with("note", Value::Null));
    assert_eq!(shown("/holder"), with("holder", json!({"name": "Ex Corp", "sites": []})));
    let kobe = json!({"city": "Kobe", "lines": 1});
    assert_eq!(shown("/holder/sites/1/city"), with("holder", json!({"name": "Ex Corp", "sites": [kobe]})));
    assert_eq!(shown("/holder/sites/1"), with("holder", json!({"name": "Ex Corp", "sites": [{"lines": 1}]})));
}

#[test]
fn decoys_fill_digests_up_and_order_tells_nothing() {
    let forge = Forge::new();
    for (pad_to, expected) in [(0, 3), (1, 3), (2, 4), (3, 3), (8, 8), (255, 255)] {
        let conceal = pointers(&["/c", "/a", "/b"]);
        let payload = object(json!({"a": 1, "b": 2, "c": 3}));
        let issuance = Issuance { payload, conceal: &conceal, pad_to, certificates: &[] };
        let issued = issue(&forge.key, issuance, &mut SystemSalts::default()).unwrap();
        assert_eq!(issued.payload().len(), 3);
        let text = issued.present(|_| false);
        let parsed = credential::sd_jwt::Unverified::parse(text.as_str(), credential::sd_jwt::REGISTRY).unwrap();
        let digests = parsed.unverified_payload()["_sd"].as_array().unwrap().clone();
        assert_eq!(digests.len(), expected, "{pad_to}");
        assert!(digests.is_sorted_by_key(|digest| digest.as_str().unwrap()));
    }
}

/// Fails once its salts are used up.
struct Running(usize);

impl Salts for Running {
    fn salt(&mut self) -> Result<[u8; 16], SaltError> {
        self.0 = self.0.checked_sub(1).ok_or(SaltError)?;
        Ok([self.0.try_into().unwrap(); 16])
    }
}

#[test]
fn what_a_verifier_would_refuse_is_not_issued() {
    let forge = Forge::new();
    let attempt = |payload: Value, conceal: &[&str], salts: usize| {
        let conceal = pointers(conceal);
        let issuance = Issuance { payload: object(payload), conceal: &conceal, pad_to: 0, certificates: &[] };
        issue(&forge.key, issuance, &mut Running(salts))
    };
    let deep = |depth: usize| (1..depth).fold(json!({}), |inner, _| json!({"a": inner}));
    assert!(attempt(deep(MAX_DEPTH), &["/a"], 1).is_ok());
    type Check = fn(&IssueError) -> bool;
    let rows: Vec<(&str, Value, &[&str], Check)> = vec![
        ("nothing there", json!({"a": 1}), &["/b"], |error| matches!(error, IssueError::Nothing(_))),
        ("no such element", json!({"a": [1]}), &["/a/1"], |error| matches!(error, IssueError::Nothing(_))),
        ("the whole", json!({"a": 1}), &[""], |error| matches!(error, IssueError::Nothing(_))),
        ("the status", json!({"status": {"a": 1}}), &["/status"], |error| {
            matches!(error, IssueError::NeverConcealed(_))
        }),
        ("a part of it", json!({"status": {"a": [1]}}), &["/status/a/0"], |error| {
            matches!(error, IssueError::NeverConcealed(_))
        }),
        ("named _sd", json!({"a": {"_sd": []}}), &[], |error| matches!(error, IssueError::FormatName("_sd"))),
        ("named ...", json!({"a": [{"...": 1}]}), &[], |error| matches!(error, IssueError::FormatName("..."))),
        ("named _sd_alg", json!({"_sd_alg": "sha-256"}), &[], |error| {
            matches!(error, IssueError::FormatName("_sd_alg"))
        }),
        ("no salt", json!({"a": 1, "b": 1, "c": 1}), &["/a", "/b", "/c"], |error| matches!(error, IssueError::Salt(_))),
        ("too deep", deep(MAX_DEPTH + 1), &[], |error| matches!(error, IssueError::TooDeep)),
        ("too long", json!({"a": "x".repeat(66_000)}), &[], |error| matches!(error, IssueError::Malformed(_))),
        ("a long disclosure", json!({"a": "x".repeat(66_000)}), &["/a"], |error| {
            matches!(error, IssueError::Malformed(_))
        }),
    ];
    for (rule, payload, conceal, expected) in rows {
        let error = attempt(payload, conceal, 2).expect_err(rule);
        assert!(expected(&error), "{rule}: {error:?}");
    }
}
