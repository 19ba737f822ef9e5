//! Names in certificates: read strictly, written back to the byte, and never the cause of a panic.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use certs::{Application, Holder, Identity, Lifetime, NatsTls, NodeUser, Speaker, UriError};
use conformity::ids::{Origin, PartyId, RegistryId};
use conformity::party::Role;
use jiff::Timestamp;
use proptest::prelude::*;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

use crate::house::{House, party};

const ROLES: [Role; 9] = [
    Role::Operator,
    Role::Authority,
    Role::AccreditationBody,
    Role::CertificationBody,
    Role::AuditBody,
    Role::EvaluationLaboratory,
    Role::Buyer,
    Role::Supplier,
    Role::Expert,
];

fn origin() -> Origin {
    "jp.registry.example".parse().unwrap()
}

#[test]
fn the_names_of_every_kind_of_holder() {
    let rows = [
        (
            party(Role::AuditBody, "a.b").identity().clone(),
            "spiffe://jp.registry.example/audit-body/a.b",
            Some("a.b.audit-body.jp.registry.example"),
        ),
        (
            Holder::peer("eu".parse().unwrap()).identity().clone(),
            "spiffe://jp.registry.example/peer/eu",
            Some("eu.peer.jp.registry.example"),
        ),
        (
            Identity::Node(NodeUser::Node),
            "spiffe://jp.registry.example/node/node",
            Some("node.node.jp.registry.example"),
        ),
        (
            Identity::Node(NodeUser::System),
            "spiffe://jp.registry.example/node/sys",
            Some("sys.node.jp.registry.example"),
        ),
        (Identity::Server, "spiffe://jp.registry.example/server", None),
    ];
    for (identity, uri, user) in rows {
        assert_eq!(identity.uri(&origin()), uri);
        assert_eq!(identity.nats_user(&origin()).as_deref(), user);
        assert_eq!(Identity::from_uri(uri, &origin()), Ok(identity));
    }
    let deep: Origin = "jp.registry.example/log/2".parse().unwrap();
    let buyer = party(Role::Buyer, "acme").identity().clone();
    let uri = "spiffe://jp.registry.example/log/2/buyer/acme";
    assert_eq!(buyer.uri(&deep), uri);
    assert_eq!(Identity::from_uri(uri, &deep), Ok(buyer.clone()));
    assert_eq!(buyer.nats_user(&deep).unwrap(), "acme.buyer.jp.registry.example");
}

#[test]
fn names_that_name_nobody_here() {
    let long = format!("spiffe://jp.registry.example/buyer/{}", "a".repeat(3000));
    let elsewhere = [
        "spiffe://eu.registry.example/buyer/acme",
        "spiffe://jp.registry.example.evil.example/buyer/acme",
        "spiffe://JP.registry.example/buyer/acme",
        "spiffe://jp.registry.example:443/buyer/acme",
        "spiffe://user@jp.registry.example/buyer/acme",
        "spiffe://jp.registry.example",
        "spiffe:///buyer/acme",
        "spiffe://",
    ];
    let malformed = [
        "",
        "acme",
        "https://jp.registry.example/buyer/acme",
        "SPIFFE://jp.registry.example/buyer/acme",
        " spiffe://jp.registry.example/buyer/acme",
        "spiffe://jp.registry.example/",
        "spiffe://jp.registry.example//buyer/acme",
        "spiffe://jp.registry.example/buyer",
        "spiffe://jp.registry.example/buyer/",
        "spiffe://jp.registry.example/buyer/acme/",
        "spiffe://jp.registry.example/buyer/acme/x",
        "spiffe://jp.registry.example/buyer//acme",
        "spiffe://jp.registry.example/buyer/../acme",
        "spiffe://jp.registry.example/buyer/acme?x",
        "spiffe://jp.registry.example/buyer/acme#x",
        "spiffe://jp.registry.example/buyer/%61cme",
        "spiffe://jp.registry.example/buyer/Acme",
        "spiffe://jp.registry.example/buyer/acme\0",
        "spiffe://jp.registry.example/Buyer/acme",
        "spiffe://jp.registry.example/stranger/acme",
        "spiffe://jp.registry.example/node/root",
        "spiffe://jp.registry.example/node",
        "spiffe://jp.registry.example/peer/EU",
        "spiffe://jp.registry.example/peer",
        "spiffe://jp.registry.example/server/",
        "spiffe://jp.registry.example/server/x",
        "spiffe://jp.registry.example/log/2/buyer/acme",
        long.as_str(),
    ];
    for uri in elsewhere {
        let error = Identity::from_uri(uri, &origin()).unwrap_err();
        assert!(matches!(error, UriError::TrustDomain { .. }), "{uri}: {error}");
    }
    for uri in malformed {
        let error = Identity::from_uri(uri, &origin()).unwrap_err();
        assert!(matches!(error, UriError::Malformed(_)), "{uri}: {error}");
        assert!(error.to_string().len() < 400);
    }
}

