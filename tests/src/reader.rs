//! A buyer that pulls from a cursor on NATS, with a client of its own: it may name any subject as the place for answers.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, Subject, Subscriber};
use bytes::Bytes;
use certs::{ClientFiles, Trust};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::party::Party;
use crate::registry::Registry;

/// A connection of a buyer that pulls.
#[derive(Debug)]
pub struct Reader {
    /// The connection.
    pub client: Client,
    cursor: Value,
    inbox: Subject,
    told: Subscriber,
}

/// A message that was pulled.
#[derive(Debug)]
pub struct Pulled {
    /// The id of its event.
    pub id: String,
    /// The event.
    pub event: Value,
    acknowledge: Subject,
}

impl Reader {
    /// Connects as what the registry shows of a cursor says.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn open(registry: &Registry, party: &Party, cursor: &Value) -> Reader {
        let trust = Trust::read(&registry.folder().ca_public().root()).expect("the root is there");
        let (certificate, key) = party.credentials().tls();
        let tls = certs::Client::with_certificate(&trust, ClientFiles { certificate, key }).expect("a certificate");
        let inbox = cursor["inbox"].as_str().expect("an inbox");
        let options = ConnectOptions::new()
            .name(cursor["connectionName"].as_str().expect("a name"))
            .tls_client_config(tls.nats_config())
            .require_tls(true)
            .tls_first()
            .custom_inbox_prefix(inbox)
            .retry_on_initial_connect();
        let client = options.connect(cursor["nats"].as_str().expect("an address")).await.expect("a client");
        let inbox: Subject = client.new_inbox().into();
        let told = client.subscribe(inbox.clone()).await.expect("an inbox of its own");
        client.flush().await.expect("it is connected");
        Reader { client, cursor: cursor.clone(), inbox, told }
    }

    /// Asks for so many messages, and takes those that come.
    pub async fn pull(&mut self, most: usize) -> Vec<Pulled> {
        let subject = self.cursor["pull"].as_str().expect("a subject").to_owned();
        self.pull_from(&subject, most).await
    }

    /// The same from whatever subject.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn pull_from(&mut self, subject: &str, most: usize) -> Vec<Pulled> {
        self.ask(subject, &self.inbox.clone(), &json!({"batch": most, "expires": 1_000_000_000})).await;
        let mut pulled = Vec::new();
        while pulled.len() < most {
            let Ok(Some(message)) = timeout(Duration::from_secs(2), self.told.next()).await else { break };
            let Some(acknowledge) = message.reply.filter(|_| message.status.is_none()) else { break };
            let event: Value = serde_json::from_slice(&message.payload).expect("an event");
            let id = event["id"].as_str().expect("an id").to_owned();
            pulled.push(Pulled { id, event, acknowledge });
        }
        pulled
    }

    /// Says that it has a message.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn acknowledge(&self, pulled: &Pulled) {
        self.client.publish(pulled.acknowledge.clone(), Bytes::new()).await.expect("it is connected");
        self.client.flush().await.expect("it is connected");
    }

    /// Asks, and names where the answer is to go.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn ask(&self, subject: &str, answers: &Subject, question: &Value) {
        let question = question.to_string().into();
        self.client.publish_with_reply(subject.to_owned(), answers.clone(), question).await.expect("it is connected");
        self.client.flush().await.expect("it is connected");
    }
}
