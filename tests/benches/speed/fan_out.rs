//! Two servers that tell many subscribers of an event, as yardsticks: one that does nothing but write the same bytes to each in a loop, and
//! one with a task for each subscriber that filters and writes for itself. TLS as the registry has it, and as little else as can be.
//!
//! A subscriber sends the head of a request; conditions are read from it. Whoever connects without TLS to the second port says line by line
//! which supplier there is an event about.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use conformity::identifiers::Identifier;
use registry_node::core::event::Event;
use registry_node::core::filter::Filter;
use tests::{Registry, node};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::bare;
use crate::interests::about;

/// The argument by which this program is asked to be such a server.
pub(crate) const SERVE: &str = "serve-fan-out";
/// Which of both.
pub(crate) const LOOP: &str = "loop";
pub(crate) const TASKS: &str = "tasks";

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\n\r\nretry: 1000\n";
/// Longest request that is looked at.
const REQUEST: usize = 4_096;
/// Events that a slow task may be behind.
const BEHIND: usize = 64;

/// One of them as a process of its own. When this goes, it ends.
pub(crate) struct FanOut {
    process: Child,
    /// Where subscribers come.
    pub(crate) address: SocketAddr,
    said: TcpStream,
}

impl FanOut {
    /// Starts it with the certificate of `registry`; an event is these bytes of JSON.
    pub(crate) async fn start(registry: &Registry, folder: &Path, kind: &str, json: &[u8]) -> Self {
        let (address, control) = (tests::ports::free(), tests::ports::free());
        bare::furnish(registry, folder, json);
        std::fs::write(folder.join("ports"), format!("{} {}", address.port(), control.port())).expect("ports");
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        let process = command.args([SERVE, kind]).arg(folder).stdin(Stdio::null()).spawn().expect("it starts");
        tests::soon("the yardstick listens", async || {
            TcpStream::connect(address).await.map(drop).map_err(|error| error.to_string())
        })
        .await;
        let said = TcpStream::connect(control).await.expect("it listens");
        Self { process, address, said }
    }

    /// Tells of an event about a supplier.
    pub(crate) async fn tell(&mut self, supplier: &str) {
        self.said.write_all(format!("{supplier}\n").as_bytes()).await.expect("it hears");
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Memory that is resident now.
    pub(crate) fn memory(&self) -> u64 {
        node::memory_of(self.process.id()).expect("Linux says how much").0
    }
}

impl Drop for FanOut {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until it is killed.
pub(crate) fn serve(kind: &str, folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("an event loop");
    runtime.block_on(listen(kind == TASKS, folder));
}

/// What is done for subscribers.
struct Server {
    acceptor: TlsAcceptor,
    /// Those to whom a loop writes.
    all: Mutex<Vec<TlsStream<TcpStream>>>,
    /// What tasks hear.
    events: broadcast::Sender<Arc<Event>>,
    json: Bytes,
}

async fn listen(by_task: bool, folder: &Path) {
    let ports = std::fs::read_to_string(folder.join("ports")).expect("ports");
    let ports: Vec<u16> = ports.split(' ').map(|port| port.parse().expect("a number")).collect();
    let server = Arc::new(Server {
        acceptor: TlsAcceptor::from(Arc::new(bare::config(folder))),
        all: Mutex::default(),
        events: broadcast::Sender::new(BEHIND),
        json: std::fs::read(folder.join("answer")).expect("an event").into(),
    });
    let control = TcpListener::bind((Ipv4Addr::LOCALHOST, ports[1])).await.expect("the port is free");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, ports[0])).await.expect("the port is free");
    tokio::spawn(Arc::clone(&server).hear(control, by_task));
    loop {
        let (socket, _) = listener.accept().await.expect("a connection");
        let _ = socket.set_nodelay(true);
        tokio::spawn(Arc::clone(&server).subscriber(socket, by_task));
    }
}

impl Server {
    async fn subscriber(self: Arc<Self>, socket: TcpStream, by_task: bool) {
        let Ok(mut stream) = self.acceptor.accept(socket).await else { return };
        let mut head = vec![0; REQUEST];
        let read = stream.read(&mut head).await.expect("a request");
        let filter = Filter { suppliers: suppliers(&head[..read]), ..Filter::default() };
        drop(head);
        stream.write_all(HEAD).await.expect("it is taken");
        stream.flush().await.expect("it is sent");
        if !by_task {
            return self.all.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
        }
        let (mut events, nobody) = (self.events.subscribe(), std::collections::HashSet::new());
        while let Ok(event) = events.recv().await {
            if filter.passes(&event, &nobody) {
                stream.write_all(&frame(&event)).await.expect("it is taken");
                stream.flush().await.expect("it is sent");
            }
        }
    }

    async fn hear(self: Arc<Self>, control: TcpListener, by_task: bool) {
        let (said, _) = control.accept().await.expect("somebody says what happens");
        let mut lines = BufReader::new(said).lines();
        while let Ok(Some(supplier)) = lines.next_line().await {
            let event = Event { json: self.json.clone(), ..about(supplier.parse().expect("an identifier")) };
            if by_task {
                let _ = self.events.send(Arc::new(event));
                continue;
            }
            let frame = frame(&event);
            let mut all = std::mem::take(&mut *self.all.lock().unwrap_or_else(PoisonError::into_inner));
            for stream in &mut all {
                stream.write_all(&frame).await.expect("it is taken");
                stream.flush().await.expect("it is sent");
            }
            *self.all.lock().unwrap_or_else(PoisonError::into_inner) = all;
        }
    }
}

/// The event as the registry sends it.
fn frame(event: &Event) -> Vec<u8> {
    [b"id: ", event.id().as_bytes(), b"\ndata: ", &event.json, b"\n\n"].concat()
}

/// The suppliers that a request names.
fn suppliers(head: &[u8]) -> Vec<Identifier> {
    let head = String::from_utf8_lossy(head);
    let query = head.split(' ').nth(1).and_then(|path| path.split_once('?')).map_or("", |(_, query)| query);
    query.split('&').filter_map(|pair| pair.strip_prefix("supplier=")?.parse().ok()).collect()
}
