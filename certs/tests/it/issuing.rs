//! What the authority issues, for whom and for how long, and what it takes back.

use std::fs;
use std::path::Path;
use std::process::Command;

use certs::{
    Application, AuthorityError, Branch, Former, Holder, HolderError, Lifetime, NodeUser, Reason, RequestError,
    RevocationList, Serial, Speaker, Target,
};
use conformity::party::Role;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType, SignatureAlgorithm,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;

use crate::house::{House, days, party};

const ORIGIN: &str = "jp.registry.example";

fn jab() -> Holder {
    party(Role::CertificationBody, "jab")
}

fn leaf(chain: &str) -> Pem {
    Pem::iter_from_buffer(chain.as_bytes()).next().unwrap().unwrap()
}

/// The names, and whether the certificate may sign others.
fn names_and_power(certificate: &X509Certificate<'_>) -> (Vec<String>, bool) {
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    let names = names.value.general_names.iter().map(ToString::to_string);
    (names.collect(), certificate.is_ca())
}

#[test]
fn a_request_gives_the_key_and_nothing_else() {
    let mut house = House::new(ORIGIN);
    let key = KeyPair::generate().unwrap();
    let mut greedy = CertificateParams::new(["sys.node.jp.registry.example".to_owned()]).unwrap();
    greedy.subject_alt_names.push(SanType::URI("spiffe://jp.registry.example/operator/op".try_into().unwrap()));
    greedy.distinguished_name.push(DnType::CommonName, "operator");
    greedy.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    greedy.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let request = greedy.serialize_request(&key).unwrap();

    for request in [request.pem().unwrap().into_bytes(), request.der().to_vec()] {
        let certificate = house.authority.sign(&request, &jab(), Lifetime::Days(30), Timestamp::now()).unwrap();
        let pem = leaf(&certificate.chain_pem);
        let parsed = pem.parse_x509().unwrap();
        let (names, is_ca) = names_and_power(&parsed);
        assert_eq!(
            names,
            [
                "URI(spiffe://jp.registry.example/certification-body/jab)",
                "DNSName(jab.certification-body.jp.registry.example)"
            ]
        );
        assert!(!is_ca);
        let purposes = parsed.extended_key_usage().unwrap().unwrap().value;
        assert!(purposes.client_auth && !purposes.server_auth);
        assert_eq!(parsed.subject().to_string(), "CN=jab");
        assert_eq!(parsed.public_key().raw, rcgen::PublicKeyData::subject_public_key_info(&key));
        let speaker = Speaker::read(&pem.contents, &house.origin()).unwrap();
        assert_eq!(speaker.identity, *jab().identity());
    }
}

