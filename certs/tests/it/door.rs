//! Who gets in at the HTTPS door, over real sockets: one row per reason.

use std::net::SocketAddr;

use certs::{Branch, Client, ClientFiles, Holder, Identity, Lifetime, NodeUser, Reason, Target};
use conformity::key::Jwk;
use conformity::party::Role;
use jiff::Timestamp;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType};
use rustls::HandshakeKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::house::{House, LIMIT, WELCOME, days, party};

const ORIGIN: &str = "jp.registry.example";

/// What is wrong with a certificate that a thief makes with a stolen issuing key.
struct Forgery {
    branch: Branch,
    uris: &'static [&'static str],
    dns: &'static str,
    purpose: ExtendedKeyUsagePurpose,
}

impl Forgery {
    const FLAWLESS: Self = Self {
        branch: Branch::Parties,
        uris: &["spiffe://jp.registry.example/certification-body/jab"],
        dns: "jab.certification-body.jp.registry.example",
        purpose: ExtendedKeyUsagePurpose::ClientAuth,
    };

    fn make(&self, house: &mut House) -> ClientFiles {
        let (ca, ca_pem) = house.stolen(self.branch);
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([self.dns.to_owned()]).unwrap();
        for uri in self.uris {
            params.subject_alt_names.push(SanType::URI((*uri).try_into().unwrap()));
        }
        params.serial_number = Some(vec![0x45; 16].into());
        params.is_ca = IsCa::ExplicitNoCa;
        params.extended_key_usages = vec![self.purpose.clone()];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &ca).unwrap();
        house.by_hand(&(certificate.pem() + &ca_pem), &key.serialize_pem())
    }
}

/// Ends of other make. The client presents what it has, whatever the server asks for, offers old versions if told to,
/// and keeps sessions; the server lets it resume them.
mod raw {
    use std::path::Path;
    use std::sync::Arc;

    use certs::{ClientFiles, HttpsFiles};
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
    use tokio::net::TcpListener;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use crate::house::House;

    pub(crate) async fn forgetful(files: &HttpsFiles) -> (TlsAcceptor, TcpListener) {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain(&files.certificate), PrivateKeyDer::from_pem_file(&files.key).unwrap())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (TlsAcceptor::from(Arc::new(config)), listener)
    }

    fn chain(path: &Path) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_file_iter(path).unwrap().collect::<Result<_, _>>().unwrap()
    }

    pub(crate) fn connector(
        house: &House,
        files: Option<&ClientFiles>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(house.public().root()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let config = match files {
            None => builder.with_no_client_auth(),
            Some(files) => {
                let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
                builder.with_client_auth_cert(chain(&files.certificate), key).unwrap()
            }
        };
        TlsConnector::from(Arc::new(config))
    }
}

/// What the door says of whoever presents `files`.
async fn verdict(house: &mut House, files: &ClientFiles) -> Result<Option<Identity>, &'static str> {
    let door = house.door().await;
    let connector = raw::connector(house, Some(files), &[&rustls::version::TLS13]);
    let client = async {
        let tcp = TcpStream::connect(door.address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let mut stream = connector.connect(name, tcp).await.map_err(drop)?;
        let mut read = Vec::new();
        stream.read_to_end(&mut read).await.map_err(drop)?;
        Ok(read)
    };
    let (outcome, read): (_, Result<Vec<u8>, ()>) = tokio::join!(door.answer(), client);
    match outcome {
        Ok(speaker) => {
            assert_eq!(read.as_deref(), Ok(WELCOME));
            Ok(speaker.map(|speaker| speaker.identity))
        }
        Err(error) => {
            assert!(read.is_err(), "refused, and yet it read {read:?}");
            Err(error.code())
        }
    }
}

#[tokio::test]
async fn a_party_comes_in_under_its_name_and_anyone_else_as_nobody() {
    let mut house = House::new(ORIGIN);
    let body = house.issue(&party(Role::CertificationBody, "jab"));
    let door = house.door().await;

    let own = Client::with_certificate(&house.trust(), body.files).unwrap();
    let (outcome, read) = door.knock(&own).await;
    let speaker = outcome.unwrap().unwrap();
    assert_eq!(speaker.serial, body.credential.certificate.issued.serial);
    assert_eq!(speaker.not_after, body.credential.certificate.issued.not_after);
    assert_eq!(speaker.identity.to_string(), "certification-body/jab");
    assert_eq!(read.as_deref(), Ok(WELCOME));

    let (outcome, read) = door.knock(&Client::anonymous(&house.trust()).unwrap()).await;
    assert_eq!(outcome.unwrap(), None);
    assert_eq!(read.as_deref(), Ok(WELCOME));
}

