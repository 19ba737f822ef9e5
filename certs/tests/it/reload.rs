//! Certificates, CRLs and CAs that change while the door is open and clients are inside.

use std::fs;
use std::path::Path;

use certs::{Branch, Client, Former, Holder, Https, PublicFolder, Reason, RevocationList, Target, TlsError};
use conformity::party::Role;
use jiff::Timestamp;

use crate::house::{Door, House, WELCOME, days, party, set_mode};

const ORIGIN: &str = "jp.registry.example";

#[tokio::test]
async fn whoever_is_revoked_while_connected_is_found_out() {
    let mut house = House::new(ORIGIN);
    let held = house.issue(&party(Role::CertificationBody, "jab"));
    let other = house.issue(&party(Role::Buyer, "acme"));
    let door = house.door().await;
    let client = Client::with_certificate(&house.trust(), held.files).unwrap();
    let speaker = door.knock(&client).await.0.unwrap().unwrap();
    assert!(speaker.still_speaks(&door.https.revocations(), Timestamp::now()));

    let uri = speaker.identity.uri(&house.origin());
    house.authority.revoke(&Target::Identity(uri), Reason::KeyCompromise, Timestamp::now()).unwrap();
    assert!(!door.https.revocations().is_revoked(&speaker.serial), "nothing was read yet");
    door.https.reload().unwrap();
    let revoked = door.https.revocations();
    assert!(revoked.is_revoked(&speaker.serial));
    assert!(!speaker.still_speaks(&revoked, Timestamp::now()));
    assert_eq!(door.knock(&client).await.0.unwrap_err().code(), "certificate-revoked");

    let other = Client::with_certificate(&house.trust(), other.files).unwrap();
    let speaker = door.knock(&other).await.0.unwrap().unwrap();
    assert!(speaker.still_speaks(&revoked, Timestamp::now()));
    assert!(!speaker.still_speaks(&revoked, speaker.not_after), "its time is over then");
}

#[tokio::test]
async fn a_peer_that_is_revoked_is_on_the_list_too() {
    let mut house = House::new(ORIGIN);
    let peer = house.issue(&Holder::peer("eu".parse().unwrap()));
    let door = house.door().await;
    let serial = peer.credential.certificate.issued.serial;
    house.authority.revoke(&Target::Serial(serial), Reason::CessationOfOperation, Timestamp::now()).unwrap();
    door.https.reload().unwrap();
    assert!(door.https.revocations().is_revoked(&serial));
}

/// What the error of a broken folder must say, at least.
struct Breakage {
    name: &'static str,
    apply: fn(&House, &Files),
    says: &'static str,
}

struct Files {
    certificate: std::path::PathBuf,
    key: std::path::PathBuf,
    public: PublicFolder,
}

