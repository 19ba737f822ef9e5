//! What the certificates of an authority look like, as templates for rcgen.
//!
//! ```text
//! root                     P-256, path length 1, signs issuing CAs and nothing else
//!  ├─ servers CA  n        serverAuth only; may not name parties or peers
//!  ├─ peers CA    n        clientAuth only; only names below peer.<host> and node.<host>, no addresses
//!  ├─ parties CA  n        clientAuth only; only names below <role>.<host>, no addresses
//!  └─ signing CA  n        documentSigning only (RFC 9336), over keys that sign statements; the same names
//! ```
//!
//! So even a stolen issuing key cannot make a certificate of another branch that a verifier takes: its CA certificate
//! says what it is for and which names it may give. There are no constraints on URI names, because rustls-webpki refuses
//! every certificate below such a constraint; [`crate::Speaker`] and the door check the URI instead.
//!
//! Out of scope: keys, files, and when to issue.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use conformity::ids::Origin;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints, SanType, SerialNumber,
};

use crate::holder::{Branch, Holder, ServerName, Window};
use crate::identity::{Identity, host_of, party_subtrees, peer_subtrees};
use crate::serial::Serial;

/// Twenty years: peers pin the root in the genesis of the log.
pub(crate) const ROOT_DAYS: u16 = 7305;

/// Ten years, of which an issuing CA is to be used for nine: nothing it issues outlives it.
pub(crate) const ISSUING_DAYS: u16 = 3653;

/// `id-kp-documentSigning`, RFC 9336.
const DOCUMENT_SIGNING: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 3, 36];

/// RFC 5280 sets this bound on the attributes of a subject.
const LONGEST_ATTRIBUTE: usize = 64;

/// The root of a registry.
pub(crate) fn root(origin: &Origin, serial: Serial, window: Window) -> CertificateParams {
    let name = subject("Secure Trust Registry root CA", Some(origin));
    authority(name, serial, window, 1)
}

/// An issuing CA; `generation` tells it from those before it.
pub(crate) fn issuing(
    branch: Branch,
    generation: u32,
    origin: &Origin,
    serial: Serial,
    window: Window,
) -> CertificateParams {
    let name = format!("Secure Trust Registry {} CA {generation}", branch.as_str());
    let mut params = authority(subject(&name, Some(origin)), serial, window, 0);
    params.extended_key_usages = vec![purpose(branch)];
    params.name_constraints = Some(constraints(branch, origin));
    params.use_authority_key_identifier_extension = true;
    params
}

/// A certificate for `holder`, who is called `names` beside the URI.
pub(crate) fn leaf(
    holder: &Holder,
    names: &[ServerName],
    origin: &Origin,
    serial: Serial,
    window: Window,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = dated(serial, window);
    params.distinguished_name = subject(common_name(holder.identity()), None);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose(holder.branch())];
    params.use_authority_key_identifier_extension = true;
    params.subject_alt_names = vec![SanType::URI(holder.identity().uri(origin).try_into()?)];
    for name in names {
        params.subject_alt_names.push(match name {
            ServerName::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
            ServerName::Ip(address) => SanType::IpAddress(*address),
        });
    }
    Ok(params)
}

/// Seconds since 1970, for the calendar that rcgen uses. Nothing here was issued before.
pub(crate) fn since_epoch(at: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default())
}

/// The calendar's beginning, from which [`since_epoch`] counts.
macro_rules! calendar {
    ($at:expr) => {
        rcgen::date_time_ymd(1970, 1, 1) + $crate::profile::since_epoch($at)
    };
}
pub(crate) use calendar;

fn authority(name: DistinguishedName, serial: Serial, window: Window, below: u8) -> CertificateParams {
    let mut params = dated(serial, window);
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn dated(serial: Serial, window: Window) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(serial.as_bytes()));
    params.not_before = calendar!(window.from);
    params.not_after = calendar!(window.until);
    params
}

fn subject(common: &str, origin: Option<&Origin>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    if let Some(origin) = origin {
        name.push(DnType::OrganizationName, cut(host_of(origin)));
    }
    name.push(DnType::CommonName, cut(common));
    name
}

/// For people who look; nobody decides by it.
fn common_name(identity: &Identity) -> &str {
    match identity {
        Identity::Party { id, .. } => id.as_str(),
        Identity::Peer { registry } => registry.as_str(),
        Identity::Node(user) => user.as_str(),
        Identity::Server => "server",
    }
}

/// Host names and ids are ASCII, so every place is a boundary; if not, nothing is cut.
fn cut(text: &str) -> &str {
    text.get(..LONGEST_ATTRIBUTE).unwrap_or(text)
}

fn purpose(branch: Branch) -> ExtendedKeyUsagePurpose {
    match branch {
        Branch::Servers => ExtendedKeyUsagePurpose::ServerAuth,
        Branch::Peers | Branch::Parties => ExtendedKeyUsagePurpose::ClientAuth,
        Branch::Signing => ExtendedKeyUsagePurpose::Other(DOCUMENT_SIGNING.to_vec()),
    }
}

fn constraints(branch: Branch, origin: &Origin) -> NameConstraints {
    let below = |names: Vec<String>| names.into_iter().map(GeneralSubtree::DnsName).collect();
    let (permitted, excluded) = match branch {
        Branch::Servers => {
            let held = [party_subtrees(origin), peer_subtrees(origin)].concat();
            (Vec::new(), below(held))
        }
        Branch::Peers => (below(peer_subtrees(origin)), every_address()),
        Branch::Parties | Branch::Signing => (below(party_subtrees(origin)), every_address()),
    };
    NameConstraints { permitted_subtrees: permitted, excluded_subtrees: excluded }
}

fn every_address() -> Vec<GeneralSubtree> {
    [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)]
        .map(|any| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(any, 0)))
        .into()
}
