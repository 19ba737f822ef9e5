//! Certificates of a registry: its own CAs, whom a certificate speaks for, and TLS made of both.
//!
//! A registry lets in only certificates that its own authority issued. This crate makes that authority
//! ([`Authority`]), reads names out of certificates that were validated ([`Speaker`]), and holds the two ends of a
//! TLS connection ([`Https`], [`Client`]) whose certificates and CRLs change without a restart. No other crate names
//! rustls; async-nats gets its configuration from [`Client::nats_config`].
//!
//! Nothing here reads a clock to stamp a certificate: `now` is a parameter. Validation of paths, dates and CRLs at a
//! handshake is rustls' own, by the system's clock.
//!
//! Out of scope: what a party may do; HTTP; accounts and subjects of NATS; making keys that sign statements, and judging
//! the certificates over them, which `credential` does.

mod admission;
mod authority;
mod bounded;
mod ca;
mod client;
mod crl;
mod files;
mod holder;
mod https;
mod identity;
mod issue;
mod nats;
mod profile;
mod provider;
mod public;
mod refusal;
mod register;
mod request;
mod revocation;
mod root;
mod serial;
mod speaker;
mod stream;

pub use authority::{Authority, AuthorityError, Former, Target};
pub use client::{Client, ClientFiles, ConnectError, Trust};
pub use files::FileError;
pub use holder::{Branch, Holder, HolderError, Lifetime};
pub use https::{Accepted, Https, HttpsFiles, TlsError};
pub use identity::{Identity, NodeUser, UriError};
pub use issue::{Certificate, Credential, chain_from_pem, chain_to_pem};
pub use nats::{NatsTls, UnfitPath};
pub use provider::install_crypto_provider;
pub use public::PublicFolder;
pub use refusal::{AcceptError, CertificateRefusal};
pub use register::{Issued, Reason, RegisterError, Revoked};
pub use request::{Application, Possession, RequestError};
pub use revocation::{RevocationError, RevocationList};
pub use serial::{NoRandomness, Serial, SerialError};
pub use speaker::{Speaker, SpeakerError};
pub use stream::Stream;
