//! Certificates by the command line: asked for, signed, revoked while in use.

use std::time::{Duration, Instant};

use crate::house::{House, read};

#[test]
fn a_certificate_is_asked_for_signed_and_shown() {
    let house = House::new();
    house.good("certs request buyer");
    assert!(read(&house.path("buyer.csr")).starts_with("-----BEGIN CERTIFICATE REQUEST"));
    house.good("--registry jp certs sign buyer.csr --party buyer/b-1 --out buyer.pem");
    assert_eq!(read(&house.path("buyer.pem")).matches("BEGIN CERTIFICATE").count(), 2, "with its issuer");
    let other = house.bad("--registry jp certs sign buyer.csr --party buyer/b-2 --out other.pem");
    assert!(other.contains("was certified for"), "{other}");
    assert!(house.good("--registry jp certs show").contains("spiffe://jp.registry.example/buyer/b-1"));
    house.good("--registry jp certs revoke buyer/b-1 --reason superseded");
    assert!(!house.good("--registry jp certs show").contains("buyer/b-1"));
    assert!(house.good("--registry jp certs show --all").contains("revoked (superseded)"));
    assert!(house.bad("--registry jp certs revoke buyer/b-9").contains("certs show"));
    house.good("--registry jp certs issue --party buyer/b-3 --out b-3");
    assert!(read(&house.path("b-3.key")).contains("PRIVATE KEY"));
    assert!(house.good("--registry jp certs show").contains("spiffe://jp.registry.example/buyer/b-3"));
    let mode = std::fs::metadata(house.path("b-3.key")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    house.good("certs init spare --origin eu.registry.example");
    assert!(house.bad("certs init spare --origin eu.registry.example").contains("spare"));
    let before = read(&house.path("jp/tls/server.pem"));
    house.good("--registry jp certs issue --server");
    assert_ne!(read(&house.path("jp/tls/server.pem")), before);
}

#[test]
fn a_revoked_certificate_is_cut_while_it_is_used() {
    let mut house = House::new();
    house.serve();
    house.good("--registry jp party add buyer --role buyer --id buyer --name A_buyer");
    house.good("--as buyer status");
    let mut watch = house.start("--as buyer watch --after start");
    watch.line();
    house.good("--registry jp certs revoke buyer/buyer --reason key-compromise");
    let revoked = Instant::now();
    assert_eq!(watch.wait(), Some(1), "{}", read(&house.path("running.log")));
    assert!(revoked.elapsed() < Duration::from_secs(20), "{:?}", revoked.elapsed());
    house.bad("--as buyer status");
    house.good("--registry jp status");
}
