//! What a client gets on a connection that carries a stream, and when it ends.

#![allow(clippy::unwrap_used)]

use futures_util::stream;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::Instant;
use warp::Reply;

use super::super::answer;
use super::*;

/// The client's end, and where pieces are put.
fn carried(room: usize) -> (DuplexStream, mpsc::UnboundedSender<Bytes>, tokio::task::JoinHandle<io::Result<()>>) {
    let (sender, pieces) = mpsc::unbounded_channel();
    let pieces = stream::unfold(pieces, |mut pieces| async { Some((pieces.recv().await?, pieces)) });
    let (client, ours) = duplex(room);
    let response = answer::stream(EVENTS, pieces);
    assert!(is_stream(&response));
    (client, sender, tokio::spawn(carry(ours, response, Timestamp::UNIX_EPOCH)))
}

#[tokio::test]
async fn a_stream_is_sent_in_chunks_each_of_what_is_there() {
    let (mut client, sender, carrying) = carried(1 << 20);
    for piece in ["one\n", "", "two\n"] {
        sender.send(Bytes::from_static(piece.as_bytes())).unwrap();
    }
    tokio::task::yield_now().await;
    sender.send(vec![b'x'; CHUNK].into()).unwrap();
    sender.send(Bytes::from_static(b"end")).unwrap();
    drop(sender);
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    carrying.await.unwrap().unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    lines.sort_unstable();
    let expected = [
        "HTTP/1.1 200 OK",
        "cache-control: no-store",
        "connection: close",
        "content-type: text/event-stream",
        "date: Thu, 01 Jan 1970 00:00:00 GMT",
        "transfer-encoding: chunked",
    ];
    assert_eq!(lines, expected);
    let long = "x".repeat(CHUNK);
    assert_eq!(body, format!("8\r\none\ntwo\n\r\n8000\r\n{long}\r\n3\r\nend\r\n0\r\n\r\n"));
}

#[tokio::test]
async fn it_ends_with_the_client_whatever_that_said_meanwhile() {
    let (client, _sender, carrying) = carried(1 << 10);
    drop(client);
    carrying.await.unwrap().unwrap_err();
    let (mut client, sender, carrying) = carried(1 << 10);
    client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    sender.send(Bytes::from_static(b"one\n")).unwrap();
    let mut text = Vec::new();
    while !text.ends_with(b"one\n\r\n") {
        client.read_buf(&mut text).await.unwrap();
    }
    assert!(!carrying.is_finished());
    drop(client);
    carrying.await.unwrap().unwrap();
    assert!(sender.is_closed());
}

#[tokio::test]
async fn who_says_more_than_a_little_is_let_go_of() {
    let (mut client, sender, carrying) = carried(1 << 10);
    let say = client.write_all(&[b'x'; SAID + 4096]);
    assert!(say.await.is_err(), "it is not read to the end");
    carrying.await.unwrap().unwrap();
    assert!(sender.is_closed());
}

#[tokio::test]
async fn a_stream_that_fails_is_not_told_as_one_that_ended() {
    let pieces = stream::iter([Ok(Bytes::from_static(b"one\n")), Err("the disk is gone")]);
    let mut response = answer::stream(EVENTS, stream::empty());
    *response.body_mut() = warp::reply::stream(pieces).into_response().into_body();
    let (mut client, ours) = duplex(1 << 10);
    carry(ours, response, Timestamp::UNIX_EPOCH).await.unwrap_err();
    let mut text = Vec::new();
    client.read_to_end(&mut text).await.unwrap();
    assert!(!text.ends_with(END));
}

#[tokio::test]
async fn a_client_that_leaves_while_nothing_is_told_is_noticed() {
    let (mut client, sender, carrying) = carried(1 << 10);
    let mut head = vec![0; 64];
    client.read_exact(&mut head).await.unwrap();
    drop(client);
    carrying.await.unwrap().unwrap();
    assert!(sender.is_closed());
}

#[tokio::test(start_paused = true)]
async fn who_does_not_take_a_chunk_in_time_is_let_go_of() {
    let (_client, sender, carrying) = carried(1 << 10);
    let began = Instant::now();
    sender.send(vec![b'x'; CHUNK].into()).unwrap();
    let error = carrying.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), began.elapsed()), (io::ErrorKind::TimedOut, TAKEN));
}
