//! A registry on the node of another by the word of both, and registries that move out.

use conformity::basis::of_log_keys;
use conformity::genesis::GenesisRecord;
use conformity::hosting::{Part, Standing, hostings};
use conformity::records::{Facts, Rests};
use serde_json::{Value, json};

use crate::world::{Row, World, row, with};

/// Another registry, as a consent and an acceptance name it.
pub(crate) fn other(registry: &str) -> Value {
    json!({"registry": registry, "origin": format!("{registry}.registry.example"), "genesisDigest": "ab".repeat(32)})
}

pub(crate) fn moved(host: &str) -> Value {
    json!({"natsUrl": format!("tls://{host}:4222"), "httpUrl": format!("https://{host}")})
}

fn to(nats: &str, http: &str) -> Value {
    json!({"natsUrl": nats, "httpUrl": http})
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("an authority moves the registry", |w| w.say("ministry", "registry-moved", moved("a.example")), "role-not-entitled"),
        row("an authority consents", |w| w.say("ministry", "hosting-consented", other("mm")), "role-not-entitled"),
        row("a body accepts", |w| w.say("cb-1", "hosting-accepted", other("mm")), "role-not-entitled"),
        row("a body ends it", |w| w.say("cb-1", "hosting-ended", json!({"registry": "mm"})), "role-not-entitled"),
        row("it moves to an address without TLS", |w| {
            w.say("op", "registry-moved", to("nats://a.example:4222", "https://a.example"))
        }, "unsound-address"),
        row("it moves to an address without a port", |w| {
            w.say("op", "registry-moved", to("tls://a.example", "https://a.example"))
        }, "unsound-address"),
        row("it moves to a port that is none", |w| {
            w.say("op", "registry-moved", to("tls://a.example:70000", "https://a.example"))
        }, "unsound-address"),
        row("it moves to a path", |w| {
            w.say("op", "registry-moved", to("tls://a.example:4222", "https://a.example/registry"))
        }, "unsound-address"),
        row("it moves to where it went", |w| {
            w.must("op", "registry-moved", moved("a.example"));
            w.say("op", "registry-moved", moved("a.example"))
        }, "not-moved"),
        row("a 65th move", |w| {
            for number in 1..=64 { w.must("op", "registry-moved", moved(&format!("a{number}.example"))); }
            w.say("op", "registry-moved", moved("b.example"))
        }, "too-many-moves"),
        row("it hosts itself", |w| w.say("op", "hosting-accepted", other("jp")), "hosts-itself"),
        row("it consents to itself", |w| w.say("op", "hosting-consented", other("jp")), "hosts-itself"),
        row("it claims to host a peer with another genesis", |w| {
            w.say("op", "hosting-accepted", other("eu"))
        }, "hosting-of-another"),
        row("a consent that is over", |w| {
            w.say("op", "hosting-consented", with(other("mm"), json!({"until": "2020-01-01"})))
        }, "hosting-over"),
        row("a consent that holds", |w| {
            w.must("op", "hosting-consented", other("mm"));
            w.say("op", "hosting-consented", with(other("mm"), json!({"until": "2030-01-01"})))
        }, "hosting-stands"),
        row("an end of nothing", |w| {
            w.must("op", "hosting-accepted", other("mm"));
            w.must("op", "hosting-ended", json!({"registry": "mm"}));
            w.say("op", "hosting-ended", json!({"registry": "mm"}))
        }, "no-hosting"),
        row("a 65th guest", |w| {
            for number in 1..=64 { w.must("op", "hosting-accepted", other(&format!("m{number}"))); }
            w.say("op", "hosting-accepted", other("mm"))
        }, "too-many-hostings"),
    ]
}

#[test]
fn a_registry_is_where_its_log_says_that_it_went() {
    let mut world = World::furnished();
    let begun = |world: &World| world.register.genesis().unwrap();
    let left = |world: &World, host: &str| {
        begun(world).left_for(&format!("tls://{host}:4222"), &format!("https://{host}")).is_some()
    };
    assert!(begun(&world).is_as_it_began() && !left(&world, "a.example"), "nobody said where it is");
    world.must("op", "hosting-consented", other("mm"));
    world.must("op", "registry-moved", moved("b.example"));
    assert!(left(&world, "a.example") && !left(&world, "b.example"));
    assert!(begun(&world).left_for("tls://b.example:4222", "https://a.example").is_some(), "half of it is elsewhere");
    assert!(begun(&world).hosting.iter().all(|one| one.ended.is_some()), "its host has lost it");
    // And back: the log decides, not the folder.
    world.must("op", "registry-moved", moved("a.example"));
    assert!(!left(&world, "a.example") && left(&world, "b.example") && !begun(&world).is_as_it_began());
    let places = of_log_keys(&world.register);
    assert!((world.next - 3..world.next).all(|index| places.contains(&index)), "{places:?}");
    for index in world.next - 3..world.next {
        assert_eq!(world.register.rests_on(index), Some(Rests::Foundation));
    }
}

