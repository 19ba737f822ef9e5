//! Another root: both are trusted for a while, then the new one alone; a crash in between is made good by doing it again.

use std::fs;

use certs::{Authority, AuthorityError, Client, Holder, Https, HttpsFiles, Trust};
use conformity::party::Role;
use jiff::Timestamp;

use crate::house::{Door, House, party};

const ORIGIN: &str = "jp.registry.example";

fn server(house: &mut House) -> HttpsFiles {
    let server = house.issue(&Holder::server(&["localhost", "127.0.0.1"]).unwrap());
    HttpsFiles { certificate: server.files.certificate, key: server.files.key, public: house.public() }
}

#[tokio::test]
async fn both_roots_are_trusted_until_the_former_is_retired() {
    let mut house = House::new(ORIGIN);
    let (now, old_root) = (Timestamp::now(), house.authority.root_der().to_vec());
    let old_trust = Trust::from_der(&[&old_root]).unwrap();
    let (old_server, old_party) = (server(&mut house), house.issue(&party(Role::Buyer, "b-1")));
    assert!(matches!(house.authority.retire_root(now), Err(AuthorityError::NoFormerRoot)));
    house.authority.rotate_root(now).unwrap();
    assert!(matches!(house.authority.rotate_root(now), Err(AuthorityError::RootChanging)));
    assert_ne!(house.authority.root_der(), old_root);
    assert_eq!(house.authority.former_root_der().unwrap(), Some(old_root.clone()));
    assert_eq!(house.authority.held_below_former_root(now).unwrap().len(), 2);
    let (new_server, new_party) = (server(&mut house), house.issue(&party(Role::Buyer, "b-2")));
    let both = house.trust();
    let new_trust = Trust::from_der(&[house.authority.root_der()]).unwrap();
    let old_door = Door::open(Https::open(old_server, house.origin()).unwrap()).await;
    let new_door = Door::open(Https::open(new_server, house.origin()).unwrap()).await;
    let come = async |door: &Door, trust: &Trust, files: &certs::ClientFiles| {
        let client = Client::with_certificate(trust, files.clone()).unwrap();
        let (speaker, read) = door.knock(&client).await;
        speaker.is_ok_and(|speaker| speaker.is_some()) && read.is_ok()
    };
    for files in [&old_party.files, &new_party.files] {
        assert!(come(&old_door, &old_trust, files).await && come(&old_door, &both, files).await);
        assert!(come(&new_door, &new_trust, files).await && come(&new_door, &both, files).await);
        assert!(!come(&new_door, &old_trust, files).await, "the new server's root must be known");
    }
    house.authority.retire_root(now).unwrap();
    assert_eq!(house.authority.former_root_der().unwrap(), None);
    new_door.https.reload().unwrap();
    assert!(come(&new_door, &new_trust, &new_party.files).await);
    assert!(!come(&new_door, &new_trust, &old_party.files).await, "what the former root's CAs issued has ended");
    assert!(!house.path("ca/root-former.key").exists());
    Authority::open(&house.path("ca")).unwrap().rotate_root(now).unwrap();
}

/// Every prefix of the renames that a crash can leave.
#[test]
fn a_crash_on_the_way_is_made_good() {
    let now = Timestamp::now();
    for done in 0..4 {
        let mut house = House::new(ORIGIN);
        let old = fs::read(house.path("ca/root.pem")).unwrap();
        let other = House::new(ORIGIN);
        for end in ["pem", "key"] {
            fs::copy(other.path(&format!("ca/root.{end}")), house.path(&format!("ca/root-next.{end}"))).unwrap();
        }
        let path = |name: &str| house.path(&format!("ca/{name}"));
        let steps: [&dyn Fn(); 3] = [
            &|| assert!(fs::copy(path("root.pem"), path("root-former.pem")).unwrap() > 0),
            &|| fs::rename(path("root.key"), path("root-former.key")).unwrap(),
            &|| fs::rename(path("root-next.key"), path("root.key")).unwrap(),
        ];
        steps[..done].iter().for_each(|step| step());
        let mut authority = Authority::open(&house.path("ca")).unwrap();
        authority.rotate_root(now).unwrap();
        assert_eq!(fs::read(house.path("ca/root-former.pem")).unwrap(), old, "after {done} steps");
        assert_eq!(authority.root_der(), other.authority.root_der());
        authority.issue(&party(Role::Buyer, "b-1"), certs::Lifetime::Usual, now).unwrap();
        assert!(matches!(authority.rotate_root(now), Err(AuthorityError::RootChanging)));
        house.authority = authority;
        assert!(Trust::read(&house.public().root()).is_ok());
    }
}
