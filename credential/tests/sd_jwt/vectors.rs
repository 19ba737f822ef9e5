//! The examples of RFC 9901 and of SD-JWT VC, made by the reference implementation.

use std::fs;
use std::path::{Path, PathBuf};

use credential::jwt::{KidRule, Profile};
use credential::sd_jwt::{Disclosed, Expected, Unverified};
use ledger::key::PublicKey;
use serde_json::Value;

/// They name their keys as they like, or not at all.
const PROFILE: Profile<'static> = Profile { types: &["example+sd-jwt", "dc+sd-jwt"], kid: KidRule::Hint };

/// What all examples of a folder have in common.
struct Settings {
    issuer: PublicKey,
    audience: String,
    nonce: String,
}

impl Settings {
    fn read(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("settings.yml")).unwrap();
        let after = |from: &str, name: &str| {
            let rest = &text[text.find(from).unwrap()..];
            let line = rest.lines().map(str::trim).find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_matches('"').to_owned()
        };
        let (x, y) = (after("issuer_key", "x:"), after("issuer_key", "y:"));
        let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
        Self {
            issuer: PublicKey::from_jwk(&jwk).unwrap(),
            audience: after("identifiers", "verifier:"),
            nonce: after("key_binding_nonce", "key_binding_nonce:"),
        }
    }

    fn disclosed(&self, text: &str) -> Disclosed {
        let verified = Unverified::parse(text, PROFILE).unwrap().verify(&self.issuer).unwrap();
        verified.disclose().unwrap()
    }
}

fn text(example: &Path, name: &str) -> Option<String> {
    fs::read_to_string(example.join(name)).ok().map(|text| text.trim().to_owned())
}

fn json(example: &Path, name: &str) -> Option<Value> {
    text(example, name).map(|text| serde_json::from_str(&text).unwrap())
}

fn examples(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

/// Whether the example is in the compact form and came out as expected.
fn agrees(settings: &Settings, example: &Path) -> bool {
    let Some(presentation) = text(example, "sd_jwt_presentation.txt") else { return false };
    let expected = json(example, "verified_contents.json").unwrap();
    let shown = settings.disclosed(&presentation);
    assert_eq!(Value::Object(shown.payload().clone()).to_string(), expected.to_string(), "{}", example.display());
    let issued = settings.disclosed(&text(example, "sd_jwt_issuance.txt").unwrap());
    holds_all_claims(example, &issued);
    shows_the_same(settings, &issued, &shown);
    binds(settings, example, &shown);
    true
}

/// With all disclosures, everything is there that the issuer was told.
fn holds_all_claims(example: &Path, issued: &Disclosed) {
    let told = json(example, "user_claims.json").unwrap();
    for (name, value) in told.as_object().unwrap() {
        assert_eq!(issued.payload().get(name), Some(value), "{}: {name}", example.display());
    }
}

/// From what was issued, the same choice makes the same presentation.
fn shows_the_same(settings: &Settings, issued: &Disclosed, shown: &Disclosed) {
    let chosen = |pointer: &_| shown.concealable().iter().any(|one| one.pointer() == pointer);
    let again = settings.disclosed(issued.present(chosen).as_str());
    assert_eq!(again.payload(), shown.payload());
}

fn binds(settings: &Settings, example: &Path, shown: &Disclosed) {
    let binding = json(example, "kb_jwt_payload.json");
    assert_eq!(binding.is_some(), shown.has_key_binding(), "{}", example.display());
    let Some(binding) = binding else { return };
    let at = binding["iat"].as_i64().unwrap();
    let expected = Expected { audience: &settings.audience, nonce: &settings.nonce, issued: at..=at };
    let bound = shown.verify_key_binding(&expected).unwrap();
    assert_eq!((bound.issued, bound.holder), (at, shown.holder_key().unwrap()));
}

#[test]
fn every_example_in_the_compact_form_comes_out_as_the_reference_says() {
    let (mut agreed, mut skipped) = (0, 0);
    for name in ["credentials/sd-jwt-rfc9901-examples", "credentials/sd-jwt-vc-examples"] {
        let Some(folder) = test_data::vectors(name) else { return };
        let settings = Settings::read(&folder);
        for example in examples(&folder) {
            if agrees(&settings, &example) {
                agreed += 1;
            } else {
                skipped += 1;
                test_data::skip(
                    &example.file_name().unwrap().to_string_lossy(),
                    "the JSON serialisation is not offered",
                );
            }
        }
    }
    assert_eq!((agreed, skipped), (16, 2));
}