/// The beginnings of two logs that speak of each other, at some moments.
fn both(host: &[(&str, &str, Value)], guest: &[(&str, &str, Value)]) -> [GenesisRecord; 2] {
    let [jp, mm] = [("jp", host), ("mm", guest)].map(|(id, said)| {
        let mut world = World::furnished();
        for (at, kind, claim) in said {
            world.at(at);
            world.must("op", kind, claim.clone());
        }
        (id, GenesisRecord::clone(&world.register.genesis().unwrap()))
    });
    // Every world is jp's; the guest's takes on a name of its own, and both name each other by digest.
    let (mut host, mut guest) = (jp.1, mm.1);
    let mut named = (*guest.genesis).clone();
    (named.registry, named.origin) = (mm.0.parse().unwrap(), "mm.registry.example".parse().unwrap());
    guest.genesis = named.into();
    guest.digest = conformity::Digest::of(b"mm");
    let digests = (host.digest, guest.digest);
    host.hosting.iter_mut().for_each(|one| one.genesis_digest = digests.1);
    for one in &mut guest.hosting {
        one.genesis_digest = digests.0;
        (one.registry, one.origin) = (host.genesis.registry.clone(), host.genesis.origin.clone());
    }
    [host, guest]
}

#[test]
fn only_what_both_logs_say_is_so() {
    let (first, second, third) = ("2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z", "2026-11-12T00:00:00Z");
    let accepts = |at| (at, "hosting-accepted", other("mm"));
    let consents = |at| (at, "hosting-consented", with(other("xx"), json!({"until": "2026-12-31"})));
    let ends = |at, whom: &str| (at, "hosting-ended", json!({"registry": whom}));
    let leaves = |at| (at, "registry-moved", moved("mm.example"));
    let at = |text: &str| text.parse().unwrap();
    let (now, later) = ("2026-11-20T00:00:00Z", "2027-01-01T00:00:00Z");
    let (confirmed, claimed) = (Standing::Confirmed { since: at(second) }, Standing::Claimed { since: at(first) });
    let ended = |since| Standing::Ended { since: at(since) };
    let rows = [
        ("nobody says anything", vec![], vec![], now, None),
        ("the host alone", vec![accepts(first)], vec![], now, Some(claimed)),
        ("the guest alone", vec![], vec![consents(first)], now, Some(Standing::Offered { since: at(first) })),
        ("both", vec![accepts(first)], vec![consents(second)], now, Some(confirmed)),
        ("both, the guest first", vec![accepts(second)], vec![consents(first)], now, Some(confirmed)),
        ("past the last day", vec![accepts(first)], vec![consents(second)], later, Some(ended("2027-01-01T00:00:00Z"))),
        (
            "the guest takes it back",
            vec![accepts(first)],
            vec![consents(first), ends(third, "xx")],
            now,
            Some(ended(third)),
        ),
        ("the host ends it", vec![accepts(first), ends(third, "mm")], vec![consents(first)], now, Some(ended(third))),
        ("the guest moves out", vec![accepts(first)], vec![consents(first), leaves(third)], now, Some(ended(third))),
        (
            "and consents anew",
            vec![accepts(first)],
            vec![consents(first), leaves(first), consents(second)],
            now,
            Some(confirmed),
        ),
    ];
    for (why, host, guest, now, expected) in rows {
        let known = both(&host, &guest);
        let found = hostings(&known, at(now));
        assert_eq!(found.first().map(|one| one.standing), expected, "{why}");
        assert!(found.len() <= 1, "{why}: {found:?}");
    }
}

#[test]
fn a_claim_under_another_name_confirms_nothing() {
    let now = "2026-11-20T00:00:00Z".parse().unwrap();
    let at = "2026-11-10T00:00:00Z";
    let said = [both(&[(at, "hosting-accepted", other("mm"))], &[(at, "hosting-consented", other("xx"))])];
    let [[host, guest]] = said;
    let standings =
        |known: &[GenesisRecord]| hostings(known, now).into_iter().map(|one| one.standing).collect::<Vec<_>>();
    assert!(matches!(standings(&[host.clone(), guest.clone()])[..], [Standing::Confirmed { .. }]));
    let mut forged = host;
    assert_eq!(forged.hosting[0].part, Part::Host);
    forged.hosting[0].origin = "mm.elsewhere.example".parse().unwrap();
    let found = standings(&[forged, guest]);
    assert!(
        matches!(
            found[..],
            [Standing::Claimed { .. }, Standing::Offered { .. }] | [Standing::Offered { .. }, Standing::Claimed { .. }]
        ),
        "{found:?}"
    );
}
