//! Whoever dials a nats-server of a registry: buyers as they should, and others as they should not.

use std::time::Duration;

use bytes::Bytes;
use certs::{Client, ClientFiles, Trust};
use federation::access::Inbox;
use federation::bus::{
    Bound, Bus, BusError, Delivery, Dial, Incoming, Link, LinkSubscription, OWN_SERVER, Subscription,
};
use serde_json::Value;
use tokio::time::timeout;

use crate::party::Party;
use crate::registry::Registry;
use crate::wait::{PATIENCE, soon};

/// A connection to a registry's nats-server, with whatever certificate.
#[derive(Debug, Clone)]
pub struct Dialled {
    link: Link,
}

impl Dialled {
    /// Dials the server of buyers of `registry` with a certificate, believing its root.
    ///
    /// # Panics
    /// When the files cannot be used.
    pub async fn as_buyer(registry: &Registry, files: ClientFiles, inbox: Inbox) -> Dialled {
        Dialled::dial(registry, registry.buyers_address(), files, inbox).await
    }

    async fn dial(registry: &Registry, address: &str, files: ClientFiles, inbox: Inbox) -> Dialled {
        let trust = Trust::read(&registry.folder().ca_public().root()).expect("the root is there");
        let tls = Client::with_certificate(&trust, files).expect("the certificate can be used");
        let address = format!("tls://{address}");
        let link = Link::dial(Dial { address, tls, name: "test".to_owned(), inbox, waiting: OWN_SERVER })
            .await
            .expect("an address");
        Dialled { link }
    }

    /// Dials `host` as the peer `guest`, with the certificate that the host issued to it.
    ///
    /// # Panics
    /// When there is none.
    pub async fn as_peer(host: &Registry, guest: &Registry) -> Dialled {
        let folder = guest.folder().peer(&host.id().parse().expect("a registry id"));
        let files = ClientFiles { certificate: folder.join("nats.pem"), key: folder.join("nats.key") };
        let address = &host.config().nats.public_address;
        Dialled::dial(host, address, files, Inbox::peer(&guest.id().parse().expect("a registry id"))).await
    }

    /// The link itself.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Waits until the server lets it in.
    ///
    /// # Panics
    /// When it does not.
    pub async fn connected(&self) {
        self.link.connected(PATIENCE).await.expect("the server lets it in");
    }

    /// Waits until the connection is gone.
    ///
    /// # Panics
    /// When it stays.
    pub async fn cut(&self, within: Duration) {
        let mut state = self.link.state();
        let waited = timeout(within, state.wait_for(|state| !state.connected)).await;
        waited.expect("the connection is cut in time").expect("a link keeps its state");
    }

    /// Waits until the server has let a buyer in and seen what it listens to. The client calls itself connected before that; the server
    /// answers in order, so once it refused something, it has seen what came before.
    async fn seen(&self) {
        let _refused = self.listen("_INBOX.nobody.>").await;
        soon("the server has let the buyer in", async || {
            let said = self.link.state().borrow().last_error.clone().unwrap_or_default();
            if said.to_lowercase().contains("permissions violation") { Ok(()) } else { Err(said) }
        })
        .await;
    }

    /// Listens to a subject or pattern.
    ///
    /// # Panics
    /// When it is none.
    pub async fn listen(&self, pattern: &str) -> Listening {
        let subscription = self.link.subscribe(&pattern.parse().expect("a pattern")).await.expect("a subscription");
        // What is published from now on arrives: the server has seen the subscription.
        self.link.flush().await.expect("the server is there");
        Listening { subscription }
    }

    /// Asks a subject and waits for the answer.
    ///
    /// # Errors
    /// As the bus says.
    pub async fn ask(&self, subject: &str, payload: &Value) -> Result<Value, BusError> {
        let bound = Bound { wait: Duration::from_secs(2), bytes: 1 << 20 };
        let payload = serde_json::to_vec(payload).expect("a value has a JSON form");
        let answer = self.link.request(&subject.parse().expect("a subject"), payload.into(), bound).await?;
        Ok(serde_json::from_slice(&answer).expect("an answer is JSON"))
    }

    /// Sends a message and waits until the server took it, or said why not.
    ///
    /// # Errors
    /// As the bus says.
    pub async fn publish(&self, subject: &str, payload: Bytes) -> Result<(), BusError> {
        self.link.publish(&subject.parse().expect("a subject"), payload).await?;
        self.link.flush().await
    }
}

/// A subscription.
#[derive(Debug)]
pub struct Listening {
    subscription: LinkSubscription,
}

impl Listening {
    /// The next message within `wait`; other deliveries are passed over.
    pub async fn within(&mut self, wait: Duration) -> Option<Incoming> {
        let message = async {
            loop {
                match self.subscription.next().await {
                    Some(Delivery::Message(message)) => return Some(message),
                    Some(_) => {}
                    None => return None,
                }
            }
        };
        timeout(wait, message).await.ok().flatten()
    }

    /// The next message, as the event it carries.
    ///
    /// # Panics
    /// When none comes, or it carries none.
    pub async fn next(&mut self) -> (String, Value) {
        let message = self.within(PATIENCE).await.expect("a message");
        (message.subject, serde_json::from_slice(&message.payload).expect("an event"))
    }
}

/// A buyer who listens on NATS.
#[derive(Debug)]
pub struct Buyer {
    /// Its connection.
    pub dialled: Dialled,
    listening: Listening,
}

impl Buyer {
    /// Listens to everything that a registry tells its buyers.
    pub async fn listen(registry: &Registry, party: &Party) -> Buyer {
        let (certificate, key) = party.credentials().tls();
        let inbox = Inbox::buyer(&party.credentials().about.party);
        let dialled = Dialled::as_buyer(registry, ClientFiles { certificate, key }, inbox).await;
        dialled.connected().await;
        let listening = dialled.listen(&format!("status.{}.*.*", registry.id())).await;
        dialled.seen().await;
        Buyer { dialled, listening }
    }

    /// The next event, with its subject.
    pub async fn next(&mut self) -> (String, Value) {
        self.listening.next().await
    }

    /// The next event if one comes within `wait`.
    pub async fn within(&mut self, wait: Duration) -> Option<Incoming> {
        self.listening.within(wait).await
    }
}
