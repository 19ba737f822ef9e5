//! Ports that nobody uses at the moment, each given once.
//!
//! They lie below the range that the system hands out by itself: a server that is killed and started again must find its
//! port free, not taken by somebody's outgoing connection meanwhile.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process;
use std::sync::{Mutex, PoisonError};

/// Below what Linux (32768) and macOS (49152) hand out, above what services are known by.
const FIRST: u16 = 20_000;
const COUNT: u32 = 12_000;

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// An address on this machine that is free.
///
/// # Panics
/// When none is.
pub fn free() -> SocketAddr {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let start = process::id().wrapping_mul(61) % COUNT;
    let ports = (0..COUNT).filter_map(|step| u16::try_from((start + step) % COUNT).ok()).map(|at| FIRST + at);
    let free = |port: &u16| !given.contains(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let port = ports.into_iter().find(free).expect("a port is free");
    given.insert(port);
    (Ipv4Addr::LOCALHOST, port).into()
}
