//! A connection of HTTP/1.1 written by hand, with a certificate or without: what our own client never does, since it agrees on HTTP/2.

use std::time::Duration;

use certs::{Client, ClientFiles, Stream, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::registry::Registry;
use crate::wait::PATIENCE;

/// An open connection.
pub struct Plain(Stream<TcpStream>);

impl Plain {
    /// Dials the door of `registry`.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn dial(registry: &Registry, files: Option<ClientFiles>) -> Plain {
        let trust = Trust::read(&registry.folder().ca_public().root()).expect("the root is there");
        let client = match files {
            Some(files) => Client::with_certificate(&trust, files),
            None => Client::anonymous(&trust),
        };
        let tcp = TcpStream::connect(registry.config().http.listen).await.expect("it listens");
        let stream = client.expect("the certificate can be used").connect("localhost", tcp, PATIENCE).await;
        Plain(stream.expect("it is let in"))
    }

    /// Asks, and reads the head of the answer; says its status.
    ///
    /// # Panics
    /// When the connection breaks, or nothing comes for long.
    pub async fn ask(&mut self, path: &str) -> u16 {
        let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.0.write_all(head.as_bytes()).await.expect("it takes a request");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, self.0.read_u8()).await.expect("an answer in time").expect("an answer");
            answer.push(byte);
        }
        let answer = String::from_utf8(answer).expect("text");
        let length =
            answer.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or_default()];
        timeout(PATIENCE, self.0.read_exact(&mut body)).await.expect("a body in time").expect("a body");
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    }

    /// Reads on until the other end closes or breaks the connection; whether it did within `wait`.
    pub async fn ended(&mut self, wait: Duration) -> bool {
        let mut bytes = [0; 4096];
        let reading = async {
            // Events and farewells are no end.
            while !matches!(self.0.read(&mut bytes).await, Ok(0) | Err(_)) {}
        };
        timeout(wait, reading).await.is_ok()
    }
}
