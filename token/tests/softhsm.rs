//! Keys in a real token made of software.
//!
//! The library of the token reads an environment variable when it is loaded, so each test runs in a process of its own:
//! itself again, with the variable set.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use ledger::key::{Algorithm, KeyFileError, SigningError, SigningKey};
use test_data::softhsm::{self, SoftHsm};
use token::{TokenError, TokenUri, destroy, generate, open, open_key};

/// Names the token's folder to the second process.
const FOLDER: &str = "TOKEN_TEST_FOLDER";
const URI: &str = "TOKEN_TEST_URI";

fn in_a_token(test: &str, body: fn(&Path, &TokenUri)) {
    if let (Some(folder), Ok(uri)) = (std::env::var_os(FOLDER), std::env::var(URI)) {
        return body(&PathBuf::from(folder), &uri.parse().unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(hsm) = SoftHsm::new(folder.path(), &format!("token: {test}")) else { return };
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", test, "--nocapture"]).env(softhsm::VARIABLE, hsm.configuration());
    let status = again.env(FOLDER, folder.path()).env(URI, hsm.uri()).status().unwrap();
    assert!(status.success(), "{test} failed in its own process");
}

#[test]
fn a_key_signs_and_never_leaves() {
    in_a_token("a_key_signs_and_never_leaves", |folder, token| {
        for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
            let file = folder.join(algorithm.to_string());
            let key = generate(token.key(&format!("a key/{algorithm}")), algorithm).unwrap();
            key.store(&file).unwrap();
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            assert!(matches!(key.to_pem(), Err(SigningError::Kept(_))));

            let again = open_key(&file).unwrap();
            assert_eq!((again.algorithm(), again.public_key()), (algorithm, key.public_key()));
            for message in [b"".as_slice(), b"a checkpoint", &[7; 70_000]] {
                let signature = again.sign(message).unwrap();
                key.public_key().verify(message, &signature).unwrap();
            }
        }
    });
}

#[test]
fn a_key_file_holds_a_key_or_names_one() {
    in_a_token("a_key_file_holds_a_key_or_names_one", |folder, _| {
        let (file, key) = (folder.join("key.pem"), SigningKey::generate(Algorithm::P256).unwrap());
        key.store(&file).unwrap();
        assert_eq!(open_key(&file).unwrap().public_key(), key.public_key());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(open_key(&file), Err(TokenError::File(KeyFileError::Exposed { mode: 0o640, .. }))));
        let odd = folder.join("odd.pem");
        fs::write(&odd, "pkcs11:token=test;object=x").unwrap();
        fs::set_permissions(&odd, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(open_key(&odd), Err(TokenError::Uri { .. })));
    });
}

#[test]
fn a_key_is_never_overwritten_and_found_once() {
    in_a_token("a_key_is_never_overwritten_and_found_once", |_, token| {
        let uri = token.key("log");
        assert!(matches!(open(uri.clone()), Err(TokenError::Keys { found: 0, .. })));
        generate(uri.clone(), Algorithm::Ed25519).unwrap();
        assert!(matches!(generate(uri.clone(), Algorithm::Ed25519), Err(TokenError::Exists(_))));
        destroy(&uri).unwrap();
        assert!(matches!(open(uri), Err(TokenError::Keys { found: 0, .. })));
    });
}

/// The new one is found over a new session, and its signature is not taken for the old one's.
#[test]
fn a_key_that_another_replaced_signs_nothing() {
    in_a_token("a_key_that_another_replaced_signs_nothing", |_, token| {
        let uri = token.key("log");
        let key = generate(uri.clone(), Algorithm::Ed25519).unwrap();
        key.sign(b"before").unwrap();
        destroy(&uri).unwrap();
        assert!(matches!(key.sign(b"gone"), Err(SigningError::Keeper { .. })));
        let other = generate(uri, Algorithm::Ed25519).unwrap();
        assert!(matches!(key.sign(b"replaced"), Err(SigningError::NotItsSignature(_))));
        other.sign(b"after").unwrap();
    });
}

#[test]
fn a_token_that_cannot_be_entered_says_why() {
    in_a_token("a_token_that_cannot_be_entered_says_why", |folder, token| {
        let text = token.to_string();
        let other = |from: &str, to: &str| open(text.replace(from, to).parse::<TokenUri>().unwrap().key("log"));
        assert!(matches!(other("token=test", "token=other"), Err(TokenError::Tokens { found: 0, .. })));
        assert!(matches!(other("libsofthsm2.so", "none.so"), Err(TokenError::Module { .. })));

        let wrong = folder.join("wrong");
        fs::write(&wrong, "0000\n").unwrap();
        fs::set_permissions(&wrong, fs::Permissions::from_mode(0o644)).unwrap();
        let from = format!("file:{}", folder.join("pin").display());
        let to = format!("file:{}", wrong.display());
        assert!(matches!(other(&from, &to), Err(TokenError::File(KeyFileError::Exposed { .. }))));
        fs::set_permissions(&wrong, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(other(&from, &to), Err(TokenError::Pin { .. })));
    });
}
