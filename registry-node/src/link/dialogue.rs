//! Speaking to one peer: dialling its nats-server, asking it, and what ends a conversation early.
//!
//! Out of scope: what is asked, and what becomes of the answers.

use std::sync::Arc;
use std::time::Duration;

use certs::{Client, ClientFiles, Trust};
use conformity::genesis::PeerRecord;
use conformity::ids::RegistryId;
use federation::access::Inbox;
use federation::bus::{Bound, Bus, BusError, Dial, FOREIGN_SERVER, Link};
use federation::follow::PeerFault;
use federation::messages::{Answer, Message, Refused};
use federation::mirror::MirrorError;
use federation::subjects::{Service, Subject};

use super::admission::Admission;
use crate::core::registry::Registry;

/// How long an answer may take, and how large it may be.
const BOUND: Bound = Bound { wait: Duration::from_secs(10), bytes: federation::access::MAX_PAYLOAD as usize };

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Setback {
    /// The peer is to blame.
    #[error(transparent)]
    Fault(#[from] PeerFault),
    /// The peer refused.
    #[error("the peer refused: {0}")]
    Refused(#[from] Refused),
    /// The connection.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The peer's log needs more room than the operator gives it.
    #[error(
        "{0}; what is mirrored stays and counts, but the peer is followed no further: raise limits.mirror_bytes in registry.toml and restart, or expel the peer"
    )]
    Full(MirrorError),
    /// We are to blame.
    #[error("{0:#}")]
    Own(#[from] anyhow::Error),
}

impl From<MirrorError> for Setback {
    fn from(error: MirrorError) -> Self {
        match error {
            MirrorError::Full { .. } => Setback::Full(error),
            error => Setback::Own(error.into()),
        }
    }
}

/// Dials the peer with the certificate that it gave us.
pub(super) async fn dial(registry: Arc<Registry>, peer: Arc<PeerRecord>) -> Result<Link, Setback> {
    let admission = Admission::read(&registry.folder.peer(&peer.registry))?;
    // Of roots that came later, one may be no certificate: the others count all the same.
    let roots = registry.witness.keys.roots(&peer);
    let usable = roots.iter().map(|root| root.as_bytes()).filter(|root| Trust::from_der(&[root]).is_ok());
    let trust = Trust::from_der(&usable.collect::<Vec<_>>());
    let files = ClientFiles { certificate: admission.certificate, key: admission.key };
    let tls = trust.and_then(|trust| Client::with_certificate(&trust, files)).map_err(anyhow::Error::from)?;
    let own = &registry.config.registry.id;
    let told = format!("tls://{}", admission.nats);
    let dialled = |address| Dial {
        address,
        tls: tls.clone(),
        name: own.to_string(),
        inbox: Inbox::peer(own),
        waiting: FOREIGN_SERVER,
    };
    // Where its log says that it went; then where its operator told ours, who may know of a move that we missed.
    let moved = registry.witness.keys.last_move(&peer).map(|last| last.nats_url.to_string());
    if let Some(address) = moved.filter(|address| *address != told) {
        match connected(dialled(address)).await {
            Ok(link) => return Ok(link),
            Err(error) => tracing::debug!(peer = %peer.registry, %error, "a peer is not where its log says"),
        }
    }
    Ok(connected(dialled(told)).await?)
}

async fn connected(dial: Dial) -> Result<Link, BusError> {
    let link = Link::dial(dial).await?;
    link.connected(BOUND.wait).await?;
    Ok(link)
}

/// Asks the peer and reads its answer.
pub(super) async fn ask<Q: Message, A>(
    link: &Link,
    peer: &RegistryId,
    service: Service,
    question: &Q,
) -> Result<A, Setback>
where
    Answer<A>: Message,
{
    let bytes = link.request(&Subject::ask(peer, service), question.encode(), BOUND).await?;
    match Answer::<A>::decode(&bytes).map_err(PeerFault::from)? {
        Answer::Ok(answer) => Ok(answer),
        Answer::Refused(refusal) => Err(refusal.into()),
    }
}
