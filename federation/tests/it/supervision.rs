//! The server's life: started, killed, emptied, refused, stopped.

use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use federation::access::Peering;
use federation::bus::{Bus, Delivery, Subscription};
use federation::server::{Binary, BinaryError, Child, Control, ControlError, StartError, Status};
use federation::subjects::{Pattern, Subject};

use crate::registry::{PATIENCE, Registry, free_port, id};

fn pid(registry: &Registry) -> u32 {
    match &*registry.child.status().borrow() {
        Status::Running { pid, .. } => *pid,
        other => panic!("not running: {other:?}"),
    }
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// The server holds nothing: killed and emptied, everybody is back and told so.
#[tokio::test]
async fn a_killed_server_is_back_and_so_is_everybody() {
    let mut jp = Registry::start("jp", &[("eu", Peering::InForce)]).await;
    let (node, eu) = (jp.node().await, jp.peer("eu").await);
    let mut heads = eu.subscribe(&Pattern::exactly(&Subject::head_of(&jp.id()))).await.unwrap();
    let before = pid(&jp);
    kill(before);
    for file in [jp.setup.log(), jp.setup.pid()] {
        let _ = std::fs::remove_file(file);
    }
    let delivery = tokio::time::timeout(PATIENCE, heads.next()).await.unwrap();
    assert_eq!(delivery, Some(Delivery::Reconnected));
    node.connected(PATIENCE).await.unwrap();
    assert_ne!(pid(&jp), before);
    // Delivery is at most once: the first may pass before eu listens again.
    let heard = loop {
        node.publish(&Subject::head_for(&id("eu")), Bytes::from_static(b"5")).await.unwrap();
        if let Ok(heard) = tokio::time::timeout(Duration::from_millis(200), heads.next()).await {
            break heard;
        }
    };
    assert!(matches!(heard, Some(Delivery::Message(message)) if message.payload == "5"));
    // The new process has a new id, and is still in hand.
    jp.set_peering("eu", Peering::Suspended).await;
    jp.child.stop().await;
}

#[tokio::test]
async fn a_stopped_server_stays_stopped() {
    let jp = Registry::start("jp", &[]).await;
    let (status, listen) = (jp.child.status(), jp.setup.listen);
    jp.child.stop().await;
    assert_eq!(*status.borrow(), Status::Stopped);
    assert!(std::net::TcpListener::bind(listen).is_ok());
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let jp = Registry::start("jp", &[]).await;
    let mut other = jp.setup.clone();
    let elsewhere = tempfile::tempdir().unwrap();
    other.folder = elsewhere.path().to_owned();
    std::fs::copy(jp.setup.config(), other.config()).unwrap();
    let error = Child::start(other).await.unwrap_err();
    assert!(matches!(error, StartError::PortTaken { listen } if listen == jp.setup.listen), "{error}");
    jp.child.stop().await;
}

/// A node that was killed leaves its server behind; the next start ends that one and takes its port.
#[tokio::test]
async fn a_server_that_outlived_its_node_is_ended() {
    let jp = Registry::start("jp", &[]).await;
    let (setup, access) = (jp.setup.clone(), jp.access.clone());
    jp.child.stop().await;
    let _ = std::fs::remove_file(setup.pid());
    let mut orphan = std::process::Command::new(setup.binary.path())
        .arg("-c")
        .arg(setup.config())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let written = || std::fs::read_to_string(setup.pid()).is_ok_and(|pid| !pid.trim().is_empty());
    while !written() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Control::prepare(&setup.config(), &access).unwrap();
    // The test is the orphan's parent and has to take leave of it, as init would.
    let left_behind = orphan.id();
    let reaper = std::thread::spawn(move || orphan.wait().unwrap());
    let started = Child::start(setup).await;
    if started.is_err() {
        kill(left_behind);
    }
    let child = started.unwrap();
    assert!(reaper.join().unwrap().code().is_some());
    child.stop().await;
}

#[tokio::test]
async fn a_configuration_that_the_server_refuses_changes_nothing() {
    let mut jp = Registry::start("jp", &[("eu", Peering::InForce)]).await;
    let eu = jp.peer("eu").await;
    let before = std::fs::read_to_string(jp.setup.config()).unwrap();

    let mut broken = jp.access.clone();
    broken.peers.insert(id("eu"), Peering::Expelled);
    broken.files.tls.key = "/nowhere/server.key".into();
    let error = jp.control.put_in_force(&broken).await.unwrap_err();
    assert!(matches!(error, ControlError::Refused(BinaryError::Refused { .. })), "{error}");
    assert_eq!(std::fs::read_to_string(jp.setup.config()).unwrap(), before);

    // Sound, but nothing that a running server can change: it says so, and keeps what it had.
    let mut moved = jp.access.clone();
    moved.peers.insert(id("eu"), Peering::Expelled);
    moved.listen = free_port();
    let error = jp.control.put_in_force(&moved).await.unwrap_err();
    assert!(matches!(&error, ControlError::Reload(why) if why.contains("Port")), "{error}");
    assert!(eu.state().borrow().connected);

    jp.child.stop().await;
    let error = jp.control.put_in_force(&jp.access).await.unwrap_err();
    assert!(matches!(error, ControlError::Bus(_)), "{error}");
}

/// The server says that it read its configuration, but it was not the one that we wrote: nobody is gone, and it is said.
#[tokio::test]
async fn a_reload_that_cut_nobody_off_is_no_cut_off() {
    let mut jp = Registry::start("jp", &[("eu", Peering::InForce)]).await;
    let eu = jp.peer("eu").await;
    let elsewhere = jp.setup.folder.join("elsewhere.conf");
    let control = Control::new(jp.system.clone(), elsewhere, None);
    jp.access.peers.insert(id("eu"), Peering::Expelled);
    let error = control.put_in_force(&jp.access).await.unwrap_err();
    let ControlError::StillConnected(users) = error else { panic!("{error}") };
    assert_eq!(users, ["eu.peer.jp.registry.test"]);
    assert!(eu.state().borrow().connected);
    jp.control.put_in_force(&jp.access).await.unwrap();
    jp.child.stop().await;
}

#[tokio::test]
async fn an_old_server_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("nats-server");
    std::fs::write(&old, "#!/bin/sh\necho 'nats-server: v2.9.10'\n").unwrap();
    let mut mode = std::fs::metadata(&old).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&old, mode).unwrap();
    let error = Binary::check(&old).await.unwrap_err();
    assert!(error.to_string().contains("2.9.10") && error.to_string().contains("2.15.1"), "{error}");
}