#[tokio::test]
async fn every_role_of_a_party_is_read_back() {
    let mut house = House::new("jp.registry.example/log-2");
    for role in [
        Role::Operator,
        Role::Authority,
        Role::AccreditationBody,
        Role::CertificationBody,
        Role::AuditBody,
        Role::EvaluationLaboratory,
        Role::Buyer,
        Role::Supplier,
        Role::Expert,
    ] {
        let id = "a.b_c-9";
        let held = house.issue(&party(role, id));
        let id = id.parse().unwrap();
        assert_eq!(verdict(&mut house, &held.files).await, Ok(Some(Identity::Party { role, id })));
    }
}

#[tokio::test]
async fn certificates_of_other_branches_and_authorities_are_refused() {
    let mut house = House::new(ORIGIN);
    // The twin has the same names throughout, and other keys.
    let mut twin = House::new(ORIGIN);
    let mut foreign = House::new("eu.registry.example");
    let body = party(Role::CertificationBody, "jab");
    let server = Holder::server(&["localhost"]).unwrap();
    let peer = Holder::peer("eu".parse().unwrap());
    let node = Holder::node(NodeUser::Node);
    let rows = [
        ("server", house.issue(&server), "certificate-purpose"),
        ("peer", house.issue(&peer), "certificate-issuer"),
        ("node", house.issue(&node), "certificate-issuer"),
        ("twin", twin.issue(&body), "certificate-issuer"),
        ("foreign", foreign.issue(&body), "certificate-issuer"),
    ];
    for (name, held, refusal) in rows {
        assert_eq!(verdict(&mut house, &held.files).await, Err(refusal), "{name}");
    }
}

#[tokio::test]
async fn time_and_revocation_are_enforced() {
    let then = Timestamp::now() - days(500);
    let mut house = House::since(ORIGIN, then);
    let body = party(Role::CertificationBody, "jab");
    let expired = house.issue_at(&body, Lifetime::Days(365), then);
    let early = house.issue_at(&body, Lifetime::Usual, Timestamp::now() + days(2));
    let revoked = house.issue(&body);
    let fine = house.issue(&body);

    // Five hundred days without a CRL: nobody can be told from the revoked.
    assert_eq!(verdict(&mut house, &fine.files).await, Err("revocations-stale"));

    house.authority.refresh(Timestamp::now()).unwrap();
    let serial = revoked.credential.certificate.issued.serial;
    house.authority.revoke(&Target::Serial(serial), Reason::PrivilegeWithdrawn, Timestamp::now()).unwrap();
    let rows = [
        (expired, Err("certificate-expired")),
        (early, Err("certificate-not-yet-valid")),
        (revoked, Err("certificate-revoked")),
        (fine, Ok(Some(Identity::Party { role: Role::CertificationBody, id: "jab".parse().unwrap() }))),
    ];
    for (held, expected) in rows {
        assert_eq!(verdict(&mut house, &held.files).await, expected);
    }
}

