//! The authority's folder and register: what it issues, refuses, survives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use certs::{
    Application, Authority, AuthorityError, Branch, Former, Holder, HolderError, Lifetime, NodeUser, Reason,
    RequestError, RevocationList, Serial, Speaker, Target,
};
use conformity::party::Role;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType, SignatureAlgorithm,
};
use support::{House, days, party, set_mode};
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;

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
    let mut house = House::new(ORIGIN);
    let long = "a".repeat(64);
    let rows: [(&str, Result<Holder, HolderError>, fn(&HolderError) -> bool); 13] = [
        ("no name", Holder::server::<&str>(&[]), |e| matches!(e, HolderError::Names(0))),
        ("33 names", Holder::server(&["a"; 33]), |e| matches!(e, HolderError::Names(33))),
        ("wildcard", Holder::server(&["*.example"]), |e| matches!(e, HolderError::Name(_))),
        ("root dot", Holder::server(&["jp.example."]), |e| matches!(e, HolderError::Name(_))),
        ("number", Holder::server(&["1.2.3"]), |e| matches!(e, HolderError::Name(_))),
        ("nothing", Holder::server(&[""]), |e| matches!(e, HolderError::Name(_))),
        ("line", Holder::server(&["a\nb"]), |e| matches!(e, HolderError::Name(_))),
        ("a party's name", Holder::server(&["JAB.certification-body.jp.registry.example"]), |e| {
            matches!(e, HolderError::Reserved(_))
        }),
        ("the peers' tree", Holder::server(&["peer.jp.registry.example"]), |e| matches!(e, HolderError::Reserved(_))),
        ("the log", Holder::party(Role::Node, "node".parse().unwrap()), |e| matches!(e, HolderError::NotAParty)),
        ("label of 64", Ok(party(Role::Buyer, &long)), |e| matches!(e, HolderError::Unnameable(_))),
        ("empty label", Ok(party(Role::Buyer, "a..b")), |e| matches!(e, HolderError::Unnameable(_))),
        ("hyphen", Ok(party(Role::Buyer, "a-")), |e| matches!(e, HolderError::Unnameable(_))),
    ];
    for (name, holder, expected) in rows {
        let error = match holder {
            Err(error) => error,
            Ok(holder) => match house.authority.issue(&holder, Lifetime::Usual, Timestamp::now()) {
                Err(AuthorityError::Holder(error)) => error,
                other => panic!("{name}: {other:?}"),
            },
        };
        assert!(expected(&error), "{name}: {error}");
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
fn refresh_mends_the_public_folder() {
    let mut house = House::new(ORIGIN);
    let now = Timestamp::now();
    let held = house.issue(&jab());
    let serial = held.credential.certificate.issued.serial;
    assert_eq!(house.authority.refresh(now).unwrap(), []);
    assert_eq!(house.authority.refresh(now + days(16)).unwrap(), Branch::ALL);
    assert_eq!(house.authority.refresh(now + days(16)).unwrap(), []);

    // Died between the register and the CRL.
    let crl = house.public().crls(Branch::Parties);
    let before = fs::read(&crl).unwrap();
    let target = Target::Serial(serial);
    let then = now + days(17);
    house.authority.revoke(&target, Reason::KeyCompromise, then).unwrap();
    fs::write(&crl, before).unwrap();
    assert_eq!(house.authority.refresh(then).unwrap(), [Branch::Parties]);
    let list = RevocationList::read(&house.public(), &Branch::ALL).unwrap();
    assert!(list.is_revoked(&serial));

    fs::remove_dir_all(house.path("ca/public")).unwrap();
    assert_eq!(house.authority.refresh(then).unwrap(), Branch::ALL);
    let list = RevocationList::read(&house.public(), &Branch::ALL).unwrap();
    assert!(list.is_revoked(&serial));
    for file in [house.public().root(), house.public().nats_clients()] {
        assert!(fs::read_to_string(file).unwrap().starts_with("-----BEGIN CERTIFICATE"));
    }
}

#[test]
fn two_programs_take_turns_in_one_folder() {
    let mut house = House::new(ORIGIN);
    let folder = house.path("ca");
    let programs: Vec<_> = (0..4)
        .map(|program| {
            let folder = folder.clone();
            std::thread::spawn(move || {
                let mut authority = Authority::open(&folder).unwrap();
                for one in 0..8 {
                    let holder = party(Role::Buyer, &format!("b{program}-{one}"));
                    let now = Timestamp::now();
                    let issued = authority.issue(&holder, Lifetime::Usual, now).unwrap();
                    if one % 4 == 0 {
                        let target = Target::Serial(issued.certificate.issued.serial);
                        authority.revoke(&target, Reason::Superseded, now).unwrap();
                    }
                }
            })
        })
        .collect();
    for program in programs {
        program.join().unwrap();
    }
    // The first handle, which saw none of it, reads it now; so does a new one.
    let seen = house.authority.show().unwrap();
    assert_eq!(seen.len(), 32);
    assert_eq!(Authority::open(&folder).unwrap().show().unwrap(), seen);
    let list = RevocationList::read(&house.public(), &Branch::ALL).unwrap();
    assert_eq!(list.len(), 8);
    assert_eq!(seen.iter().filter(|one| one.revoked.is_some()).count(), 8);
}

#[test]
fn a_torn_tail_is_cut_and_other_damage_refused() {
    let mut house = House::new(ORIGIN);
    house.issue(&jab());
    house.issue(&party(Role::Buyer, "acme"));
    let seen = house.authority.show().unwrap();
    let register = house.path("ca/issued.jsonl");
    let whole = fs::read(&register).unwrap();

    // Without its last byte the last line was never acknowledged, wherever it is torn.
    for torn in [&b"{"[..], b"{\"event\":\"crl\",\"ca\":\"parties-1\"", &[0; 100]] {
        append(&register, torn);
        assert_eq!(house.authority.show().unwrap(), seen);
        assert_eq!(fs::read(&register).unwrap(), whole);
    }

    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let forged = b"{\"event\":\"revoked\",\"serial\":\"40000000000000000000000000000000\",\
        \"at\":\"2026-11-23T00:00:00Z\",\"reason\":\"superseded\"}\n";
    let stale = b"{\"event\":\"crl\",\"ca\":\"parties-1\",\"number\":1,\"at\":\"2026-11-23T00:00:00Z\"}\n";
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let rows: [(&str, Vec<u8>, &str); 6] = [
        ("flipped", flipped(&whole, first / 2), "line 1"),
        ("line of nothing", [&whole[..], b"\n"].concat(), "line 6"),
        ("unknown member", [&whole[..], b"{\"event\":\"sold\"}\n"].concat(), "line 6"),
        ("never issued", [&whole[..], forged].concat(), "was never issued"),
        ("CRL number", [&whole[..], stale].concat(), "does not follow"),
        ("issued twice", [&whole[..], &whole[last..]].concat(), "was issued before"),
    ];
    for (name, bytes, says) in rows {
        fs::write(&register, &bytes).unwrap();
        let error = Authority::open(&house.path("ca")).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("issued.jsonl"), "{name}: {error}");
        assert_eq!(fs::read(&register).unwrap(), bytes, "{name}: damage is evidence");
    }
    fs::write(&register, &whole).unwrap();
    assert_eq!(Authority::open(&house.path("ca")).unwrap().show().unwrap(), seen);
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] = b'"';
    bytes
}

