//! How many of something each has at once, so that no single one keeps all others from it: connections from one address, event streams of
//! one holder of certificates. Of whoever has none nothing is kept.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// From where a connection comes, as far as that tells two apart: with IPv6 whoever has one address has all that share its first 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Source(IpAddr);

impl Source {
    /// That of an address.
    pub(super) fn of(address: IpAddr) -> Source {
        Source(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        })
    }
}

impl Default for Source {
    /// That of whoever came through no door.
    fn default() -> Self {
        Source(Ipv4Addr::UNSPECIFIED.into())
    }
}

/// What each has open.
pub(super) struct Each<K> {
    most: usize,
    open: Mutex<HashMap<K, usize>>,
}

/// One of those that somebody has open.
pub(super) struct One<K: Eq + Hash> {
    of: Arc<Each<K>>,
    whose: K,
}

impl<K: Clone + Eq + Hash> Each<K> {
    /// For each at most so many.
    pub(super) fn new(most: usize) -> Self {
        Each { most, open: Mutex::default() }
    }

    /// One more of `whose`, unless that has as many as it may have.
    pub(super) fn one_more(self: &Arc<Self>, whose: K) -> Option<One<K>> {
        let mut all = self.open();
        let open = all.entry(whose.clone()).or_default();
        if *open >= self.most {
            return None;
        }
        *open += 1;
        Some(One { of: Arc::clone(self), whose })
    }
}

impl<K> Each<K> {
    fn open(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Drop for One<K> {
    fn drop(&mut self) {
        let mut all = self.of.open();
        // Whoever has one is there.
        if let Some(open) = all.get_mut(&self.whose) {
            *open -= 1;
            if *open == 0 {
                all.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_has_so_many_and_nothing_is_kept_of_who_has_none() {
        let each = Arc::new(Each::new(2));
        let (first, second) = (each.one_more("a").unwrap(), each.one_more("a").unwrap());
        assert!(each.one_more("a").is_none());
        let other = each.one_more("b").unwrap();
        drop(first);
        let third = each.one_more("a").unwrap();
        assert!(each.one_more("a").is_none());
        drop((second, third, other));
        assert!(each.open().is_empty());
    }

    #[test]
    fn addresses_of_one_network_are_one_source() {
        let source = |address: &str| Source::of(address.parse().unwrap());
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::7"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }
}
