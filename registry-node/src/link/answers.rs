//! Answering peers on our own nats-server. Who asks is the server's word (the subject), never the message's.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use conformity::audience::{Audience, audience};
use conformity::basis::of_log_keys;
use conformity::ids::RegistryId;
use conformity::in_force::Pair;
use credential::bundle::KeyHistory;
use federation::bus::{Bus, Delivery, Incoming, Link, Subscription};
use federation::follow::Scope;
use federation::hush::Hush;
use federation::messages::{
    Answer, AttachmentRequest, CheckpointRequest, Cosign, CosignAnswer, DisclosuresRequest, Done, Evidence, Hello,
    HelloRequest, KeysRequest, Message, Notice, Piece, Range, RangeRequest, Refused, RestrictedRequest,
};
use federation::serve::{self, Quota};
use federation::subjects::{Pattern, Service, asked};
use federation::witness::Refusal;
use ledger::journal::Stored;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::peers::Peers;
use super::scope::{between, scope};
use super::{disclosures, notices, restricted};
use crate::core::feed::parse_committed;
use crate::core::registry::Registry;
use crate::witness::{NotCosigned, NotLearnt};

/// Questions that a peer may ask at once, and per second in the long run.
const QUESTIONS: (f64, f64) = (1_024.0, 1_024.0);
/// Notices and evidence cost an entry or a place in the vault, keys many signatures: a peer may send far fewer of them.
const NOTICES: (f64, f64) = (64.0, 1.0);
/// What credentials keep back costs a place in the vault for each verdict.
const DISCLOSURES: (f64, f64) = (64.0, 4.0);

/// Restricted verdicts are asked for range by range, and cost a place in the vault where there are any.
const RESTRICTED: (f64, f64) = (256.0, 128.0);

/// Questions of one peer that may wait while another of its questions is answered.
const WAITING: usize = 64;

