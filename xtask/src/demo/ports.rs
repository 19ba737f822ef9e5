//! Ports that nobody uses at the moment.
//!
//! In scope: picking them, all different, outside the range from which the system hands out ports of its own accord. A port is
//! free when it can be bound; it is let go again for the program that is meant to have it, and another process may be quicker.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

/// Below what Linux (32768) and macOS (49152) hand out, above what services are known by.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// Remembers what it gave: a port is not in use yet when the next ones are picked.
#[derive(Debug, Default)]
pub(super) struct Ports(Mutex<BTreeSet<u16>>);

impl Ports {
    /// Picks ports on the loopback address.
    pub(super) fn pick<const N: usize>(&self) -> Result<[u16; N]> {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut picked = [0; N];
        for place in &mut picked {
            let port = candidates(process::id()).find(|port| !given.contains(port) && is_free(*port));
            *place = port.with_context(|| format!("no port is free from {FIRST} to {}", FIRST + COUNT - 1))?;
            given.insert(*place);
        }
        Ok(picked)
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Every port of the range once, from a place that differs between processes.
fn candidates(seed: u32) -> impl Iterator<Item = u16> {
    let start = seed.wrapping_mul(37) % u32::from(COUNT);
    (0..u32::from(COUNT))
        .filter_map(move |step| u16::try_from((start + step) % u32::from(COUNT)).ok())
        .map(|at| FIRST + at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn ports_differ_and_a_taken_one_is_left_alone() {
        let ports = Ports::default();
        let (first, second): ([u16; 8], [u16; 8]) = (ports.pick().unwrap(), ports.pick().unwrap());
        assert_eq!(first.iter().chain(&second).collect::<BTreeSet<_>>().len(), 16);
        let taken: Vec<TcpListener> =
            first.iter().map(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap()).collect();
        let third: [u16; 8] = Ports::default().pick().unwrap();
        assert!(third.iter().all(|port| !first.contains(port)), "{third:?} {taken:?}");
    }

    #[test]
    fn none_left_is_an_error() {
        let ports = Ports(Mutex::new((FIRST..FIRST + COUNT).collect()));
        assert!(ports.pick::<1>().unwrap_err().to_string().contains("no port is free"));
    }

    #[test]
    fn every_candidate_comes_once() {
        for seed in [0, 1, u32::MAX] {
            let all: BTreeSet<u16> = candidates(seed).collect();
            assert_eq!(all.len(), usize::from(COUNT));
            assert_eq!((all.first(), all.last()), (Some(&FIRST), Some(&(FIRST + COUNT - 1))));
        }
    }
}