fn identities() -> impl Strategy<Value = Identity> {
    let id = "[a-z0-9][a-z0-9._-]{0,63}".prop_map(|id| id.parse::<PartyId>().unwrap());
    let registry = "[a-z][a-z0-9-]{0,31}".prop_map(|id| id.parse::<RegistryId>().unwrap());
    prop_oneof![
        (prop::sample::select(&ROLES[..]), id).prop_map(|(role, id)| Identity::Party { role, id }),
        registry.prop_map(|registry| Identity::Peer { registry }),
        Just(Identity::Node(NodeUser::Node)),
        Just(Identity::Node(NodeUser::System)),
        Just(Identity::Server),
    ]
}

proptest! {
    #[test]
    fn a_name_is_read_as_it_was_written(identity in identities(), path in "(/[A-Za-z0-9._-]{1,8}){0,2}") {
        let origin: Origin = format!("jp.registry.example{path}").parse().unwrap();
        prop_assert_eq!(Identity::from_uri(&identity.uri(&origin), &origin), Ok(identity));
    }

    #[test]
    fn two_holders_never_share_a_name(one in identities(), other in identities()) {
        let same = one == other;
        prop_assert_eq!(one.uri(&origin()) == other.uri(&origin()), same);
        if one.nats_user(&origin()).is_some() {
            prop_assert_eq!(one.nats_user(&origin()) == other.nats_user(&origin()), same);
        }
    }

    #[test]
    fn whatever_is_read_is_written_back_the_same(tail in "[a-z]{0,6}/?[a-z0-9._/-]{0,12}") {
        let uri = format!("spiffe://jp.registry.example/{tail}");
        if let Ok(identity) = Identity::from_uri(&uri, &origin()) {
            prop_assert_eq!(identity.uri(&origin()), uri);
        }
    }

    #[test]
    fn noise_is_refused_without_a_panic(text in any::<String>(), der in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Identity::from_uri(&text, &origin()).is_err());
        prop_assert!(Speaker::read(&der, &origin()).is_err());
    }
}

/// Every single byte of a certificate and of a request, changed: each is read as somebody or refused, nothing panics.
#[test]
fn damaged_certificates_and_requests_do_no_harm() {
    let mut house = House::new("jp.registry.example");
    let held = house.issue(&party(Role::Buyer, "acme"));
    let chain = held.credential.certificate.chain_pem;
    let der = first(&chain);
    for (at, change) in (0..der.len()).flat_map(|at| [0x01, 0x80, 0xff].map(|change| (at, change))) {
        let mut damaged = der.clone();
        damaged[at] ^= change;
        let _ = Speaker::read(&damaged, &origin());
        assert!(Speaker::read(&der[..at], &origin()).is_err());
    }
    let request = first(&Application::new().unwrap().request_pem);
    let (_, parsed) = X509CertificationRequest::from_der(&request).unwrap();
    let info = parsed.certification_request_info.raw;
    let start = request.windows(info.len()).position(|part| part == info).unwrap();
    let signed = start..start + info.len();
    for at in 0..request.len() {
        let mut damaged = request.clone();
        damaged[at] ^= 0x01;
        let outcome = house.authority.sign(&damaged, &party(Role::Buyer, "acme"), Lifetime::Usual, Timestamp::now());
        // Around what is signed, the parser is lenient with lengths; the proof of possession is what counts.
        assert!(outcome.is_err() || !signed.contains(&at), "byte {at}");
    }
}

fn first(pem: &str) -> Vec<u8> {
    Pem::iter_from_buffer(pem.as_bytes()).next().unwrap().unwrap().contents
}

/// Strangers' certificates, some of them hostile: none of them speaks for anybody here.
#[test]
fn the_certificates_of_limbo_speak_for_nobody() {
    let Some(data) = test_data::vectors("x509/limbo/limbo-no-bettertls.json") else {
        return;
    };
    let limbo: serde_json::Value = serde_json::from_slice(&std::fs::read(data).unwrap()).unwrap();
    let cases = limbo["testcases"].as_array().unwrap();
    assert_eq!(cases.len(), 208);
    for case in cases {
        let pem = case["peer_certificate"].as_str().unwrap();
        if let Some(Ok(pem)) = Pem::iter_from_buffer(pem.as_bytes()).next() {
            assert!(Speaker::read(&pem.contents, &origin()).is_err(), "{}", case["id"]);
        }
    }
}

#[test]
fn the_tls_block_of_a_nats_server() {
    let tls = NatsTls {
        certificate: "/srv/a \"b\"\\c/server.pem".into(),
        key: "/srv/server.key".into(),
        clients: "/srv/public/nats-clients.pem".into(),
    };
    let expected = r#"tls {
  cert_file: "/srv/a \"b\"\\c/server.pem"
  key_file: "/srv/server.key"
  ca_file: "/srv/public/nats-clients.pem"
  verify_and_map: true
  handshake_first: true
  min_version: "1.3"
  timeout: 5
}
"#;
    assert_eq!(tls.render().unwrap(), expected);
    for path in ["/srv/\n}", "/srv/\u{7f}"] {
        let key = PathBuf::from(path);
        assert!(NatsTls { key, ..tls.clone() }.render().is_err());
    }
    let key = PathBuf::from(OsStr::from_bytes(b"/\xff"));
    assert!(NatsTls { key, ..tls }.render().is_err());
}
