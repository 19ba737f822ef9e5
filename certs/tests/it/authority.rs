//! The authority's folder and register: what it survives, and what it refuses to open.

use std::fs;
use std::io::Write;
use std::path::Path;

use certs::{Authority, AuthorityError, Branch, Former, Holder, Lifetime, NodeUser, Reason, RevocationList, Target};
use conformity::party::Role;
use jiff::Timestamp;

use crate::house::{House, days, party, set_mode};

const ORIGIN: &str = "jp.registry.example";

fn jab() -> Holder {
    party(Role::CertificationBody, "jab")
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
        ("line of nothing", [&whole[..], b"\n"].concat(), "line 7"),
        ("unknown member", [&whole[..], b"{\"event\":\"sold\"}\n"].concat(), "line 7"),
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
