#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

fn jp() -> Access {
    let folder = PathBuf::from("/data/jp");
    Access {
        registry: id("jp"),
        origin: id("jp.registry.test"),
        listen: "127.0.0.1:4222".parse().unwrap(),
        files: ServerFiles {
            tls: NatsTls {
                certificate: folder.join("certs/nats.pem"),
                key: folder.join("certs/nats.key"),
                clients: folder.join("certs/nats-clients.pem"),
            },
            log: folder.join("nats/nats-server.log"),
            pid: folder.join("nats/nats-server.pid"),
        },
        peers: BTreeMap::from([
            (id("eu"), Peering::InForce),
            (id("us"), Peering::Peered),
            (id("asean"), Peering::Suspended),
            (id("mallory"), Peering::Expelled),
        ]),
        limits: Limits::default(),
    }
}

/// The text that a second implementation would have to write, and that a reviewer reads.
#[test]
fn the_configuration_is_the_golden_one() {
    assert_eq!(jp().configuration().unwrap(), include_str!("../../tests/golden/jp.conf"));
}

#[test]
fn each_peering_state_has_its_subjects() {
    let rows: [(Peering, bool, bool); 4] = [
        (Peering::Peered, true, false),
        (Peering::InForce, true, true),
        (Peering::Suspended, true, false),
        (Peering::Expelled, false, false),
    ];
    for (peering, control, feed) in rows {
        let access = Access { peers: BTreeMap::from([(id("eu"), peering)]), ..jp() };
        let text = access.configuration().unwrap();
        assert_eq!(text.contains("PEER-eu"), control, "{peering:?}");
        assert_eq!(text.contains("svc.eu.control.>"), control, "{peering:?}");
        assert_eq!(text.contains("out.eu.control.>"), control, "{peering:?}");
        assert_eq!(text.contains("svc.eu.feed.>"), feed, "{peering:?}");
        assert_eq!(access.guests().contains(&User::peer(&id("eu"), &access.origin)), control);
    }
}

#[test]
fn a_peer_named_like_an_account_of_ours_gets_its_own() {
    let peers = ["sys", "node"].map(|name| (id(name), Peering::InForce));
    let text = Access { peers: BTreeMap::from(peers), ..jp() }.configuration().unwrap();
    for account in ["\"PEER-sys\" {", "\"PEER-node\" {", "  SYS {", "  NODE {"] {
        assert_eq!(text.matches(account).count(), 1, "{account}");
    }
}

#[test]
fn users_are_named_under_the_host_of_the_origin() {
    let origin = id("jp.registry.test/log");
    assert_eq!(User::peer(&id("eu"), &origin).as_str(), "eu.peer.jp.registry.test");
    assert_eq!(User::node(NodeUser::System, &origin).as_str(), "sys.node.jp.registry.test");
}

#[test]
fn paths_that_no_quoting_helps_are_refused() {
    for (path, why) in
        [("relative/nats.log", "relative"), ("/data/a\nb", "a line break"), ("/data/a\u{7f}b", "a control character")]
    {
        let mut access = jp();
        access.files.log = path.into();
        assert!(access.configuration().is_err(), "{why}");
        let mut access = jp();
        access.files.tls.key = path.into();
        assert!(access.configuration().is_err(), "{why}");
    }
}

/// Undoes the quoting the way nats-server's reader does; what is left must be nothing.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut rest = text.strip_prefix('"').unwrap().char_indices();
    while let Some((at, found)) = rest.next() {
        match found {
            '"' => return (value, &text[at + 2..]),
            '\\' => value.push(rest.next().unwrap().1),
            plain => value.push(plain),
        }
    }
    panic!("unterminated: {text}");
}

proptest! {
    #[test]
    fn no_path_breaks_out_of_its_quotes(name in "[^\\p{Cc}/]{1,40}") {
        let path = PathBuf::from(format!("/data/{name}"));
        let line = quoted(&path).unwrap();
        prop_assert!(!line.contains('\n'));
        let (value, rest) = unquote(&line);
        prop_assert_eq!(PathBuf::from(value), path);
        prop_assert_eq!(rest, "");
    }

    #[test]
    fn every_line_break_stands_where_it_was_meant(name in "[^\\p{Cc}/]{1,40}") {
        let mut access = jp();
        access.files.log = PathBuf::from(format!("/data/{name}"));
        let lines = access.configuration().unwrap().lines().count();
        prop_assert_eq!(lines, jp().configuration().unwrap().lines().count());
    }

    #[test]
    fn the_same_value_gives_the_same_text(names in proptest::collection::vec("[a-z][a-z0-9-]{0,8}", 0..8)) {
        let forth: BTreeMap<_, _> = names.iter().map(|name| (id(name), Peering::InForce)).collect();
        let back: BTreeMap<_, _> = names.iter().rev().map(|name| (id(name), Peering::InForce)).collect();
        let text = |peers| Access { peers, ..jp() }.configuration().unwrap();
        prop_assert_eq!(text(forth), text(back));
    }
}