#[test]
fn keys_that_others_can_read_are_refused() {
    let house = House::new(ORIGIN);
    for key in ["root.key", "issuing/parties-1.key", "issuing/servers-1.key"] {
        let path = house.path("ca").join(key);
        for mode in [0o640, 0o604, 0o660, 0o644] {
            set_mode(&path, mode);
            let error = Authority::open(&house.path("ca")).unwrap_err().to_string();
            assert!(error.contains("chmod 600") && error.contains(key), "{error}");
        }
        for mode in [0o600, 0o400] {
            set_mode(&path, mode);
            Authority::open(&house.path("ca")).unwrap();
        }
    }
}

#[test]
fn every_private_file_is_born_private() {
    use std::os::unix::fs::PermissionsExt;
    let mut house = House::new(ORIGIN);
    let held = house.issue(&jab());
    let mut keys = vec![held.files.key, house.path("ca/root.key"), house.path("ca/issued.jsonl")];
    for branch in Branch::ALL {
        keys.push(house.path("ca/issuing").join(format!("{}-1.key", branch.as_str())));
    }
    for key in keys {
        let mode = fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{key:?}");
    }
    let mode = fs::metadata(house.path("ca")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o700);
}

#[test]
fn a_key_is_never_overwritten() {
    let mut house = House::new(ORIGIN);
    let held = house.issue(&jab());
    let before = fs::read(&held.files.key).unwrap();
    let again = house.authority.issue(&jab(), Lifetime::Usual, Timestamp::now()).unwrap();
    let error = again.write(&held.files.certificate, &held.files.key).unwrap_err();
    assert!(error.to_string().contains("cannot write"));
    assert_eq!(fs::read(&held.files.key).unwrap(), before);
}

