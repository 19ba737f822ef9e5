//! Answering peers on our own nats-server. Who asks is the server's word (the subject), never the message's.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use conformity::audience::{Audience, audience};
use conformity::ids::RegistryId;
use conformity::in_force::Pair;
use federation::bus::{Bus, Delivery, Incoming, Link, Subscription};
use federation::follow::Scope;
use federation::messages::{
    Answer, AttachmentRequest, CheckpointRequest, Done, Evidence, Hello, HelloRequest, Message, Notice, RangeRequest,
    Refused,
};
use federation::serve::{self, Quota};
use federation::subjects::{Pattern, Service, asked};
use ledger::journal::Stored;
use tokio_util::sync::CancellationToken;

use super::notices;
use super::peers::Peers;
use super::scope::{between, scope};
use crate::core::feed::parse_committed;
use crate::core::registry::Registry;

/// Questions that a peer may ask at once, and per second in the long run.
const QUESTIONS: (f64, f64) = (512.0, 256.0);
/// Notices and evidence cost an entry or a place in the vault: a peer may send far fewer of them.
const NOTICES: (f64, f64) = (64.0, 1.0);

/// Answers until `shutdown`.
pub(super) async fn run(registry: Arc<Registry>, peers: Arc<Peers>, node: Link, shutdown: CancellationToken) {
    let mut desk = Desk { registry, peers, quotas: HashMap::new() };
    while !shutdown.is_cancelled() {
        match node.subscribe(&Pattern::all_services()).await {
            Ok(mut questions) => {
                while let Some(Some(delivery)) = shutdown.run_until_cancelled(questions.next()).await {
                    if let Delivery::Message(question) = delivery {
                        desk.receive(&node, question).await;
                    }
                }
            }
            Err(error) => {
                tracing::debug!(%error, "peers cannot be answered yet");
                let _ = shutdown.run_until_cancelled(tokio::time::sleep(super::RETRY)).await;
            }
        }
    }
}

struct Desk {
    registry: Arc<Registry>,
    peers: Arc<Peers>,
    quotas: HashMap<RegistryId, (Quota, Quota)>,
}

impl Desk {
    async fn receive(&mut self, node: &Link, question: Incoming) {
        let Some((peer, service)) = asked(&question.subject) else { return };
        let answer = if self.within_quota(&peer, service) {
            self.answer(&peer, service, &question.payload).await
        } else {
            self.registry.metrics.peer_fault(&peer, "quota");
            refused("quota", "too many questions; ask again later")
        };
        if let Err(error) = node.answer(&question, answer).await {
            tracing::debug!(%peer, %error, "an answer did not reach a peer");
        }
    }

    fn within_quota(&mut self, peer: &RegistryId, service: Service) -> bool {
        let now = self.registry.now();
        let fresh = || (Quota::new(QUESTIONS.0, QUESTIONS.1), Quota::new(NOTICES.0, NOTICES.1));
        let (questions, notices) = self.quotas.entry(peer.clone()).or_insert_with(fresh);
        questions.take(1.0, now) && (!matches!(service, Service::Notice | Service::Evidence) || notices.take(1.0, now))
    }

    async fn answer(&self, peer: &RegistryId, service: Service, payload: &[u8]) -> Bytes {
        let log = &self.registry.log;
        match service {
            Service::Hello => with(payload, |_: HelloRequest| self.hello()),
            Service::Checkpoint => with(payload, |request: CheckpointRequest| serve::checkpoint(log, &request)),
            Service::Range => with(payload, |request: RangeRequest| {
                let scope = self.scope(peer);
                serve::range(log, &request, |_, compact| self.shown(compact, &scope))
            }),
            Service::Attachment => with(payload, |request: AttachmentRequest| self.attachment(&request)),
            Service::Notice => match Notice::decode(payload) {
                Ok(notice) => self.outcome(peer, notices::receive(&self.registry, &self.peers, peer, &notice).await),
                Err(error) => refused("malformed", &error.to_string()),
            },
            Service::Evidence => match Evidence::decode(payload) {
                Ok(evidence) => self.outcome(peer, notices::receive_evidence(&self.registry, peer, &evidence)),
                Err(error) => refused("malformed", &error.to_string()),
            },
        }
    }

    fn hello(&self) -> Answer<Hello> {
        match self.registry.log.statement(0) {
            Ok(Stored::Bytes(genesis)) => Answer::Ok(Hello {
                genesis: String::from_utf8_lossy(&genesis).into_owned(),
                checkpoint: self.registry.log.checkpoint().to_string(),
            }),
            _ => Answer::Refused(Refused::new("internal", "the genesis cannot be read")),
        }
    }

    fn scope(&self, peer: &RegistryId) -> Scope {
        let pair = Pair { from: &self.registry.config.registry.id, to: peer };
        scope(&between(&*self.registry.read_model.register(), pair), pair, self.registry.now())
    }

    fn shown(&self, compact: &Bytes, scope: &Scope) -> bool {
        let Ok(statement) = parse_committed(compact) else { return false };
        match audience(&*self.registry.read_model.register(), &statement) {
            Audience::Foundation => true,
            Audience::Scheme(scheme) => scope.contains(&scheme),
            Audience::Relations | Audience::Own => false,
        }
    }

    /// Only what public documents name: a digest alone opens nothing else.
    fn attachment(&self, request: &AttachmentRequest) -> Answer<federation::messages::Piece> {
        let public = {
            let register = self.registry.read_model.register();
            register.documents().any(|record| record.document.attachment == Some(request.digest))
        };
        if public {
            serve::attachment(&self.registry.log, request)
        } else {
            Answer::Refused(Refused::new("not-found", "there is no such attachment"))
        }
    }

    fn outcome(&self, peer: &RegistryId, outcome: Result<(), Refused>) -> Bytes {
        match outcome {
            Ok(()) => Answer::Ok(Done {}).encode(),
            Err(refusal) => {
                self.registry.metrics.peer_fault(peer, &refusal.code);
                Answer::<Done>::Refused(refusal).encode()
            }
        }
    }
}

fn with<Q: Message, A>(payload: &[u8], answer: impl FnOnce(Q) -> Answer<A>) -> Bytes
where
    Answer<A>: Message,
{
    match Q::decode(payload) {
        Ok(question) => answer(question).encode(),
        Err(error) => refused("malformed", &error.to_string()),
    }
}

fn refused(code: &str, text: &str) -> Bytes {
    Answer::<Done>::Refused(Refused::new(code, text)).encode()
}