const BREAKAGES: [Breakage; 13] = [
    Breakage {
        name: "certificate gone",
        apply: |_, files| fs::remove_file(&files.certificate).unwrap(),
        says: "cannot read",
    },
    Breakage {
        name: "certificate empty",
        apply: |_, files| fs::write(&files.certificate, "").unwrap(),
        says: "holds no certificate",
    },
    Breakage { name: "certificate cut short", apply: |_, files| shorten(&files.certificate), says: "PEM" },
    Breakage {
        name: "key of another certificate",
        apply: |_, files| fs::write(&files.key, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap(),
        says: "cannot be used",
    },
    Breakage {
        name: "key is none",
        apply: |_, files| fs::write(&files.key, "secret").unwrap(),
        says: "holds no private key",
    },
    Breakage {
        name: "key beyond measure",
        apply: |_, files| fs::write(&files.key, vec![b' '; 20_000]).unwrap(),
        says: "the most is 16384",
    },
    Breakage { name: "key readable by all", apply: |_, files| set_mode(&files.key, 0o644), says: "chmod 600" },
    Breakage {
        name: "no CA",
        apply: |_, files| fs::write(files.public.cas(Branch::Parties), "").unwrap(),
        says: "holds no certificate",
    },
    Breakage {
        name: "no CRL",
        apply: |_, files| fs::write(files.public.crls(Branch::Parties), "").unwrap(),
        says: "one CRL for each CA",
    },
    Breakage {
        name: "CRL gone",
        apply: |_, files| fs::remove_file(files.public.crls(Branch::Parties)).unwrap(),
        says: "cannot read",
    },
    Breakage {
        name: "CRL of another branch",
        apply: |_, files| {
            fs::copy(files.public.crls(Branch::Peers), files.public.crls(Branch::Parties)).unwrap();
        },
        says: "one CRL for each CA",
    },
    Breakage {
        name: "CRL signed by a CA of the same name",
        apply: |_, files| {
            let twin = House::new(ORIGIN);
            fs::copy(twin.public().crls(Branch::Parties), files.public.crls(Branch::Parties)).unwrap();
        },
        says: "not signed by its CA",
    },
    Breakage {
        name: "CRL from before",
        apply: |house, files| {
            fs::copy(house.path("before.crl"), files.public.crls(Branch::Parties)).unwrap();
        },
        says: "somebody put an old one back",
    },
];

#[tokio::test]
async fn broken_files_leave_the_door_as_it_was() {
    for breakage in BREAKAGES {
        let mut house = House::new(ORIGIN);
        let held = house.issue(&party(Role::CertificationBody, "jab"));
        fs::copy(house.public().crls(Branch::Parties), house.path("before.crl")).unwrap();
        let gone = house.issue(&party(Role::CertificationBody, "gone"));
        let serial = gone.credential.certificate.issued.serial;
        house.authority.revoke(&Target::Serial(serial), Reason::Superseded, Timestamp::now()).unwrap();
        let given = house.files();
        let files =
            Files { certificate: given.certificate.clone(), key: given.key.clone(), public: given.public.clone() };
        let door = Door::open(Https::open(given, house.origin()).unwrap()).await;
        let client = Client::with_certificate(&house.trust(), held.files).unwrap();
        let revoked = Client::with_certificate(&house.trust(), gone.files).unwrap();

        let whole = snapshot(&house);
        (breakage.apply)(&house, &files);
        let error = door.https.reload().unwrap_err();
        assert!(error.to_string().contains(breakage.says), "{}: {error}", breakage.name);

        assert!(door.knock(&client).await.0.unwrap().is_some(), "{}", breakage.name);
        let refused = door.knock(&revoked).await.0.unwrap_err();
        assert_eq!(refused.code(), "certificate-revoked", "{}", breakage.name);
        assert!(door.https.revocations().is_revoked(&serial));

        restore(&whole);
        set_mode(&files.key, 0o600);
        door.https.reload().unwrap_or_else(|error| panic!("{}: {error}", breakage.name));
    }
}

fn shorten(path: &Path) {
    let text = fs::read(path).unwrap();
    fs::write(path, &text[..text.len() / 3]).unwrap();
}

fn snapshot(house: &House) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let folders = [house.folder.path().to_owned(), house.path("ca/public")];
    folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect()
}

fn restore(files: &[(std::path::PathBuf, Vec<u8>)]) {
    for (path, bytes) in files {
        fs::write(path, bytes).unwrap();
    }
}

#[tokio::test]
async fn a_renewed_server_certificate_is_served_without_a_restart() {
    let mut house = House::new(ORIGIN);
    let server = house.issue(&Holder::server(&["localhost"]).unwrap());
    let files = certs::HttpsFiles {
        certificate: server.files.certificate.clone(),
        key: server.files.key.clone(),
        public: house.public(),
    };
    let door = Door::open(Https::open(files, house.origin()).unwrap()).await;
    let before = door.https.not_after();

    let later = Timestamp::now() + days(61);
    let issued = &server.credential.certificate.issued;
    assert!(!issued.is_renewal_due(Timestamp::now()));
    assert!(issued.is_renewal_due(later));
    let renewed = house.authority.renew(&issued.serial, later).unwrap();
    assert_eq!(renewed.issued.names, ["localhost"]);
    assert_eq!(renewed.issued.key, issued.key);
    renewed.write(&server.files.certificate).unwrap();
    door.https.reload().unwrap();
    assert!(door.https.not_after() > before);
}

#[tokio::test]
async fn a_renewed_client_certificate_is_presented_without_a_new_client() {
    let mut house = House::new(ORIGIN);
    let held = house.issue(&party(Role::Buyer, "acme"));
    let door = house.door().await;
    let client = Client::with_certificate(&house.trust(), held.files.clone()).unwrap();
    let first = door.knock(&client).await.0.unwrap().unwrap();

    let renewed = house.authority.renew(&first.serial, Timestamp::now()).unwrap();
    renewed.write(&held.files.certificate).unwrap();
    client.reload().unwrap();
    let second = door.knock(&client).await.0.unwrap().unwrap();
    assert_eq!(second.serial, renewed.issued.serial);
    assert_eq!(second.identity, first.identity);

    fs::write(&held.files.certificate, "broken").unwrap();
    assert!(matches!(client.reload(), Err(TlsError::Revocation(_))));
    let third = door.knock(&client).await.0.unwrap().unwrap();
    assert_eq!(third.serial, second.serial);
}

