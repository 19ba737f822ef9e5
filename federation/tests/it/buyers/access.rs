//! Who gets in, what it may do there, and that whoever is cut off is gone.

use std::time::Duration;

use bytes::Bytes;
use certs::{Holder, Identity};
use conformity::identifiers::Identifier;
use conformity::party::Role;
use federation::access::Inbox;
use federation::access::buyers::ACCOUNT;
use federation::bus::{Bound, Bus, Delivery, Incoming, Link, Subscription};
use federation::lease::Tenant;
use federation::server::Connection;
use federation::subjects::{Pattern, Subject};

use super::house::House;
use crate::registry::{PATIENCE, Registry, dial, id, link, write};

/// How long a silence must last to be believed.
const SILENCE: Duration = Duration::from_millis(300);
/// How long nobody may be let in for it to be believed.
const OUTSIDE: Duration = Duration::from_secs(2);

async fn next(subscription: &mut impl Subscription, wait: Duration) -> Option<Incoming> {
    loop {
        match tokio::time::timeout(wait, subscription.next()).await.ok()?? {
            Delivery::Message(message) => return Some(message),
            Delivery::Lagged | Delivery::Reconnected => {}
        }
    }
}

async fn gone(link: &Link) {
    let mut state = link.state();
    tokio::time::timeout(PATIENCE, state.wait_for(|state| !state.connected)).await.unwrap().unwrap();
}

/// The server has seen what this link asked for: it takes a message of its own back.
async fn settle(link: &Link) {
    let nothing = Bound { wait: SILENCE, bytes: 0 };
    let _ = link.request(&id("svc.nothing"), Bytes::new(), nothing).await;
}

#[tokio::test]
async fn only_registered_buyers_with_a_certificate_of_this_registry_get_in() {
    let mut jp = House::open(&["acme"]).await;
    let mut eu = Registry::start("eu", &[]).await;
    let listen = jp.setup.listen;
    let foreign = {
        let holder = Holder::party(Role::Buyer, id("acme")).unwrap();
        let files = write(eu.authority(), jp.folder.path(), "foreign", &holder);
        link(&jp.authority, files, listen, Inbox::buyer(&id("acme"))).await
    };
    let peer = Identity::Peer { registry: id("acme") };
    let peer = dial(&mut jp.authority, jp.folder.path(), listen, &peer).await;
    let rows = [
        (foreign, "a certificate of another registry for the same name"),
        (peer, "a peer of that name"),
        (jp.dial(Role::Buyer, "unknown").await, "a buyer that is not registered"),
        (jp.dial(Role::Supplier, "acme").await, "a supplier of that name"),
    ];
    for (link, why) in rows {
        assert!(link.connected(OUTSIDE).await.is_err(), "{why}");
    }
    assert!(jp.dial(Role::Buyer, "acme").await.connected(PATIENCE).await.is_ok());
    jp.child.stop().await;
    eu.child.stop().await;
}

#[tokio::test]
async fn a_buyer_hears_statuses_and_does_nothing_else() {
    let mut jp = House::open(&["acme", "other"]).await;
    let (acme, other) = (jp.buyer("acme").await, jp.buyer("other").await);
    let (scheme, supplier) = (id("eucc-1.0"), Identifier::local("cc", "A B").unwrap());
    let mut status = acme.subscribe(&Pattern::status(&id("jp"), Some(&scheme), None)).await.unwrap();
    let mut elsewhere = acme.subscribe(&Pattern::status(&id("jp"), Some(&id("star")), None)).await.unwrap();
    let mut ears = Vec::new();
    for subject in ["$SYS.>", "$JS.>", "$JS.EVENT.>", "_INBOX.>", "_INBOX.other.>", "_INBOX.node.>", ">"] {
        ears.push((subject, acme.subscribe(&id::<Pattern>(subject)).await.unwrap()));
    }
    let mut at_node = jp.node.subscribe(&id::<Pattern>("status.>")).await.unwrap();
    let mut at_other = other.subscribe(&Pattern::status(&id("jp"), None, None)).await.unwrap();
    for link in [&jp.node, &acme, &other] {
        settle(link).await;
    }
    for (subject, why) in [
        ("status.jp.star.x", "a status to others"),
        ("_INBOX.other.x", "an answer to another buyer"),
        ("_INBOX.node.x", "an answer to the node"),
        ("$SYS.REQ.USER.AUTH", "a request to let somebody in"),
        ("$SYS.REQ.SERVER.PING", "the server's own account"),
        ("$JS.API.STREAM.DELETE.EVENTS", "the stream's end"),
        ("$JS.API.STREAM.INFO.EVENTS", "what the stream holds"),
        ("$JS.API.CONSUMER.CREATE.EVENTS", "a consumer of its own"),
        ("$JS.API.STREAM.MSG.GET.EVENTS", "a message of the stream"),
    ] {
        let bound = Bound { wait: SILENCE, bytes: 1 << 16 };
        assert!(acme.request(&id(subject), Bytes::from_static(b"{}"), bound).await.is_err(), "{why}");
        assert_eq!(next(&mut at_node, SILENCE).await, None, "{why}");
        assert_eq!(next(&mut at_other, SILENCE).await, None, "{why}");
    }
    let subject = Subject::status(&id("jp"), &scheme, &supplier);
    jp.node.publish(&subject, Bytes::from_static(b"suspended")).await.unwrap();
    let heard = next(&mut status, PATIENCE).await.unwrap();
    assert_eq!((heard.subject.as_str(), heard.payload.as_ref()), (subject.as_str(), b"suspended".as_ref()));
    assert_eq!(next(&mut elsewhere, SILENCE).await, None);
    for (subject, mut ear) in ears {
        assert_eq!(next(&mut ear, SILENCE).await, None, "a buyer heard something on {subject}");
    }
    jp.child.stop().await;
}

