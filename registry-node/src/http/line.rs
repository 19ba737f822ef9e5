//! A connection that carries one event stream and nothing else: from the first answer on it needs no HTTP.
//!
//! A stream may last for months, and there are very many. What hyper keeps ready for a next request is several times as much as a reader that
//! waits; so it gives the connection away before it has answered, and what follows is the rest of HTTP/1.1: a head, and chunks.
//! Out of scope: which connections (`server`), and what is told on them (`events`).

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, StatusCode, Version};
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use warp::http::response::Parts;
use warp::reply::Response;

use super::answer::EVENTS;
use super::room::LOOK;

/// Bytes after which no more pieces are put into one chunk.
const CHUNK: usize = 32 * 1024;
/// How long the client may take to make room for a chunk.
const TAKEN: Duration = LOOK;
/// Bytes that a client may say meanwhile.
const SAID: usize = 64 * 1024;
/// How the end of the stream is written.
const END: &[u8] = b"0\r\n\r\n";

/// Whether an answer to it could have the connection for itself: nothing of the request, or of others before it, is under way.
pub(super) fn could_stream(request: &Request<Incoming>) -> bool {
    let is_whole = request.body().is_end_stream();
    is_whole && request.version() == Version::HTTP_11 && request.method() == Method::GET
}

/// Whether an answer is an event stream.
pub(super) fn is_stream(response: &Response) -> bool {
    response.status() == StatusCode::OK && response.headers().get(CONTENT_TYPE).is_some_and(|one| one == EVENTS)
}

/// Sends the answer until its stream ends, the client goes, or nothing can be sent any more.
pub(super) async fn carry(
    mut io: impl AsyncRead + AsyncWrite + Unpin,
    response: Response,
    now: Timestamp,
) -> io::Result<()> {
    let (parts, body) = response.into_parts();
    // It is asked once more after its end, where that came right behind a piece.
    let mut body = body.into_data_stream().fuse();
    send(&mut io, &head(&parts, now)).await?;
    drop(parts);
    let mut said = 0;
    loop {
        let told = tokio::select! {
            biased;
            told = told(&mut body) => told.map_err(io::Error::other)?,
            () = gone(&mut io, &mut said) => return Ok(()),
        };
        let Some(text) = told else { break };
        send(&mut io, &chunk(&text)).await?;
    }
    send(&mut io, END).await?;
    io.shutdown().await
}

/// Sends it, to whoever takes it in time.
async fn send(io: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    let sending = async {
        io.write_all(bytes).await?;
        io.flush().await
    };
    tokio::pin!(sending);
    // Most take it at once, and need no clock.
    match sending.as_mut().now_or_never() {
        Some(sent) => sent,
        None => tokio::time::timeout(TAKEN, sending).await?,
    }
}
/// Returns when the client ended the connection, or says too much on it. While it is told of events nothing that it says is answered; but it is
/// read, or its end would not be noticed, and ours might not reach it.
async fn gone(io: &mut (impl AsyncRead + Unpin), said: &mut usize) {
    while *said <= SAID {
        match io.read(&mut [0; 16]).await {
            Ok(0) | Err(_) => return,
            Ok(read) => *said += read,
        }
    }
}

fn head(parts: &Parts, now: Timestamp) -> Vec<u8> {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT");
    let status = parts.status;
    let mut head = format!("HTTP/1.1 {status}\r\ndate: {date}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n")
        .into_bytes();
    for (name, value) in &parts.headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// All text that is there, for what is told at once is sent at once; nothing when the stream ended.
async fn told<E>(body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin)) -> Result<Option<Vec<u8>>, E> {
    let mut text = Vec::new();
    poll_fn(|context| {
        while text.len() < CHUNK {
            match body.poll_next_unpin(context) {
                Poll::Ready(Some(piece)) => text.extend_from_slice(&piece?),
                Poll::Pending if text.is_empty() => return Poll::Pending,
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        Poll::Ready(Ok((!text.is_empty()).then(|| std::mem::take(&mut text))))
    })
    .await
}

fn chunk(text: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", text.len()).as_bytes(), text, b"\r\n"].concat()
}

#[cfg(test)]
mod tests;