#[tokio::test]
async fn a_new_generation_of_a_ca_takes_over() {
    for (former, old_is_let_in) in [(Former::Keep, true), (Former::Distrust, false)] {
        let mut house = House::new(ORIGIN);
        let old = house.issue(&party(Role::Buyer, "acme"));
        let door = house.door().await;
        house.authority.rotate(Branch::Parties, former, Timestamp::now()).unwrap();
        let new = house.issue(&party(Role::Buyer, "acme"));
        assert_eq!(new.credential.certificate.issued.ca, "parties-2");
        door.https.reload().unwrap();

        let new = Client::with_certificate(&house.trust(), new.files).unwrap();
        assert!(door.knock(&new).await.0.unwrap().is_some());
        let old = Client::with_certificate(&house.trust(), old.files).unwrap();
        let speaker = door.knock(&old).await.0.unwrap();
        // Our client says nothing to a server that does not name its CA.
        assert_eq!(speaker.is_some(), old_is_let_in);

        // Both generations can still be revoked from.
        let uri = "spiffe://jp.registry.example/buyer/acme".to_owned();
        let gone = house.authority.revoke(&Target::Identity(uri), Reason::Superseded, Timestamp::now()).unwrap();
        assert_eq!(gone.len(), 2);
        door.https.reload().unwrap();
        let listed = gone.iter().filter(|one| door.https.revocations().is_revoked(&one.serial));
        assert_eq!(listed.count(), if old_is_let_in { 2 } else { 1 });
    }
}

#[tokio::test]
async fn clients_believe_their_own_roots_only() {
    let mut house = House::new(ORIGIN);
    let stranger = House::new("eu.registry.example");
    let held = house.issue(&party(Role::Buyer, "acme"));
    let door = house.door().await;

    let elsewhere = Client::anonymous(&stranger.trust()).unwrap();
    let (outcome, read) = door.knock(&elsewhere).await;
    assert_eq!(outcome.unwrap_err().code(), "protocol");
    assert!(read.unwrap_err().contains("issuer is not trusted"));

    let client = Client::anonymous(&house.trust()).unwrap();
    let wrong = async {
        let tcp = tokio::net::TcpStream::connect(door.address).await.unwrap();
        client.connect("eu.registry.example", tcp, crate::house::LIMIT).await
    };
    let (_, wrong) = tokio::join!(door.answer(), wrong);
    assert!(wrong.unwrap_err().to_string().contains("for another name"));

    let by_address = async {
        let tcp = tokio::net::TcpStream::connect(door.address).await.unwrap();
        client.connect("127.0.0.1", tcp, crate::house::LIMIT).await
    };
    let (_, by_address) = tokio::join!(door.answer(), by_address);
    assert!(by_address.unwrap().is_http2());

    // A party's certificate does not make a server.
    let files = certs::HttpsFiles { certificate: held.files.certificate, key: held.files.key, public: house.public() };
    let impostor = Door::open(Https::open(files, house.origin()).unwrap()).await;
    let (_, read) = impostor.knock(&client).await;
    assert!(read.unwrap_err().contains("not meant for this"));
}

#[tokio::test]
async fn a_buyer_of_one_registry_reads_another_one_anonymously() {
    let mut house = House::new(ORIGIN);
    let mut eu = House::new("eu.registry.example");
    let held = eu.issue(&party(Role::Buyer, "acme"));
    let door = house.door().await;
    let client = Client::with_certificate(&house.trust(), held.files).unwrap();
    let (outcome, read) = door.knock(&client).await;
    assert_eq!(outcome.unwrap(), None);
    assert_eq!(read.as_deref(), Ok(WELCOME));
}

#[test]
fn a_list_is_read_from_a_copy_of_the_public_folder() {
    let mut house = House::new(ORIGIN);
    let held = house.issue(&party(Role::Buyer, "acme"));
    let serial = held.credential.certificate.issued.serial;
    house.authority.revoke(&Target::Serial(serial), Reason::Unspecified, Timestamp::now()).unwrap();
    let copy = house.path("copy");
    fs::create_dir(&copy).unwrap();
    for file in fs::read_dir(house.path("ca/public")).unwrap() {
        let file = file.unwrap();
        assert!(
            !fs::read_to_string(file.path()).unwrap().contains("PRIVATE"),
            "{:?} is no secret's place",
            file.path()
        );
        fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    let list = RevocationList::read(&PublicFolder::new(copy), &Branch::ALL).unwrap();
    assert!(list.is_revoked(&serial));
    assert_eq!((list.len(), list.is_empty()), (1, false));
    assert!(list.good_until() > Timestamp::now() + days(29));
}
