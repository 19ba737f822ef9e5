//! A nats-server of a peer that does not keep to the protocol. It has a good certificate, for it is the peer's own.

use std::time::Duration;

use certs::{Authority, Client, ClientFiles, Holder, Https, HttpsFiles, Lifetime, Trust};
use conformity::party::Role;
use federation::access::Inbox;
use federation::bus::{Bus, Delivery, Dial, FOREIGN_SERVER, Link, Subscription};
use federation::subjects::Pattern;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::registry::{PATIENCE, id};

const INFO: &str = "INFO {\"server_id\":\"X\",\"version\":\"2.15.1\",\"max_payload\":1048576,\"headers\":true}\r\n";

/// What the server does once it has greeted.
#[derive(Clone)]
enum Says {
    /// This, without end.
    Always(Vec<u8>),
    /// This, to whoever subscribes.
    Once(Vec<u8>),
}

/// Dials a server that lets everybody in and then says what it likes.
async fn link_to(says: Says) -> Link {
    certs::install_crypto_provider();
    let folder = tempfile::tempdir().unwrap().keep();
    let origin = id("jp.registry.test");
    let now = Timestamp::now();
    let mut authority = Authority::init(&folder.join("authority"), &origin, now).unwrap();
    let (certificate, key) = (folder.join("server.pem"), folder.join("server.key"));
    let holder = Holder::server(&["127.0.0.1"]).unwrap();
    authority.issue(&holder, Lifetime::Usual, now).unwrap().write(&certificate, &key).unwrap();
    let https = Https::open(HttpsFiles { certificate, key, public: authority.public() }, origin).unwrap();
    let (certificate, key) = (folder.join("eu.pem"), folder.join("eu.key"));
    // The door used here is made for parties; which certificate the client shows does not matter to this test.
    let holder = Holder::party(Role::Buyer, id("acme")).unwrap();
    authority.issue(&holder, Lifetime::Usual, now).unwrap().write(&certificate, &key).unwrap();
    let trust = Trust::read(&authority.public().root()).unwrap();
    let tls = Client::with_certificate(&trust, ClientFiles { certificate, key }).unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tls://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(accepted) = https.accept(socket, PATIENCE).await else { continue };
            tokio::spawn(speak(accepted.stream, says.clone()));
        }
    });
    let inbox = Inbox::peer(&id("eu"));
    Link::dial(Dial { address, tls, name: "eu".into(), inbox, waiting: FOREIGN_SERVER }).await.unwrap()
}

/// Greets as a nats-server does, and then speaks until nobody listens any more.
async fn speak(mut stream: impl AsyncRead + AsyncWrite + Unpin, says: Says) -> std::io::Result<()> {
    stream.write_all(INFO.as_bytes()).await?;
    hear(&mut stream, b"PING").await?;
    stream.write_all(b"PONG\r\n").await?;
    stream.flush().await?;
    match says {
        Says::Always(says) => loop {
            stream.write_all(&says).await?;
            stream.flush().await?;
            tokio::time::sleep(Duration::from_millis(1)).await;
        },
        Says::Once(says) => {
            hear(&mut stream, b"SUB ").await?;
            stream.write_all(&says).await?;
            stream.flush().await?;
            hear(&mut stream, b"the end").await
        }
    }
}

/// Reads until the client says this.
async fn hear(stream: &mut (impl AsyncRead + Unpin), wanted: &[u8]) -> std::io::Result<()> {
    let mut heard = [0; 4096];
    while !heard.windows(wanted.len()).any(|word| word == wanted) {
        if stream.read(&mut heard).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

async fn given_up(link: &Link) -> String {
    let mut state = link.state();
    let state = tokio::time::timeout(PATIENCE, state.wait_for(|state| state.given_up > 0)).await.unwrap().unwrap();
    state.last_error.clone().unwrap_or_default()
}

#[tokio::test]
async fn a_frame_without_end_is_given_up() {
    let mut says = b"MSG x 1 999999999999\r\n".to_vec();
    says.resize(1 << 20, b'x');
    let link = link_to(Says::Always(says)).await;
    let reason = given_up(&link).await;
    assert!(reason.contains("without a complete message"), "{reason}");
}

/// A length that overflows the client's arithmetic ends its task; the link notices and goes on.
#[tokio::test]
async fn a_client_that_was_killed_by_its_server_is_replaced() {
    let link = link_to(Says::Always(b"MSG x 1 18446744073709551615\r\n".to_vec())).await;
    given_up(&link).await;
    let mut state = link.state();
    let again = tokio::time::timeout(PATIENCE, state.wait_for(|state| state.connections > 1)).await;
    assert!(again.is_ok(), "it dials again");
}

#[tokio::test]
async fn nonsense_is_a_broken_connection_and_no_more() {
    let link = link_to(Says::Always(b"HELLO\r\n".to_vec())).await;
    let mut state = link.state();
    tokio::time::timeout(PATIENCE, state.wait_for(|state| state.connections > 2)).await.unwrap().unwrap();
}

/// What it sends and nobody reads yet does not pile up: the rest is dropped, and the reader is told.
#[tokio::test]
async fn what_is_not_read_is_held_in_bounds() {
    let message = [&b"MSG x 1 262144\r\n"[..], &vec![b'x'; 262_144], b"\r\n"].concat();
    let link = link_to(Says::Once(message.repeat(40))).await;
    link.connected(PATIENCE).await.unwrap();
    let mut listening = link.subscribe(&Pattern::all_services()).await.unwrap();
    let mut state = link.state();
    let dropped = 40 - FOREIGN_SERVER as u64;
    tokio::time::timeout(PATIENCE, state.wait_for(|state| state.lagged >= dropped)).await.unwrap().unwrap();
    let (mut messages, mut lagged) = (0, 0);
    while let Ok(Some(delivery)) = tokio::time::timeout(Duration::from_millis(300), listening.next()).await {
        match delivery {
            Delivery::Message(_) => messages += 1,
            Delivery::Lagged => lagged += 1,
            Delivery::Reconnected => {}
        }
    }
    assert_eq!((messages, lagged), (FOREIGN_SERVER, 1));
}
