//! A wire between a client and a server on this machine that can be cut.
//!
//! In scope: carrying bytes both ways, and ending every connection at once, in the middle of whatever it carries. What is carried is
//! never looked at.

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};

/// A port that leads to another.
pub(super) struct Wire {
    port: u16,
    connected: Arc<Mutex<Connected>>,
}

#[derive(Default)]
struct Connected {
    pairs: Vec<Pair>,
    /// Connections that were cut.
    cuts: usize,
}

/// Both ends of a connection.
struct Pair {
    client: TcpStream,
    server: TcpStream,
    /// Whether one of them closed it.
    is_over: Arc<AtomicBool>,
}

impl Wire {
    /// A wire to a port of this machine, until the program ends.
    pub(super) fn to(server: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
        let port = listener.local_addr()?.port();
        let connected = Arc::new(Mutex::new(Connected::default()));
        let all = Arc::clone(&connected);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // A server that is away ends the connection, as it would without a wire.
                let _ = join(&all, client, server);
            }
        });
        Ok(Self { port, connected })
    }

    /// Where clients connect.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Whether a client is connected.
    pub(super) fn is_used(&self) -> bool {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        connected.pairs.retain(|pair| !pair.is_over.load(Ordering::Relaxed));
        !connected.pairs.is_empty()
    }

    /// How many connections were cut.
    pub(super) fn cuts(&self) -> usize {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).cuts
    }

    /// Ends every connection.
    pub(super) fn cut(&self) {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        for pair in std::mem::take(&mut connected.pairs) {
            connected.cuts += usize::from(!pair.is_over.load(Ordering::Relaxed));
            end(&pair.client, &pair.server);
        }
    }
}

fn join(all: &Mutex<Connected>, client: TcpStream, server: u16) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
    let is_over = Arc::new(AtomicBool::new(false));
    let there = (client.try_clone()?, server.try_clone()?);
    let back = (server.try_clone()?, client.try_clone()?);
    // Before anything is carried: whoever reads of it finds it connected.
    let pair = Pair { client, server, is_over: Arc::clone(&is_over) };
    all.lock().unwrap_or_else(PoisonError::into_inner).pairs.push(pair);
    carry(there.0, there.1, &is_over);
    carry(back.0, back.1, &is_over);
    Ok(())
}

/// One way, until one end closes; then the other end is closed, too.
fn carry(mut from: TcpStream, mut to: TcpStream, is_over: &Arc<AtomicBool>) {
    let is_over = Arc::clone(is_over);
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        is_over.store(true, Ordering::Relaxed);
        end(&from, &to);
    });
}

/// An end that is closed already is what we want.
fn end(one: &TcpStream, other: &TcpStream) {
    let _ = one.shutdown(Shutdown::Both);
    let _ = other.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn what_is_cut_ends_at_both_ends_and_the_wire_stays() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let wire = Wire::to(server.local_addr().unwrap().port()).unwrap();
        for cuts in 1..3 {
            let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, wire.port())).unwrap();
            let (mut accepted, _) = server.accept().unwrap();
            let (mut heard, mut rest) = ([0; 5], Vec::new());
            client.write_all(b"hello").unwrap();
            accepted.read_exact(&mut heard).unwrap();
            assert_eq!(&heard, b"hello");
            assert!(wire.is_used());
            wire.cut();
            assert_eq!(client.read_to_end(&mut rest).unwrap(), 0);
            assert_eq!(accepted.read_to_end(&mut rest).unwrap(), 0);
            assert_eq!((wire.cuts(), wire.is_used()), (cuts, false));
        }
    }
}