#[test]
fn an_authority_is_made_once_and_as_a_whole() {
    let house = House::new(ORIGIN);
    let now = Timestamp::now();
    let origin = house.origin();
    let init = |name: &str| Authority::init(&house.path(name), &origin, now);
    assert!(matches!(init("ca"), Err(AuthorityError::Exists(_))));
    fs::create_dir(house.path("empty")).unwrap();
    init("empty").unwrap();
    // A power cut left a ruin: it is shown, not silently taken for an authority or removed.
    fs::create_dir(house.path("ruin.unfinished")).unwrap();
    assert!(matches!(init("ruin"), Err(AuthorityError::Exists(_))));
    assert!(matches!(Authority::open(&house.path("ruin")), Err(AuthorityError::Absent(_))));
    for origin in ["1.2.3.4", "a..b", "-a", "a-/log", "a."] {
        let origin = origin.parse().unwrap();
        let refused = Authority::init(&house.path("bad"), &origin, now);
        assert!(matches!(refused, Err(AuthorityError::Origin(_))), "{origin}");
        assert!(!house.path("bad").exists() && !house.path("bad.unfinished").exists());
    }
}

#[test]
fn the_root_key_can_be_kept_elsewhere() {
    let mut house = House::new(ORIGIN);
    fs::rename(house.path("ca/root.key"), house.path("safe.key")).unwrap();
    let mut authority = Authority::open(&house.path("ca")).unwrap();
    authority.issue(&jab(), Lifetime::Usual, Timestamp::now()).unwrap();
    let error = authority.rotate(Branch::Peers, Former::Distrust, Timestamp::now()).unwrap_err();
    assert!(matches!(error, AuthorityError::RootAway(_)), "{error}");
    house.authority.issue(&Holder::node(NodeUser::System), Lifetime::Usual, Timestamp::now()).unwrap();
}

#[test]
fn files_of_another_authority_are_found_out() {
    let house = House::new(ORIGIN);
    let other = House::new(ORIGIN);
    let key = "ca/issuing/parties-1.key";
    fs::copy(other.path(key), house.path(key)).unwrap();
    let error = Authority::open(&house.path("ca")).unwrap_err();
    assert!(error.to_string().contains("belongs to another certificate"), "{error}");
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
        eprintln!("skipped: openssl is not on the PATH");
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
    let request = house.path("ours.csr");
    fs::write(&request, Application::new().unwrap().request_pem).unwrap();
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