#[tokio::test]
#[allow(clippy::too_many_lines)] // a table, a row per forgery
async fn a_stolen_issuing_key_does_not_open_other_doors() {
    let jab = Identity::Party { role: Role::CertificationBody, id: "jab".parse().unwrap() };
    let rows = [
        // The forger can do what the CA can, or the rows below would prove nothing.
        ("flawless", Forgery::FLAWLESS, Ok(Some(jab))),
        (
            "another trust domain",
            Forgery { uris: &["spiffe://eu.registry.example/certification-body/jab"], ..Forgery::FLAWLESS },
            Err("certificate-speaks-for-nobody"),
        ),
        (
            "a trust domain that only begins like ours",
            Forgery {
                uris: &["spiffe://jp.registry.example.evil.example/certification-body/jab"],
                ..Forgery::FLAWLESS
            },
            Err("certificate-speaks-for-nobody"),
        ),
        (
            "two names",
            Forgery {
                uris: &[
                    "spiffe://jp.registry.example/certification-body/jab",
                    "spiffe://jp.registry.example/operator/op",
                ],
                ..Forgery::FLAWLESS
            },
            Err("certificate-speaks-for-nobody"),
        ),
        (
            "a second URI of another scheme",
            Forgery {
                uris: &["spiffe://jp.registry.example/certification-body/jab", "https://jab.example/"],
                ..Forgery::FLAWLESS
            },
            Err("certificate-speaks-for-nobody"),
        ),
        ("no name", Forgery { uris: &[], ..Forgery::FLAWLESS }, Err("certificate-speaks-for-nobody")),
        (
            "a peer's name from the parties CA",
            Forgery { uris: &["spiffe://jp.registry.example/peer/eu"], ..Forgery::FLAWLESS },
            Err("certificate-speaks-for-nobody"),
        ),
        (
            "the node's user name from the parties CA",
            Forgery { dns: "sys.node.jp.registry.example", ..Forgery::FLAWLESS },
            Err("certificate-other"),
        ),
        (
            "made for servers",
            Forgery { purpose: ExtendedKeyUsagePurpose::ServerAuth, ..Forgery::FLAWLESS },
            Err("certificate-purpose"),
        ),
        (
            "a party's name from the servers CA",
            Forgery { branch: Branch::Servers, ..Forgery::FLAWLESS },
            Err("certificate-issuer"),
        ),
        (
            "a party's name from the peers CA",
            Forgery { branch: Branch::Peers, ..Forgery::FLAWLESS },
            Err("certificate-issuer"),
        ),
    ];
    let mut house = House::new(ORIGIN);
    for (name, forgery, expected) in rows {
        let files = forgery.make(&mut house);
        assert_eq!(verdict(&mut house, &files).await, expected, "{name}");
    }
}

/// Whoever has a signing key and its certificate comes in nowhere: not here, and not at nats-server, which trusts other CAs.
#[tokio::test]
async fn a_certificate_of_a_signing_key_opens_no_connection() {
    let mut house = House::new(ORIGIN);
    let key = KeyPair::generate().unwrap();
    let point = key.public_key_raw();
    let jwk = Jwk::P256 { x: point[1..33].try_into().unwrap(), y: point[33..].try_into().unwrap() };
    let body = party(Role::CertificationBody, "jab");
    let made = house.authority.certify_signing_key(&jwk, body, Lifetime::Usual, Timestamp::now()).unwrap();
    let files = house.by_hand(&made.chain_pem, &key.serialize_pem());
    assert_eq!(verdict(&mut house, &files).await, Err("certificate-purpose"));

    let signing = std::fs::read_to_string(house.public().cas(Branch::Signing)).unwrap();
    let let_in = std::fs::read_to_string(house.public().nats_clients()).unwrap();
    assert!(made.chain_pem.ends_with(&signing) && !signing.is_empty());
    assert!(!let_in.contains(&signing), "nats-server trusts the CAs in this file and no other");
    let chain = certs::chain_from_pem(made.chain_pem.as_bytes()).unwrap();
    let (_, leaf) = x509_parser::parse_x509_certificate(chain[0].as_bytes()).unwrap();
    let usage = leaf.extended_key_usage().unwrap().unwrap().value;
    assert!(!usage.client_auth && !usage.server_auth && !usage.any && usage.other.len() == 1, "{usage:?}");
    assert_eq!(leaf.subject_alternative_name().unwrap().unwrap().value.general_names.len(), 1, "no DNS name: no user");

    let renewed = house.authority.renew(&made.issued.serial, Timestamp::now()).unwrap();
    assert_eq!((renewed.issued.kind, renewed.issued.key), (Branch::Signing, made.issued.key));
    let other = party(Role::CertificationBody, "other");
    let error = house.authority.certify_signing_key(&jwk, other, Lifetime::Usual, Timestamp::now()).unwrap_err();
    assert!(error.to_string().contains("was certified for"), "{error}");
    let server = Holder::server(&["localhost"]).unwrap();
    assert!(house.authority.certify_signing_key(&jwk, server, Lifetime::Usual, Timestamp::now()).is_err());
}

