//! Requests that leave this machine because somebody outside asked for them: whereto they may go.
//!
//! A party names an address, and the node goes there. So that nobody reaches by us what he could not reach himself (services inside the
//! operator's networks, the metadata of a cloud, what this machine serves to itself), a name is resolved once, every address that comes of it is held against the rule, and the connection
//! goes to the address that was held against it: what the name means a moment later is of no matter. Redirects are not followed.
//! Out of scope: what is said there (`buyer::webhook`), and when (`buyer::dispatch`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use certs::{Client as Tls, ConnectError};
use hyper::Uri;
use hyper::header::HeaderValue;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use super::own_address::is_own;
use crate::client::sender::Sender;

/// Longest address.
const MAX_ADDRESS: usize = 2_048;
/// Most addresses that a name may have.
const MAX_RESOLVED: usize = 32;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where to: `https://host[:port][/path][?query]`, no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    text: String,
    host: String,
    port: u16,
    path: String,
}

/// A text that is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write an address such as https://buyer.example/webhook: https, no user, no fragment, at most 2,048 bytes")]
pub struct AddressError;

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'#' && byte != b'@';
        let rest = text.strip_prefix("https://").filter(|_| text.len() <= MAX_ADDRESS && text.bytes().all(plain));
        let uri: Uri = rest.and_then(|_| text.parse().ok()).ok_or(AddressError)?;
        let authority = uri.authority().ok_or(AddressError)?;
        let host = Some(authority.host()).filter(|host| !host.is_empty()).ok_or(AddressError)?;
        // What is left beside the host is a colon and a port that fits, or nothing: what cannot be read is no port left out.
        let port = match authority.as_str().strip_prefix(host) {
            Some("") => 443,
            _ => authority.port_u16().filter(|port| *port > 0).ok_or(AddressError)?,
        };
        let (text, host) = (text.to_owned(), host.trim_matches(['[', ']']).to_owned());
        Ok(Address { text, host, port, path: origin_form(&uri) })
    }
}

/// Path and query as they stand in a request (RFC 9112, section 3.2.1): with a slash first, also where the address has none.
fn origin_form(uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Address, AddressError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.text
    }
}

impl Address {
    /// Path and query.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn authority(&self) -> Option<&str> {
        self.text.strip_prefix("https://")?.split(['/', '?']).next()
    }
}

/// A network, as `10.1.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Network, Self::Err> {
        let read = || {
            let (address, bits) = text.split_once('/')?;
            let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
            (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(Network { address, bits })
        };
        read().ok_or("write a network such as 10.1.0.0/16 or fd00::/8")
    }
}

impl TryFrom<String> for Network {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Network, Self::Error> {
        text.parse()
    }
}

impl Network {
    /// Whether `address` is of it.
    fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => same(own.to_bits().into(), other.to_bits().into(), 32, self.bits),
            (IpAddr::V6(own), IpAddr::V6(other)) => same(own.to_bits(), other.to_bits(), 128, self.bits),
            _ => false,
        }
    }
}

fn same(own: u128, other: u128, width: u8, bits: u8) -> bool {
    (own ^ other).checked_shr(u32::from(width - bits)).unwrap_or(0) == 0
}

/// Whether anybody may be sent there: an address of the public Internet (IANA's registries of special-purpose addresses), in either form.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = [
        (Ipv4Addr::new(0, 0, 0, 0), 8),
        (Ipv4Addr::new(10, 0, 0, 0), 8),
        (Ipv4Addr::new(100, 64, 0, 0), 10),
        (Ipv4Addr::new(127, 0, 0, 0), 8),
        (Ipv4Addr::new(169, 254, 0, 0), 16),
        (Ipv4Addr::new(172, 16, 0, 0), 12),
        (Ipv4Addr::new(192, 0, 0, 0), 24),
        (Ipv4Addr::new(192, 0, 2, 0), 24),
        (Ipv4Addr::new(192, 88, 99, 0), 24),
        (Ipv4Addr::new(192, 168, 0, 0), 16),
        (Ipv4Addr::new(198, 18, 0, 0), 15),
        (Ipv4Addr::new(198, 51, 100, 0), 24),
        (Ipv4Addr::new(203, 0, 113, 0), 24),
        (Ipv4Addr::new(224, 0, 0, 0), 3),
    ];
    !special.iter().any(|(own, bits)| Network { address: IpAddr::V4(*own), bits: *bits }.holds(address.into()))
}

/// Global unicast alone (2000::/3), without what holds an IPv4 address or is for documents.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let of = |own: [u16; 2], bits| {
        let own = Ipv6Addr::new(own[0], own[1], 0, 0, 0, 0, 0, 0);
        Network { address: IpAddr::V6(own), bits }.holds(address.into())
    };
    of([0x2000, 0], 3)
        && !(of([0x2001, 0], 23) || of([0x2001, 0xdb8], 32) || of([0x2002, 0], 16) || of([0x3fff, 0], 20))
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The name does not resolve, or leads into a private network: which of both is not told, or names inside could be found out.
    #[error("its host has no public address, and this registry sends into no private network")]
    Nowhere,
    /// Nothing answers there.
    #[error("nothing can be reached there: {0}")]
    Unreachable(std::io::Error),
    /// No TLS.
    #[error(transparent)]
    Tls(#[from] ConnectError),
    /// Not HTTP.
    #[error("it does not speak HTTP: {0}")]
    Http(#[from] hyper::Error),
    /// It did not come about in time.
    #[error("no connection within {CONNECT_TIMEOUT:?}")]
    Slow,
}

/// The way out.
#[derive(Debug, Clone)]
pub struct Outbound {
    tls: Tls,
    allowed: Vec<Network>,
}

impl Outbound {
    /// Believing receivers by the roots in `tls`; into private networks only where they are `allowed`.
    pub fn new(tls: Tls, allowed: Vec<Network>) -> Outbound {
        Outbound { tls, allowed }
    }

    /// Connects to `address`, where it may be gone to.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub(crate) async fn connect(&self, address: &Address) -> Result<Sender, OutboundError> {
        let connecting = async {
            let socket = dial(&resolve(address, &self.allowed).await?).await?;
            let stream = self.tls.connect(&address.host, socket, CONNECT_TIMEOUT).await?;
            let host = address.authority().and_then(|host| HeaderValue::from_str(host).ok());
            Ok(Sender::over(stream, host.ok_or(OutboundError::Nowhere)?).await?)
        };
        tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.map_err(|_| OutboundError::Slow)?
    }
}

