//! Which addresses are this machine's own.
//!
//! The system is asked, not a list of interfaces read: a socket is bound to an address exactly where it is the machine's (bind(2),
//! `EADDRNOTAVAIL` else), a second address of an interface and one behind a local route included, and what was added a second ago. Nothing is sent. Where
//! the system is set to bind any address (`ip_nonlocal_bind`), the route says it: what goes to the first address of an interface comes from it.
//! Out of scope: an address that a router translates to this machine, which the machine does not know of.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use rustix::io::Errno;

/// Whether `address` is this machine's. Where the system does not say, it is taken for one.
pub(super) fn is_own(address: IpAddr) -> bool {
    if !binds(address) {
        return false;
    }
    !binds(nobodys(address)) || comes_from_itself(address)
}

/// An address for documents (RFC 5737, RFC 3849), which is nobody's.
fn nobodys(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::new(198, 51, 100, 254).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 0xfffe).into(),
    }
}

/// Whether a socket can have the address. An error of another kind (no file descriptor left) says nothing, and so allows nothing.
fn binds(address: IpAddr) -> bool {
    match UdpSocket::bind((address, 0)) {
        Ok(_) => true,
        Err(error) => {
            let elsewhere = error.kind() == io::ErrorKind::AddrNotAvailable;
            // A machine without IPv6 has no address of it.
            !(elsewhere || error.raw_os_error() == Some(Errno::AFNOSUPPORT.raw_os_error()))
        }
    }
}

/// Whether what is sent there would come from there.
fn comes_from_itself(address: IpAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let source = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect((address, 9))?;
        socket.local_addr()
    };
    source().is_ok_and(|source| source.ip() == address)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn own_addresses_are_known_and_others_are_not() {
        let [first, other] = ["127.0.0.1", "127.8.9.10"].map(|text| text.parse::<IpAddr>().unwrap());
        assert!(is_own(first) && comes_from_itself(first));
        assert!(is_own(other), "an address of an interface that is not its first");
        // Whatever address this machine has towards others is its own; without a network it has none.
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        if socket.connect("1.1.1.1:9").is_ok() {
            let towards_others = socket.local_addr().unwrap().ip();
            assert!(is_own(towards_others) && comes_from_itself(towards_others));
        }
        for address in ["1.1.1.1", "198.51.100.7", "2606:4700::1", "2001:db8:7::7"] {
            let address = address.parse().unwrap();
            assert!(!is_own(address) && !comes_from_itself(address), "{address}");
        }
    }
}