#[test]
fn requests_that_prove_nothing_are_refused() {
    let mut house = House::new(ORIGIN);
    let good = Application::new().unwrap().request_pem;
    let der = leaf(&good).contents;
    let mut broken = der.clone();
    *broken.last_mut().unwrap() ^= 1;
    let mut swapped = der.clone();
    // The key inside is another one; the signature is as it was.
    let spki = rcgen::PublicKeyData::der_bytes(&KeyPair::generate().unwrap()).to_vec();
    let at = der.windows(2).position(|two| two == [0, 4]).unwrap() + 1;
    swapped[at..at + spki.len()].copy_from_slice(&spki);
    let rows: [(&str, Vec<u8>, RequestError); 9] = [
        ("empty", Vec::new(), RequestError::Malformed),
        ("text", b"please".to_vec(), RequestError::Malformed),
        ("a certificate", house.authority.root_der().to_vec(), RequestError::Malformed),
        ("cut", der[..der.len() - 1].to_vec(), RequestError::Malformed),
        ("trailing", [der.as_slice(), &[0]].concat(), RequestError::Malformed),
        ("large", vec![b'-'; 20_000], RequestError::TooLarge(20_000)),
        ("signature", broken, RequestError::NoPossession),
        ("another key", swapped, RequestError::NoPossession),
        ("RSA", request_of(&rcgen::PKCS_RSA_SHA256), RequestError::KeyKind),
    ];
    for (name, request, expected) in rows {
        match house.authority.sign(&request, &jab(), Lifetime::Usual, Timestamp::now()) {
            Err(AuthorityError::Request(error)) => assert_eq!(error, expected, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(house.authority.show().unwrap(), []);
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let request = request_of(algorithm);
        house.authority.sign(&request, &jab(), Lifetime::Usual, Timestamp::now()).unwrap();
    }
}

fn request_of(algorithm: &'static SignatureAlgorithm) -> Vec<u8> {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap();
    request.der().to_vec()
}

#[test]
fn one_key_speaks_for_one_holder() {
    let mut house = House::new(ORIGIN);
    let now = Timestamp::now();
    let request = Application::new().unwrap().request_pem;
    let mut sign = |holder: &Holder| house.authority.sign(request.as_bytes(), holder, Lifetime::Usual, now);
    let first = sign(&jab()).unwrap().issued;
    sign(&jab()).unwrap();
    let error = sign(&party(Role::CertificationBody, "other")).unwrap_err();
    assert!(matches!(&error, AuthorityError::KeyUsed { compromised: false, .. }));
    assert!(!error.to_string().contains("compromised"), "{error}");

    let target = Target::Serial(first.serial);
    house.authority.revoke(&target, Reason::KeyCompromise, now).unwrap();
    let error = house.authority.sign(request.as_bytes(), &jab(), Lifetime::Usual, now).unwrap_err();
    assert!(error.to_string().contains("is compromised: make a new one"), "{error}");
    let error = house.authority.renew(&first.serial, now).unwrap_err();
    assert!(matches!(error, AuthorityError::Revoked(serial) if serial == first.serial));
}

#[test]
fn holders_that_cannot_be_named_are_refused() {
    let servers: [(&[&str], HolderError); 7] = [
        (&[], HolderError::Names(0)),
        (&["a"; 33], HolderError::Names(33)),
        (&["ok", "*.example"], HolderError::Name("*.example".to_owned())),
        (&["jp.example."], HolderError::Name("jp.example.".to_owned())),
        (&["1.2.3"], HolderError::Name("1.2.3".to_owned())),
        (&[""], HolderError::Name(String::new())),
        (&["a\nb"], HolderError::Name("a\nb".to_owned())),
    ];
    for (names, expected) in servers {
        assert_eq!(Holder::server(names), Err(expected));
    }
    assert_eq!(Holder::party(Role::Node, "node".parse().unwrap()), Err(HolderError::NotAParty));

    let mut house = House::new(ORIGIN);
    let jab = "jab.certification-body.jp.registry.example".to_owned();
    let peers = "peer.jp.registry.example".to_owned();
    let unnameable = |id: &str| HolderError::Unnameable(format!("{id}.buyer.jp.registry.example"));
    let long = "a".repeat(64);
    let rows = [
        (Holder::server(&["JAB.certification-body.jp.registry.example"]).unwrap(), HolderError::Reserved(jab)),
        (Holder::server(&["localhost", &peers]).unwrap(), HolderError::Reserved(peers.clone())),
        (party(Role::Buyer, &long), unnameable(&long)),
        (party(Role::Buyer, "a..b"), unnameable("a..b")),
        (party(Role::Buyer, "a-"), unnameable("a-")),
    ];
    for (holder, expected) in rows {
        match house.authority.issue(&holder, Lifetime::Usual, Timestamp::now()) {
            Err(AuthorityError::Holder(error)) => assert_eq!(error, expected),
            other => panic!("{holder:?}: {other:?}"),
        }
    }
}

#[test]
fn lifetimes_have_bounds() {
    let mut house = House::new(ORIGIN);
    let now = Timestamp::now();
    let server = Holder::server(&["localhost"]).unwrap();
    let peer = Holder::peer("eu".parse().unwrap());
    let rows = [
        (&server, Lifetime::Usual, Some(90)),
        (&server, Lifetime::Days(398), Some(398)),
        (&server, Lifetime::Days(399), None),
        (&server, Lifetime::Days(0), None),
        (&peer, Lifetime::Usual, Some(365)),
        (&peer, Lifetime::Days(1096), Some(1096)),
        (&peer, Lifetime::Days(1097), None),
        (&jab(), Lifetime::Usual, Some(365)),
        (&jab(), Lifetime::Days(1), Some(1)),
    ];
    for (holder, lifetime, expected) in rows {
        match (house.authority.issue(holder, lifetime, now), expected) {
            (Ok(credential), Some(expected)) => {
                let issued = credential.certificate.issued;
                assert_eq!(issued.not_after.as_second(), (now + days(expected)).as_second());
                assert!(issued.not_before < now && issued.not_before > now - days(1));
            }
            (Err(AuthorityError::Holder(HolderError::Days { .. })), None) => {}
            (other, _) => panic!("{lifetime:?}: {other:?}"),
        }
    }
    // Nothing outlives its CA.
    let late = now + days(3300);
    let error = house.authority.issue(&jab(), Lifetime::Usual, late).unwrap_err();
    assert!(matches!(error, AuthorityError::Outlives { .. }), "{error}");
    house.authority.rotate(Branch::Parties, Former::Keep, late).unwrap();
    house.authority.issue(&jab(), Lifetime::Usual, late).unwrap();

    // Nor does a CA outlive its root.
    let later = now + days(7300);
    house.authority.rotate(Branch::Parties, Former::Keep, later).unwrap();
    house.authority.issue(&jab(), Lifetime::Days(4), later).unwrap();
    let error = house.authority.issue(&jab(), Lifetime::Days(6), later).unwrap_err();
    assert!(matches!(error, AuthorityError::Outlives { .. }), "{error}");
    let error = house.authority.rotate(Branch::Parties, Former::Keep, now + days(7306)).unwrap_err();
    assert!(matches!(error, AuthorityError::RootEnded(_)), "{error}");
}

#[test]
fn revocation_by_serial_and_by_name() {
    let mut house = House::new(ORIGIN);
    let now = Timestamp::now();
    let ended = house.issue_at(&jab(), Lifetime::Days(1), now - days(3));
    let issued = [house.issue(&jab()), house.issue(&jab())];
    let other = house.issue(&party(Role::Buyer, "acme"));
    let uri = issued[0].credential.certificate.issued.identity.clone();
    let serials = issued.map(|one| one.credential.certificate.issued.serial);

    let target = Target::Serial(serials[0]);
    let first = house.authority.revoke(&target, Reason::Superseded, now).unwrap();
    assert_eq!(first.len(), 1);
    let both = house.authority.revoke(&Target::Identity(uri), Reason::PrivilegeWithdrawn, now + days(1)).unwrap();
    assert_eq!(both.len(), 2, "what ended is not revoked");
    for record in &both {
        let revoked = record.revoked.unwrap();
        // The first word stands.
        let expected = if record.serial == serials[0] {
            (Reason::Superseded, now)
        } else {
            (Reason::PrivilegeWithdrawn, now + days(1))
        };
        assert_eq!((revoked.reason, revoked.at), expected);
    }
    let list = RevocationList::read(&house.public(), &[Branch::Parties]).unwrap();
    assert!(serials.iter().all(|serial| list.is_revoked(serial)));
    assert!(!list.is_revoked(&other.credential.certificate.issued.serial));
    assert!(!list.is_revoked(&ended.credential.certificate.issued.serial));

    for unknown in [
        Target::Serial("40000000000000000000000000000000".parse().unwrap()),
        Target::Identity("spiffe://jp.registry.example/buyer/nobody".to_owned()),
    ] {
        let error = house.authority.revoke(&unknown, Reason::Unspecified, now).unwrap_err();
        assert!(matches!(error, AuthorityError::Unknown(_)));
    }
}

#[test]
fn the_record_reads_well_in_json() {
    let mut house = House::new(ORIGIN);
    let held = house.issue(&jab());
    let serial = held.credential.certificate.issued.serial;
    house
        .authority
        .revoke(&Target::Serial(serial), Reason::KeyCompromise, "2026-11-23T01:02:03Z".parse().unwrap())
        .unwrap();
    let shown = serde_json::to_value(house.authority.show().unwrap()).unwrap();
    let record = &shown[0];
    assert_eq!(record["serial"], serial.to_string());
    assert_eq!(record["identity"], "spiffe://jp.registry.example/certification-body/jab");
    assert_eq!(record["kind"], "parties");
    assert_eq!(record["names"][0], "jab.certification-body.jp.registry.example");
    assert_eq!(record["revoked"]["reason"], "key-compromise");
    assert_eq!(record["revoked"]["at"], "2026-11-23T01:02:03Z");
    let not_after = held.credential.certificate.issued.not_after;
    assert_eq!(record["notAfter"], not_after.to_string());
    let back: Vec<certs::Issued> = serde_json::from_value(shown).unwrap();
    assert_eq!(back, house.authority.show().unwrap());
    for reason in Reason::ALL {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
    }
    for branch in Branch::ALL {
        assert_eq!(serde_json::to_value(branch).unwrap(), branch.as_str());
    }
    let _: Serial = serde_json::from_value(serde_json::json!(serial.to_string())).unwrap();
}

/// Another implementation reads what we write, and we read what it writes.
#[test]
fn openssl_agrees() {
    if Command::new("openssl").arg("version").output().is_err() {
        test_data::skip("chains against openssl", "openssl is not on the PATH");
        return;
    }
    let mut house = House::new("jp.registry.example/log");
    let rows = [
        (Holder::server(&["localhost", "127.0.0.1", "::1"]).unwrap(), "sslserver"),
        (Holder::peer("eu".parse().unwrap()), "sslclient"),
        (Holder::node(NodeUser::System), "sslclient"),
        (jab(), "sslclient"),
    ];
    for (holder, purpose) in rows {
        let branch = holder.branch();
        let held = house.issue(&holder);
        let wrong = if purpose == "sslserver" { "sslclient" } else { "sslserver" };
        assert_eq!(verify(&house, &held.files.certificate, branch, purpose), Ok(()));
        assert!(verify(&house, &held.files.certificate, branch, wrong).is_err());
        let target = Target::Serial(held.credential.certificate.issued.serial);
        house.authority.revoke(&target, Reason::KeyCompromise, Timestamp::now()).unwrap();
        let error = verify(&house, &held.files.certificate, branch, purpose).unwrap_err();
        assert!(error.contains("certificate revoked"), "{error}");
    }

    let (key, request) = (house.path("own.key"), house.path("own.csr"));
    run(Command::new("openssl")
        .args(["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=whoever/O=Whatever", "-addext", "subjectAltName=DNS:evil.example"])
        .args(["-addext", "basicConstraints=critical,CA:TRUE"])
        .args([Path::new("-keyout"), &key, Path::new("-out"), &request]))
    .unwrap();
    let request = fs::read(request).unwrap();
    let signed = house.authority.sign(&request, &jab(), Lifetime::Usual, Timestamp::now()).unwrap();
    let certificate = house.path("own.pem");
    signed.write(&certificate).unwrap();
    assert_eq!(verify(&house, &certificate, Branch::Parties, "sslclient"), Ok(()));
    let (key, request) = (house.path("ours.key"), house.path("ours.csr"));
    let application = Application::new().unwrap();
    application.write(&key, &request).unwrap();
    assert!(application.write(&key, &request).is_err(), "a key is never overwritten");
    run(Command::new("openssl").args(["req", "-verify", "-noout", "-in"]).arg(request)).unwrap();
}

fn verify(house: &House, certificate: &Path, branch: Branch, purpose: &str) -> Result<(), String> {
    let public = house.public();
    run(Command::new("openssl")
        .args(["verify", "-x509_strict", "-crl_check", "-purpose", purpose])
        .args([Path::new("-CAfile"), &public.root(), Path::new("-untrusted"), &public.cas(branch)])
        .args([Path::new("-CRLfile"), &public.crls(branch), certificate]))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
