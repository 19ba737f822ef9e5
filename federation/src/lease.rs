//! Leases of buyers on the registry's second nats-server: who asks to be let in, and the answer (NATS ADR-26, "auth callout").
//!
//! In scope: reading what the server asks, bounded and by its signature, and writing the answer, signed. Out of scope: who is a
//! buyer and whose certificate was revoked (`registry-node`), what the accounts are (`access::buyers`).
//!
//! ```text
//! server ─ $SYS.REQ.USER.AUTH ▶ node    JWT, signed by the server's own key: the client's certificates as the server verified
//!                                        them, and `user_nkey`, a key that it made for this one connection
//! node ─ reply ▶ server                  JWT, signed by the issuer that the server's configuration names:
//!                                        { sub: user_nkey, aud: server, nats: { type: authorization_response, jwt | error } }
//!                                        jwt: { sub: user_nkey, aud: account, name, exp, nats: { type: user, pub, sub, … } }
//! JWT = base64url({"typ":"JWT","alg":"ed25519-nkey"}) . base64url(claims) . base64url(signature over both)
//! ```
//!
//! An answer holds for one connection to one server: it names the key that the server made, so it is of no use anywhere else. With `exp`
//! the server ends the connection by itself, also when the node is gone.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use certs::Serial;
use conformity::ids::PartyId;
use jiff::Timestamp;
use ledger::encoding::{base64url_decode, base64url_encode};
use ledger::key::{SigningError, SigningKey};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::Inbox;
use crate::access::buyers::{ACCOUNT, PULLING, STREAM, SUBSCRIPTIONS};
use crate::nkey::{Nkey, Owner};
use crate::subjects::{Pattern, Token};

/// The most bytes of a request that are looked at. One with a chain of three certificates has some 5 KiB.
const LONGEST: usize = 64 << 10;
/// Bytes of a message that a buyer may send: it asks for the next messages, and says which it has.
const PAYLOAD: u32 = 1024;

const ALGORITHM: &str = "ed25519-nkey";
const AUDIENCE: &str = "nats-authorization-request";

/// What a server asks: may this connection come in?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knock {
    server: String,
    user: String,
    /// How the client calls the connection: its own word.
    pub called: String,
    /// The client's certificate, in PEM, as the server verified it against the CAs of its configuration.
    pub certificate: String,
}

/// Why a request is not looked at: it is not one of our server, or shows nobody. The server ends the connection when nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KnockError {
    /// Larger than any.
    #[error("the request is larger than {LONGEST} bytes")]
    TooLarge,
    /// Not a JWT of a request.
    #[error("the request cannot be read: {0}")]
    Malformed(&'static str),
    /// Signed by somebody else, or by nobody.
    #[error("the request is not signed by the server that we are connected to")]
    Forged,
    /// No verified certificate.
    #[error("the connection shows no certificate")]
    Nameless,
}

impl Knock {
    /// Reads a request of the server that calls itself `server`, to which the node is connected.
    ///
    /// # Errors
    /// It is not one of this server.
    pub fn read(token: &[u8], server: &str) -> Result<Self, KnockError> {
        let asked = verified(token, server)?;
        if asked.aud != AUDIENCE {
            return Err(KnockError::Malformed("it is meant for something else"));
        }
        let asked = asked.nats;
        let user: Nkey = asked.user_nkey.parse().map_err(|_| KnockError::Malformed("it names no user's key"))?;
        if user.owner() != Owner::User || asked.server_id.id != server {
            return Err(KnockError::Malformed("it names another server, or a key that is no user's"));
        }
        let chain = asked.client_tls.and_then(|tls| tls.verified_chains.into_iter().next());
        let certificate = chain.and_then(|chain| chain.into_iter().next()).ok_or(KnockError::Nameless)?;
        let called = asked.connect_opts.and_then(|options| options.name).unwrap_or_default();
        Ok(Self { server: asked.server_id.id, user: asked.user_nkey, called, certificate })
    }