/// Answers until `shutdown`: each peer at a desk of its own, so that none waits for another's.
pub(super) async fn run(registry: Arc<Registry>, peers: Arc<Peers>, node: Link, shutdown: CancellationToken) {
    let mut hall = Hall { registry, peers, node, desks: HashMap::new() };
    while !shutdown.is_cancelled() {
        match hall.node.subscribe(&Pattern::all_services()).await {
            Ok(mut questions) => {
                while let Some(Some(delivery)) = shutdown.run_until_cancelled(questions.next()).await {
                    if let Delivery::Message(question) = delivery {
                        hall.receive(question);
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

/// Where questions arrive, and the desk of each peer that ever asked. Only peers with an account can ask.
struct Hall {
    registry: Arc<Registry>,
    peers: Arc<Peers>,
    node: Link,
    desks: HashMap<RegistryId, mpsc::Sender<(Service, Incoming)>>,
}

impl Hall {
    fn receive(&mut self, question: Incoming) {
        let Some((peer, service)) = asked(&question.subject) else { return };
        let desk = self.desks.entry(peer.clone()).or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(WAITING);
            let desk = Desk::new(Arc::clone(&self.registry), Arc::clone(&self.peers), peer.clone());
            // It ends with the hall, which holds the other end.
            tokio::spawn(desk.work(receiver, self.node.clone()).in_current_span());
            sender
        });
        if desk.try_send((service, question)).is_err() {
            // Who floods us gets no answers; it asks again when it has time.
            self.registry.metrics.peer_fault(&peer, "flood");
        }
    }
}

struct Desk {
    registry: Arc<Registry>,
    peers: Arc<Peers>,
    peer: RegistryId,
    questions: Quota,
    notices: Quota,
    disclosures: Quota,
    restricted: Quota,
}

impl Desk {
    fn new(registry: Arc<Registry>, peers: Arc<Peers>, peer: RegistryId) -> Desk {
        let [questions, notices, disclosures, restricted] =
            [QUESTIONS, NOTICES, DISCLOSURES, RESTRICTED].map(|(most, per_second)| Quota::new(most, per_second));
        Desk { registry, peers, peer, questions, notices, disclosures, restricted }
    }

    async fn work(mut self, mut questions: mpsc::Receiver<(Service, Incoming)>, node: Link) {
        while let Some((service, question)) = questions.recv().await {
            let answer = if self.within_quota(service) {
                self.answer(service, &question.payload).await
            } else {
                self.registry.metrics.peer_fault(&self.peer, "quota");
                refused("quota", "too many questions; ask again later")
            };
            if let Err(error) = node.answer(&question, answer).await {
                tracing::debug!(peer = %self.peer, %error, "an answer did not reach a peer");
            }
        }
    }

    fn within_quota(&mut self, service: Service) -> bool {
        let now = self.registry.now();
        self.questions.take(1.0, now)
            && match service {
                // What a peer shows of its own keys is verified before it is known to be nothing new.
                Service::Notice | Service::Evidence | Service::Keys => self.notices.take(1.0, now),
                Service::Disclosures => self.disclosures.take(1.0, now),
                Service::Restricted => self.restricted.take(1.0, now),
                _ => true,
            }
    }

    async fn answer(&self, service: Service, payload: &[u8]) -> Bytes {
        let (log, peer) = (&self.registry.log, &self.peer);
        match service {
            Service::Hello => with(payload, |_: HelloRequest| self.hello()),
            Service::Checkpoint => with(payload, |request: CheckpointRequest| serve::checkpoint(log, &request)),
            Service::Keys => {
                let (registry, peer) = (Arc::clone(&self.registry), peer.clone());
                aside(payload, move |request: KeysRequest| keys(&registry, &peer, request.own.as_ref())).await
            }
            Service::Range => {
                let (registry, peer, known) =
                    (Arc::clone(&self.registry), self.peer.clone(), self.registry.known().await);
                aside(payload, move |request: RangeRequest| range(&registry, &peer, &request, known)).await
            }
            Service::Attachment => {
                let registry = Arc::clone(&self.registry);
                aside(payload, move |request: AttachmentRequest| attachment(&registry, &request)).await
            }
            Service::Disclosures => {
                let (registry, peer) = (Arc::clone(&self.registry), peer.clone());
                aside(payload, move |request: DisclosuresRequest| disclosures::answer(&registry, &peer, &request)).await
            }
            Service::Restricted => {
                let (registry, peer, known) = (Arc::clone(&self.registry), peer.clone(), self.registry.known().await);
                let answer = move |request: RestrictedRequest| restricted::answer(&registry, &peer, &request, known);
                aside(payload, answer).await
            }
            Service::Cosign => {
                let (registry, peer) = (Arc::clone(&self.registry), peer.clone());
                aside(payload, move |request: Cosign| cosign(&registry, &peer, &request)).await
            }
            Service::Notice => match Notice::decode(payload) {
                Ok(notice) => self.outcome(notices::receive(&self.registry, &self.peers, peer, &notice).await),
                Err(error) => refused("malformed", &error.to_string()),
            },
            Service::Evidence => match Evidence::decode(payload) {
                Ok(evidence) => self.outcome(notices::receive_evidence(&self.registry, peer, &evidence)),
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

    fn outcome(&self, outcome: Result<(), Refused>) -> Bytes {
        match outcome {
            Ok(()) => Answer::Ok(Done {}).encode(),
            Err(refusal) => {
                self.registry.metrics.peer_fault(&self.peer, &refusal.code);
                Answer::<Done>::Refused(refusal).encode()
            }
        }
    }
}

/// What the peer shows of its own log is learnt first: it is proven, and nobody else could have shown it under its name.
fn keys(registry: &Registry, peer: &RegistryId, theirs: Option<&KeyHistory>) -> Answer<KeyHistory> {
    if let Some(theirs) = theirs {
        let learnt = notices::known(registry, peer).and_then(|record| {
            let learnt = registry.witness.keys.learn(&record, theirs);
            learnt.map_err(|error| match error {
                NotLearnt::Fault(fault) => Refused::new(fault.code(), fault.to_string()),
                NotLearnt::Vault(_) => Refused::new("not-stored", "the keys could not be kept; show them again later"),
            })
        });
        if let Err(refusal) = learnt {
            registry.metrics.peer_fault(peer, &refusal.code);
            return Answer::Refused(refusal);
        }
    }
    let places = of_log_keys(&*registry.read_model.register());
    serve::keys(&registry.log, &places)
}

fn range(registry: &Registry, peer: &RegistryId, request: &RangeRequest, known: u64) -> Answer<Range> {
    let pair = Pair { from: &registry.config.registry.id, to: peer };
    let scope = scope(&between(&*registry.read_model.register(), pair), pair, registry.now());
    serve::range(&registry.log, request, known, |index, compact| is_shown(registry, index, compact, &scope))
}

fn is_shown(registry: &Registry, index: u64, compact: &Bytes, scope: &Scope) -> bool {
    let Ok(statement) = parse_committed(compact) else { return false };
    match audience(&*registry.read_model.register(), &statement, index) {
        Audience::Foundation => true,
        Audience::Scheme(scheme) => scope.contains(&scheme),
        Audience::Relations | Audience::Own => false,
    }
}

/// Only what public documents name: a digest alone opens nothing else.
fn attachment(registry: &Registry, request: &AttachmentRequest) -> Answer<Piece> {
    let is_public = {
        let register = registry.read_model.register();
        register.documents().any(|record| record.document.attachment == Some(request.digest))
    };
    if is_public {
        serve::attachment(&registry.log, request)
    } else {
        Answer::Refused(Refused::new("not-found", "there is no such attachment"))
    }
}

fn cosign(registry: &Registry, peer: &RegistryId, request: &Cosign) -> Answer<CosignAnswer> {
    let record = match notices::known(registry, peer) {
        Ok(record) => record,
        Err(refusal) => return Answer::Refused(refusal),
    };
    match registry.witness.cosign(&record, request, registry.now()) {
        Ok(line) => Answer::Ok(CosignAnswer::Cosignature(line)),
        Err(NotCosigned::Refused(Refusal::Conflict { cosigned })) => Answer::Ok(CosignAnswer::Conflict(cosigned)),
        Err(error) => {
            registry.metrics.peer_fault(peer, error.code());
            Answer::Refused(Refused::new(error.code(), error.to_string()))
        }
    }
}

/// Answers on a thread that may read from the disk at length.
async fn aside<Q: Message, A: Send + 'static>(
    payload: &[u8],
    answer: impl FnOnce(Q) -> Answer<A> + Send + 'static,
) -> Bytes
where
    Answer<A>: Message,
{
    let payload = payload.to_vec();
    let answered = tokio::task::spawn_blocking(move || with(&payload, answer)).await;
    answered.unwrap_or_else(|error| {
        static UNANSWERED: Hush = Hush::new();
        if let Some(times) = UNANSWERED.heard() {
            tracing::error!(%error, times, "a peer's question could not be answered");
        }
        refused("internal", "the question could not be answered")
    })
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