/// The addresses of a host, none of which is where nothing may be sent: one that is among others is no accident.
async fn resolve(address: &Address, allowed: &[Network]) -> Result<Vec<SocketAddr>, OutboundError> {
    let resolved = tokio::net::lookup_host((address.host.as_str(), address.port)).await;
    let resolved: Vec<SocketAddr> = resolved.map_err(|_| OutboundError::Nowhere)?.take(MAX_RESOLVED).collect();
    let may_go = !resolved.is_empty() && resolved.iter().all(|one| may_be_gone_to(one.ip(), allowed, is_own));
    if may_go { Ok(resolved) } else { Err(OutboundError::Nowhere) }
}

/// Whether something may be sent there: into a network that was allowed, else to the public Internet, and not back to this machine: its own
/// addresses are public where it stands there, and lead to what it serves to itself.
fn may_be_gone_to(address: IpAddr, allowed: &[Network], is_own: impl Fn(IpAddr) -> bool) -> bool {
    let address = address.to_canonical();
    allowed.iter().any(|network| network.holds(address)) || (is_public(address) && !is_own(address))
}

async fn dial(resolved: &[SocketAddr]) -> Result<TcpStream, OutboundError> {
    let socket = TcpStream::connect(resolved).await.map_err(OutboundError::Unreachable)?;
    // Deliveries are small; without this they are only slower.
    let _ = socket.set_nodelay(true);
    Ok(socket)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_public_internet_is_gone_to() {
        let public =
            ["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "2606:4700::1", "::ffff:1.1.1.1", "2001:200::1"];
        let private = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.19.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:a00:1::",
            "3fff::1",
            "::7f00:1",
        ];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in private {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_machines_own_public_address_is_not_gone_to_unless_allowed() {
        let own: IpAddr = "198.211.0.7".parse().unwrap();
        let allowed: Vec<Network> = vec!["198.211.0.0/24".parse().unwrap()];
        let rows = [("198.211.0.7", false, true), ("::ffff:198.211.0.7", false, true), ("198.211.0.8", true, true)];
        for (address, anybody, if_allowed) in rows {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(may_be_gone_to(address, &[], |one| one == own), anybody, "{address}");
            assert_eq!(may_be_gone_to(address, &allowed, |one| one == own), if_allowed, "{address}");
        }
    }

    #[test]
    fn networks_hold_what_is_of_them() {
        let rows = [
            ("10.1.0.0/16", "10.1.255.1", true),
            ("10.1.0.0/16", "10.2.0.1", false),
            ("127.0.0.1/32", "127.0.0.1", true),
            ("0.0.0.0/0", "9.9.9.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "::1", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
        ];
        for (network, address, holds) in rows {
            assert_eq!(
                network.parse::<Network>().unwrap().holds(address.parse().unwrap()),
                holds,
                "{network} {address}"
            );
        }
        for text in ["10.0.0.0", "10.0.0.0/33", "::/129", "x/8", "10.0.0.0/-1"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_are_read_strictly() {
        let address: Address = "https://[2606:4700::1]:8443/a?b=c".parse().unwrap();
        assert_eq!((address.host.as_str(), address.port, address.path()), ("2606:4700::1", 8443, "/a?b=c"));
        assert_eq!(address.authority(), Some("[2606:4700::1]:8443"));
        let address: Address = "https://buyer.example".parse().unwrap();
        assert_eq!((address.host.as_str(), address.port, address.path()), ("buyer.example", 443, "/"));
        let address: Address = "https://buyer.example?x=1".parse().unwrap();
        assert_eq!((address.path(), address.authority()), ("/?x=1", Some("buyer.example")));
        let long = format!("https://buyer.example/{}", "x".repeat(MAX_ADDRESS));
        let broken = [
            "http://buyer.example",
            "https://",
            "https://a@buyer.example",
            "https://buyer.example/#x",
            "ftp://x",
            "https://b c",
            "https://buyer.example:99999/",
            "https://buyer.example:0/",
            "https://buyer.example:/",
            "https://buyer.example:",
            "https://[2606:4700::1]:99999",
            "https://:443/",
            &long,
        ];
        for text in broken {
            assert_eq!(text.parse::<Address>(), Err(AddressError), "{text}");
        }
    }

    #[tokio::test]
    async fn nothing_is_sent_into_private_networks_unless_allowed() {
        let loopback: Vec<Network> = ["127.0.0.0/8", "::1/128"].map(|text| text.parse().unwrap()).into();
        let hosts =
            ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "169.254.169.254", "0x7f.1", "2130706433"];
        for host in hosts {
            let address: Address = format!("https://{host}:1/").parse().unwrap();
            let refused = resolve(&address, &[]).await;
            assert!(matches!(refused, Err(OutboundError::Nowhere)), "{host}: {refused:?}");
            let allowed = resolve(&address, &loopback).await;
            assert_eq!(allowed.is_ok(), !host.starts_with("169."), "{host}: {allowed:?}");
        }
    }
}