    /// The key that the server made for the connection: another one for each.
    pub fn user(&self) -> &str {
        &self.user
    }
}

/// The claims, if `server` signed them.
fn verified(token: &[u8], server: &str) -> Result<Asked, KnockError> {
    if token.len() > LONGEST {
        return Err(KnockError::TooLarge);
    }
    let malformed = KnockError::Malformed;
    let mut parts = token.rsplitn(2, |byte| *byte == b'.');
    let (signature, signed) = (parts.next().unwrap_or_default(), parts.next().ok_or(malformed("it is no JWT"))?);
    let mut parts = signed.split(|byte| *byte == b'.');
    let (Some(head), Some(claims), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(malformed("it is no JWT"));
    };
    let decoded = |part| base64url_decode(part).ok_or(malformed("it is no base64url"));
    let head: Head = serde_json::from_slice(&decoded(head)?).map_err(|_| malformed("its header is no header"))?;
    let asked: Asked =
        serde_json::from_slice(&decoded(claims)?).map_err(|_| malformed("it asks for something else"))?;
    let signature = decoded(signature)?.try_into().map_err(|_| KnockError::Forged)?;
    let key: Nkey = asked.iss.parse().map_err(|_| KnockError::Forged)?;
    let ours = head.alg == ALGORITHM && key.owner() == Owner::Server && asked.iss == server;
    if ours && key.signed(signed, &signature) { Ok(asked) } else { Err(KnockError::Forged) }
}

#[derive(Deserialize)]
struct Head {
    alg: String,
}

/// The request, as far as it matters here.
#[derive(Deserialize)]
struct Asked {
    iss: String,
    aud: String,
    nats: About,
}

#[derive(Deserialize)]
struct About {
    server_id: Server,
    user_nkey: String,
    client_tls: Option<Tls>,
    connect_opts: Option<Options>,
}

#[derive(Deserialize)]
struct Options {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Server {
    id: String,
}

#[derive(Deserialize)]
struct Tls {
    #[serde(default)]
    verified_chains: Vec<Vec<String>>,
}

/// A buyer with the certificate by which it came in. The server calls the connection so, in its log and in the list of connections: there
/// it is judged again, by what is revoked and registered then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The buyer.
    pub party: PartyId,
    /// The certificate.
    pub serial: Serial,
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.party, self.serial)
    }
}

/// A text that names no connection of a buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not <party>/<serial number of its certificate>")]
pub struct NoTenant;

impl FromStr for Tenant {
    type Err = NoTenant;

    fn from_str(text: &str) -> Result<Self, NoTenant> {
        let (party, serial) = text.split_once('/').ok_or(NoTenant)?;
        Ok(Self { party: party.parse().map_err(|_| NoTenant)?, serial: serial.parse().map_err(|_| NoTenant)? })
    }
}

/// What a connection of a buyer gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Whose it is.
    pub tenant: Tenant,
    /// When the server ends the connection.
    pub until: Timestamp,
    /// What it may do.
    pub may: May,
}

impl Lease {
    /// What the connection may subscribe to. The server gives a message to one of each queue group, whoever else is in it: in a group that
    /// two buyers could name, one would take the other's. A line with a second word is what the server holds the names of groups against.
    fn hears(&self) -> Vec<String> {
        let mut hears = vec![format!("{}.>", Inbox::buyer(&self.tenant.party).as_str())];
        if let May::Hear(told) = &self.may {
            let own = Token::new(&self.tenant.party);
            hears.extend(told.iter().flat_map(|told| [told.as_str().to_owned(), format!("{} {own}.>", told.as_str())]));
        }
        hears
    }
}

/// What a connection of a buyer may do. Never both: who pulls says where its messages go, and where listeners are it could have them sent
/// to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum May {
    /// Listen.
    Hear(Vec<Pattern>),
    /// Pull from its own cursors, by their names.
    Pull(Vec<String>),
}