/// How the handshakes of one client went, which keeps what it is given to resume with.
async fn handshakes<Fut: Future>(
    connector: &TlsConnector,
    address: SocketAddr,
    mut serve: impl FnMut() -> Fut,
) -> Vec<(HandshakeKind, u32)> {
    let mut seen = Vec::new();
    for _ in 0..3 {
        let client = async {
            let tcp = TcpStream::connect(address).await.unwrap();
            let name = "localhost".try_into().unwrap();
            let mut stream = connector.connect(name, tcp).await.unwrap();
            // Tickets come after the handshake, with the first bytes.
            let mut read = Vec::new();
            stream.read_to_end(&mut read).await.unwrap();
            let session = stream.get_ref().1;
            (session.handshake_kind().unwrap(), session.tls13_tickets_received())
        };
        seen.push(tokio::join!(serve(), client).1);
    }
    seen
}

#[tokio::test]
async fn a_session_is_never_resumed() {
    let mut house = House::new(ORIGIN);
    let held = house.issue(&party(Role::Buyer, "acme"));
    let door = house.door().await;
    let connector = raw::connector(&house, Some(&held.files), &[&rustls::version::TLS13]);
    let seen = handshakes(&connector, door.address, || async {
        assert!(door.answer().await.unwrap().is_some());
    })
    .await;
    assert_eq!(seen, [(HandshakeKind::Full, 0); 3]);

    // The same client does resume where it may, so the lines above prove something.
    let files = house.files();
    let (acceptor, listener) = raw::forgetful(&files).await;
    let seen = handshakes(&connector, listener.local_addr().unwrap(), || async {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(tcp).await.unwrap();
        stream.shutdown().await.unwrap();
    })
    .await;
    assert_eq!(seen[1].0, HandshakeKind::Resumed);

    // Ours does not, even there.
    let ours = Client::anonymous(&house.trust()).unwrap();
    for _ in 0..3 {
        let client = async {
            let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let mut stream = ours.connect("localhost", tcp, LIMIT).await.unwrap();
            stream.read_to_end(&mut Vec::new()).await.unwrap();
        };
        let server = async {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(tcp).await.unwrap();
            stream.shutdown().await.unwrap();
            stream.get_ref().1.handshake_kind()
        };
        assert_eq!(tokio::join!(server, client).0, Some(HandshakeKind::Full));
    }
}

#[tokio::test]
async fn older_versions_of_tls_are_refused() {
    let mut house = House::new(ORIGIN);
    let door = house.door().await;
    for (versions, let_in) in
        [(vec![&rustls::version::TLS12], false), (vec![&rustls::version::TLS12, &rustls::version::TLS13], true)]
    {
        let connector = raw::connector(&house, None, &versions);
        let client = async {
            let tcp = TcpStream::connect(door.address).await.unwrap();
            let name = "localhost".try_into().unwrap();
            connector.connect(name, tcp).await.map(drop).is_ok()
        };
        let (outcome, connected) = tokio::join!(door.answer(), client);
        assert_eq!(connected, let_in);
        assert_eq!(outcome.err().map(|error| error.code()), (!let_in).then_some("protocol"));
    }
}

#[tokio::test]
async fn whoever_does_not_shake_hands_is_sent_away() {
    let mut house = House::new(ORIGIN);
    let door = house.door().await;
    let silent = TcpStream::connect(door.address).await.unwrap();
    let (tcp, _) = door.listener.accept().await.unwrap();
    let limit = std::time::Duration::from_millis(50);
    let error = door.https.accept(tcp, limit).await.unwrap_err();
    assert_eq!(error.code(), "slow");
    drop(silent);

    let plain = async {
        let mut tcp = TcpStream::connect(door.address).await.unwrap();
        tcp.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        tcp
    };
    let (outcome, _tcp) = tokio::join!(door.answer(), plain);
    assert_eq!(outcome.unwrap_err().code(), "protocol");

    let gone = async { drop(TcpStream::connect(door.address).await.unwrap()) };
    let (outcome, ()) = tokio::join!(door.answer(), gone);
    assert_eq!(outcome.unwrap_err().code(), "connection");
}