#[tokio::test]
async fn a_buyer_hears_the_news_of_its_sector_where_the_registry_went_and_heartbeats() {
    let mut jp = House::open(&["acme"]).await;
    let (acme, own) = (jp.buyer("acme").await, id("jp"));
    let bulletins = [Subject::bulletin(&own, Some(&id("isic4.C"))), Subject::bulletin(&own, None)];
    let subjects: Vec<Subject> =
        bulletins.into_iter().chain([Subject::registry(&own), Subject::heartbeat(&own)]).collect();
    let mut ears = Vec::new();
    for subject in &subjects {
        ears.push(acme.subscribe(&Pattern::exactly(subject)).await.unwrap());
    }
    settle(&acme).await;
    // Nobody but the node speaks there; another sector's news is another subject.
    let elsewhere = Subject::bulletin(&own, Some(&id("isic4.H")));
    for subject in subjects.iter().chain([&elsewhere]) {
        acme.publish(subject, Bytes::from_static(b"forged")).await.unwrap();
    }
    acme.flush().await.unwrap();
    jp.node.publish(&elsewhere, Bytes::from_static(b"other")).await.unwrap();
    for ear in &mut ears {
        assert_eq!(next(ear, SILENCE).await, None);
    }
    for (subject, ear) in subjects.iter().zip(&mut ears) {
        jp.node.publish(subject, Bytes::from_static(b"news")).await.unwrap();
        let heard = next(ear, PATIENCE).await.unwrap();
        assert_eq!((heard.subject.as_str(), heard.payload.as_ref()), (subject.as_str(), b"news".as_ref()));
    }
    jp.child.stop().await;
}

#[tokio::test]
async fn the_server_ends_a_lease_by_itself_and_the_next_is_asked_for() {
    let mut jp = House::open(&["acme"]).await;
    *jp.register.lease.lock().unwrap() = Duration::from_secs(2);
    let acme = jp.buyer("acme").await;
    jp.register.buyers.lock().unwrap().clear();
    gone(&acme).await;
    assert!(acme.connected(OUTSIDE).await.is_err(), "no longer registered");
    jp.register.buyers.lock().unwrap().insert(id("acme"));
    acme.connected(PATIENCE).await.unwrap();
    jp.child.stop().await;
}

#[tokio::test]
async fn whoever_is_cut_off_is_gone_when_that_is_confirmed_and_nobody_else_is() {
    let mut jp = House::open(&["acme", "other"]).await;
    let (acme, other) = (jp.buyer("acme").await, jp.buyer("other").await);
    jp.register.buyers.lock().unwrap().remove(&id("acme"));
    let tenant = |connection: &Connection| connection.user.parse::<Tenant>().ok();
    let may_stay = |connection: &Connection| {
        connection.account != ACCOUNT || tenant(connection).is_some_and(|tenant| tenant.party == id("other"))
    };
    let left = jp.system.cut(may_stay).await.unwrap();
    let parties: Vec<_> = left.iter().filter_map(tenant).map(|tenant| tenant.party.to_string()).collect();
    assert_eq!(parties, ["other"], "{left:?}");
    gone(&acme).await;
    assert!(acme.connected(OUTSIDE).await.is_err(), "it knocks again in vain");
    assert!(other.state().borrow().connections == 1 && jp.node.state().borrow().connections == 1);
    jp.child.stop().await;
}

#[tokio::test]
async fn while_nobody_is_at_the_door_nobody_comes_in_and_then_hears_everything() {
    let mut jp = House::unattended(&["acme"]).await;
    let acme = jp.dial(Role::Buyer, "acme").await;
    tokio::time::sleep(3 * OUTSIDE).await;
    let buyers = async |jp: &House| {
        let all = jp.system.connections().await.unwrap();
        all.into_iter().filter(|connection| connection.account == ACCOUNT).count()
    };
    assert_eq!(buyers(&jp).await, 0);
    jp.attend();
    let deadline = tokio::time::Instant::now() + 12 * PATIENCE;
    while buyers(&jp).await == 0 {
        assert!(tokio::time::Instant::now() < deadline, "it is let in when it knocks again");
        tokio::time::sleep(SILENCE).await;
    }
    let mut status = acme.subscribe(&Pattern::status(&id("jp"), None, None)).await.unwrap();
    settle(&acme).await;
    for number in 0..3_u64 {
        jp.node.publish(&id("status.jp.s.x"), Bytes::from(number.to_string())).await.unwrap();
        let heard = next(&mut status, PATIENCE).await.expect("it hears");
        assert_eq!(heard.payload, number.to_string());
    }
    jp.child.stop().await;
}
