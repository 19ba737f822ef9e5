//! Very many subscribers of one server, as cheap as they can be: once all are there, what comes is counted and not even decrypted, for they
//! share the machine with the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Handshakes under way at once.
const HANDSHAKES: usize = 64;
/// Files that a process needs beside its connections.
const OTHER_FILES: u64 = 200;
/// Nothing more arrived for so long: it never will.
const STUCK: Duration = Duration::from_secs(30);
const PIECE: usize = 8 * 1024;

/// Connections on which something was asked, each as soon as it stood: whoever asks nothing for long is sent away.
#[derive(Default)]
pub(crate) struct Connected(Vec<TlsStream<TcpStream>>);

/// Subscribers that listen.
pub(crate) struct Crowd {
    round: Arc<AtomicUsize>,
    arrivals: mpsc::UnboundedReceiver<(usize, usize, Instant)>,
    _listening: JoinSet<()>,
}

/// Lets this process, and those that it starts, have as many files as so many connections need.
pub(crate) fn make_room(connections: usize) {
    let (limit, needed) = (getrlimit(Resource::Nofile), connections as u64 + OTHER_FILES);
    let most = limit.maximum.unwrap_or(u64::MAX);
    assert!(most >= needed, "{needed} open files are needed, and {most} allowed: raise the limit (ulimit -Hn)");
    if limit.current.is_some_and(|current| current < needed) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum: limit.maximum }).expect("a limit");
    }
}

impl Connected {
    /// Opens connections until there are so many, and asks on each for what `path` says to its number.
    pub(crate) async fn fill(
        &mut self,
        tls: &TlsConnector,
        address: SocketAddr,
        count: usize,
        path: impl Fn(usize) -> String,
    ) {
        let places = Arc::new(Semaphore::new(HANDSHAKES));
        let mut tasks = JoinSet::new();
        for number in self.0.len()..count {
            let (tls, places, path) = (tls.clone(), Arc::clone(&places), path(number));
            tasks.spawn(async move {
                let _place = places.acquire().await.expect("a place");
                let socket = TcpStream::connect(address).await.expect("a connection");
                let name = ServerName::try_from("localhost").expect("a name");
                let mut stream = tls.connect(name, socket).await.expect("a handshake");
                ask(&mut stream, &path).await;
                (number, stream)
            });
        }
        let mut streams = tasks.join_all().await;
        streams.sort_by_key(|(number, _)| *number);
        self.0.extend(streams.into_iter().map(|(_, stream)| stream));
    }

    /// Listens for events of `least` bytes or more; anything shorter is none.
    pub(crate) fn listen(self, least: usize) -> Crowd {
        let (sender, arrivals) = mpsc::unbounded_channel();
        let (round, mut listening) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
        for (number, stream) in self.0.into_iter().enumerate() {
            let (round, sender, socket) = (Arc::clone(&round), sender.clone(), stream.into_inner().0);
            listening.spawn(async move {
                let (mut bytes, mut of) = (0, 0);
                while let Some(read) = read(&socket).await {
                    let now = round.load(Ordering::Acquire);
                    bytes = if of == now { bytes + read } else { read };
                    of = now;
                    if bytes >= least {
                        bytes = 0;
                        let _ = sender.send((now, number, Instant::now()));
                    }
                }
            });
        }
        Crowd { round, arrivals, _listening: listening }
    }
}

impl Crowd {
    /// What arrives from now on is of the next event.
    pub(crate) fn begin(&self) -> usize {
        self.round.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// When that event arrived at each of `count` subscribers.
    pub(crate) async fn arrived(&mut self, round: usize, count: usize) -> Vec<Instant> {
        let mut at = Vec::with_capacity(count);
        while at.len() < count {
            let next = tokio::time::timeout(STUCK, self.arrivals.recv()).await;
            let next = next.unwrap_or_else(|_| panic!("{} of {count} were told", at.len()));
            let (of, _, when) = next.expect("they listen");
            if of == round {
                at.push(when);
            }
        }
        at
    }
}

/// Reads all there is; how much, unless it ended.
async fn read(socket: &TcpStream) -> Option<usize> {
    let (mut piece, mut bytes) = ([0; PIECE], 0);
    while bytes == 0 {
        socket.readable().await.ok()?;
        loop {
            match socket.try_read(&mut piece) {
                Ok(0) => return None,
                Ok(read) => bytes += read,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(_) => return None,
            }
        }
    }
    Some(bytes)
}

/// Asks, and reads the head of the answer and what came with it.
async fn ask(stream: &mut TlsStream<TcpStream>, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it is taken");
    let (mut answer, mut piece) = (Vec::new(), [0; PIECE]);
    while !answer.windows(4).any(|four| four == b"\r\n\r\n") {
        let read = stream.read(&mut piece).await.expect("an answer");
        assert!(read > 0, "the connection ended");
        answer.extend_from_slice(&piece[..read]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}
