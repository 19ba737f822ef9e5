#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use certs::NatsTls;

use super::*;

fn server() -> BuyersServer {
    let folder = PathBuf::from("/data/jp");
    BuyersServer {
        registry: "jp".parse().unwrap(),
        origin: "jp.registry.test".parse().unwrap(),
        listen: "127.0.0.1:4223".parse().unwrap(),
        files: ServerFiles {
            tls: NatsTls {
                certificate: folder.join("certs/nats.pem"),
                key: folder.join("certs/nats.key"),
                clients: folder.join("certs/nats-clients.pem"),
            },
            log: folder.join("nats-buyers/nats-server.log"),
            pid: folder.join("nats-buyers/nats-server.pid"),
        },
        store: folder.join("nats-buyers/store"),
        sealed: true,
        stream_bytes: 1 << 30,
        issuer: "AAM5CKN2QZGP57SJLZRCUNOKDR6XGQDXWNX4Q33YIYX4IBCPSUAHBK73".parse().unwrap(),
        limits: Limits::default(),
    }
}

/// The text that a second implementation would have to write, and that a reviewer reads.
#[test]
fn the_configuration_is_the_golden_one() {
    assert_eq!(server().configuration().unwrap(), include_str!("../../../tests/golden/jp-buyers.conf"));
}

#[test]
fn paths_that_no_quoting_helps_are_refused() {
    for (path, why) in [("relative/store", "relative"), ("/data/a\nb", "a line break")] {
        let server = BuyersServer { store: path.into(), ..server() };
        assert!(server.configuration().is_err(), "{why}");
    }
}