impl May {
    /// The account into which the connection is put.
    fn account(&self) -> &'static str {
        match self {
            Self::Hear(_) => ACCOUNT,
            Self::Pull(_) => PULLING,
        }
    }

    fn publishes(&self) -> serde_json::Value {
        match self {
            Self::Pull(cursors) if !cursors.is_empty() => {
                let subjects = cursors.iter().flat_map(|name| [pull_from(name), acknowledge(name)]);
                json!({ "allow": subjects.collect::<Vec<_>>() })
            }
            // An empty list of what is allowed would allow everything.
            Self::Pull(_) | Self::Hear(_) => json!({ "deny": [">"] }),
        }
    }
}

/// Where a reader asks for the next messages of a cursor.
pub fn pull_from(cursor: &str) -> String {
    format!("$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{cursor}")
}

/// Where it says which it has; each message names the subject.
fn acknowledge(cursor: &str) -> String {
    format!("$JS.ACK.{STREAM}.{cursor}.>")
}

/// Who answers: the key that the server's configuration names as the issuer.
#[derive(Debug)]
pub struct Issuer {
    key: SigningKey,
    name: Nkey,
}

/// A key that cannot sign leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("leases are signed with Ed25519 only: remove the key and let the node make another")]
pub struct NoIssuer;

impl Issuer {
    /// The issuer with this key.
    ///
    /// # Errors
    /// It is not Ed25519.
    pub fn new(key: SigningKey) -> Result<Self, NoIssuer> {
        let name = Nkey::of(Owner::Account, key.public_key());
        Ok(Self { name: name.ok_or(NoIssuer)?, key })
    }

    /// Its name in the server's configuration.
    pub fn name(&self) -> Nkey {
        self.name
    }

    /// Lets the connection in to the account of buyers, until the lease ends.
    ///
    /// # Errors
    /// The key does not sign.
    pub fn grant(&self, knock: &Knock, lease: &Lease, now: Timestamp) -> Result<Bytes, SigningError> {
        let hears = lease.hears();
        let user = json!({
            "sub": knock.user, "aud": lease.may.account(), "name": lease.tenant.to_string(), "iss": self.name.to_string(), "jti": knock.user,
            "iat": now.as_second(), "exp": lease.until.as_second(),
            "nats": {
                "type": "user", "version": 2,
                "pub": lease.may.publishes(), "sub": { "allow": hears },
                "subs": SUBSCRIPTIONS, "data": -1, "payload": PAYLOAD,
            },
        });
        self.respond(knock, &Answer::Jwt(self.sign(&user)?), now)
    }

    /// Sends the connection away; `why` gets into the log of the server, not to the client.
    ///
    /// # Errors
    /// The key does not sign.
    pub fn refuse(&self, knock: &Knock, why: &str, now: Timestamp) -> Result<Bytes, SigningError> {
        self.respond(knock, &Answer::Error(why.to_owned()), now)
    }

    fn respond(&self, knock: &Knock, answer: &Answer, now: Timestamp) -> Result<Bytes, SigningError> {
        let mut nats = json!(answer);
        nats["type"] = "authorization_response".into();
        nats["version"] = 2.into();
        let response = json!({
            "sub": knock.user, "aud": knock.server, "iss": self.name.to_string(), "jti": knock.user,
            "iat": now.as_second(), "nats": nats,
        });
        Ok(self.sign(&response)?.into())
    }

    fn sign(&self, claims: &serde_json::Value) -> Result<String, SigningError> {
        let head = format!(r#"{{"typ":"JWT","alg":"{ALGORITHM}"}}"#);
        let parts = [head.as_bytes(), claims.to_string().as_bytes()].map(base64url_encode);
        let signed = parts.join(".");
        let signature = self.key.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", base64url_encode(&signature)))
    }
}

/// The two answers there are.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Jwt(String),
    Error(String),
}

#[cfg(test)]
mod tests;
