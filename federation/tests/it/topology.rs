//! Who may say what to whom, asked of the server itself.

use std::time::Duration;

use bytes::Bytes;
use certs::Identity;
use conformity::party::Role;
use federation::access::Peering;
use federation::bus::{Bound, Bus, BusError, Delivery, Incoming, Link, Subscription};
use federation::subjects::{Pattern, Service, Subject, asked};

use crate::registry::{BOUND, PATIENCE, Registry, dial_with_foreign_certificate, dial_with_signing_certificate, id};

const SOON: Duration = Duration::from_millis(200);
const SETTLING: &str = "jp.svc.nothing";

/// Answers every question with who asked for what.
async fn answer_everything(node: &Link) {
    let mut questions = node.subscribe(&Pattern::all_services()).await.unwrap();
    settle(&[node]).await;
    let node = node.clone();
    tokio::spawn(async move {
        while let Some(delivery) = questions.next().await {
            if let Delivery::Message(question) = delivery {
                let answer = match asked(&question.subject) {
                    Some((peer, service)) => format!("{peer} asked {service}"),
                    None => format!("unreadable {}", question.subject),
                };
                node.answer(&question, answer.into()).await.unwrap();
            }
        }
    });
}

/// What these links asked for is in force at the server: an answer, or that there is none, comes after it.
async fn settle(links: &[&Link]) {
    for link in links {
        let bound = Bound { wait: SOON, bytes: 100 };
        let _ = link.request(&id(SETTLING), Bytes::new(), bound).await;
    }
}

async fn ask(link: &Link, subject: &Subject) -> Result<String, BusError> {
    let answer = link.request(subject, Bytes::from_static(b"?"), BOUND).await?;
    Ok(String::from_utf8(answer.to_vec()).unwrap())
}

async fn next(subscription: &mut impl Subscription) -> Option<Incoming> {
    loop {
        match tokio::time::timeout(SOON, subscription.next()).await.ok()?? {
            Delivery::Message(message) if message.subject != SETTLING => return Some(message),
            Delivery::Message(_) | Delivery::Lagged | Delivery::Reconnected => {}
        }
    }
}

#[tokio::test]
async fn the_server_says_who_speaks() {
    let mut jp = Registry::start("jp", &[("eu", Peering::InForce), ("us", Peering::Peered)]).await;
    let (node, eu, us) = (jp.node().await, jp.peer("eu").await, jp.peer("us").await);
    answer_everything(&node).await;
    for service in Service::ALL {
        let subject = Subject::ask(&jp.id(), service);
        assert_eq!(ask(&eu, &subject).await.unwrap(), format!("eu asked {service}"));
    }
    // `us` has no arrangement in force: control only, and it learns at once that nobody answers the rest.
    let hello = Subject::ask(&jp.id(), Service::Hello);
    assert_eq!(ask(&us, &hello).await.unwrap(), "us asked control.hello");
    let range = Subject::ask(&jp.id(), Service::Range);
    assert_eq!(ask(&us, &range).await, Err(BusError::NobodyAnswers));
    jp.child.stop().await;
}

/// What a peer tries under the names of others never reaches the node or the other peer.
#[tokio::test]
async fn a_peer_speaks_and_listens_under_its_own_name_only() {
    let mut jp = Registry::start("jp", &[("eu", Peering::InForce), ("us", Peering::InForce)]).await;
    let (node, eu, us) = (jp.node().await, jp.peer("eu").await, jp.peer("us").await);
    let mut at_node = node.subscribe(&id::<Pattern>(">")).await.unwrap();
    let mut at_us = us.subscribe(&Pattern::exactly(&Subject::head_of(&jp.id()))).await.unwrap();
    settle(&[&node, &us]).await;
    for (subject, why) in [
        (Subject::head_for(&id("us")), "the node's head for another peer"),
        (Subject::head_of(&jp.id()), "the head as another peer hears it"),
        (id::<Subject>("svc.us.feed.range"), "another peer's question, as the node hears it"),
        (id::<Subject>("svc.eu.feed.range"), "its own question, past the renaming"),
        (id::<Subject>("_INBOX.us.x"), "an answer to another peer"),
        (id::<Subject>("_INBOX.node.x"), "an answer to the node"),
        (id::<Subject>("$SYS.REQ.SERVER.PING"), "the server's own account"),
        (id::<Subject>("_R_.x"), "an answer under way"),
    ] {
        eu.publish(&subject, Bytes::from_static(b"forged")).await.unwrap();
        eu.flush().await.unwrap();
        assert_eq!(next(&mut at_node).await, None, "{why}");
        assert_eq!(next(&mut at_us).await, None, "{why}");
    }
    // The same ears hear what is meant for them.
    node.publish(&Subject::head_for(&id("us")), Bytes::from_static(b"9")).await.unwrap();
    assert_eq!(next(&mut at_us).await.unwrap().payload, "9");
    jp.child.stop().await;
}

#[tokio::test]
async fn a_peer_cannot_read_what_is_for_another() {
    let mut jp = Registry::start("jp", &[("eu", Peering::InForce), ("us", Peering::InForce)]).await;
    let (node, eu, us) = (jp.node().await, jp.peer("eu").await, jp.peer("us").await);
    let mut ears = Vec::new();
    for subject in [
        "out.us.control.head",
        "out.>",
        "svc.>",
        ">",
        "_INBOX.us.>",
        "_INBOX.>",
        "status.>",
        "bulletin.>",
        "registry.>",
        "$SYS.>",
    ] {
        ears.push((subject, eu.subscribe(&id::<Pattern>(subject)).await.unwrap()));
    }
    let mut at_us = us.subscribe(&Pattern::exactly(&Subject::head_of(&jp.id()))).await.unwrap();
    settle(&[&eu, &us]).await;
    answer_everything(&node).await;
    node.publish(&Subject::head_for(&id("us")), Bytes::from_static(b"secret")).await.unwrap();
    assert_eq!(next(&mut at_us).await.unwrap().payload, "secret");
    ask(&us, &Subject::ask(&jp.id(), Service::Range)).await.unwrap();
    for (subject, mut ear) in ears {
        assert_eq!(next(&mut ear).await, None, "eu heard something on {subject}");
    }
    jp.child.stop().await;
}

#[tokio::test]
async fn only_certificates_of_this_registry_open_the_door() {
    let jp = Registry::start("jp", &[("eu", Peering::InForce)]).await;
    let mut eu = Registry::start("eu", &[("eu", Peering::InForce)]).await;
    // eu's own authority says "eu": another registry's word counts nothing here.
    let forged = dial_with_foreign_certificate(&jp, &mut eu, "eu").await;
    assert!(forged.connected(Duration::from_secs(2)).await.is_err());
    let mut jp = jp;
    let signing = dial_with_signing_certificate(&mut jp, "acme").await;
    assert!(signing.connected(Duration::from_secs(2)).await.is_err(), "a certificate for x5c opens nothing");
    assert!(jp.dial(&Identity::Peer { registry: id("eu") }).await.connected(PATIENCE).await.is_ok());
    jp.child.stop().await;
    eu.child.stop().await;
}

#[tokio::test]
async fn a_stranger_with_a_certificate_of_ours_is_still_a_stranger() {
    let mut jp = Registry::start("jp", &[("eu", Peering::InForce)]).await;
    for (identity, why) in [
        (Identity::Peer { registry: id("us") }, "a peer that was never added"),
        (Identity::Party { role: Role::Buyer, id: id("acme") }, "a buyer, who has a server of its own"),
        (Identity::Party { role: Role::Supplier, id: id("acme") }, "a supplier"),
    ] {
        let link = jp.dial(&identity).await;
        assert!(link.connected(Duration::from_secs(2)).await.is_err(), "{why}");
    }
    jp.child.stop().await;
}

#[tokio::test]
async fn a_suspended_peer_loses_the_feed_and_keeps_control() {
    let mut jp = Registry::start("jp", &[("eu", Peering::InForce)]).await;
    let (node, eu) = (jp.node().await, jp.peer("eu").await);
    answer_everything(&node).await;
    let (hello, range) = (Subject::ask(&jp.id(), Service::Hello), Subject::ask(&jp.id(), Service::Range));
    for (peering, feed) in [(Peering::Suspended, false), (Peering::InForce, true), (Peering::Peered, false)] {
        jp.set_peering("eu", peering).await;
        assert_eq!(ask(&eu, &range).await.is_ok(), feed, "{peering:?}");
        assert_eq!(ask(&eu, &hello).await.unwrap(), "eu asked control.hello", "{peering:?}");
    }
    // The connection was never cut.
    assert_eq!(eu.state().borrow().connections, 1);
    jp.child.stop().await;
}

#[tokio::test]
async fn whoever_is_cut_off_is_gone_when_the_cut_off_is_confirmed() {
    let mut jp = Registry::start("jp", &[("eu", Peering::InForce), ("us", Peering::InForce)]).await;
    let (node, eu, us) = (jp.node().await, jp.peer("eu").await, jp.peer("us").await);
    answer_everything(&node).await;
    jp.access.peers.insert(id("eu"), Peering::Expelled);
    let in_force = jp.control.put_in_force(&jp.access).await.unwrap();
    // The node twice, us.
    assert_eq!(in_force.connections, 3);
    let mut state = eu.state();
    tokio::time::timeout(SOON, state.wait_for(|state| !state.connected)).await.unwrap().unwrap();
    let bound = Bound { wait: SOON, bytes: 100 };
    let hello = Subject::ask(&jp.id(), Service::Hello);
    assert!(eu.request(&hello, Bytes::new(), bound).await.is_err());
    assert_eq!(ask(&us, &hello).await.unwrap(), "us asked control.hello");
    assert!(us.state().borrow().connected);
    // Still outside after several attempts, and back in when let in again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!eu.state().borrow().connected);
    jp.set_peering("eu", Peering::Peered).await;
    eu.connected(crate::registry::PATIENCE).await.unwrap();
    assert_eq!(ask(&eu, &hello).await.unwrap(), "eu asked control.hello");
    jp.child.stop().await;
}
