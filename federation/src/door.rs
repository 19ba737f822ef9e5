//! The door of buyers: each time that their server asks whether to let somebody in, it is answered.
//!
//! Out of scope: the messages ([`crate::lease`]), and who may come in, which the caller judges.
//!
//! What nobody answers, the server refuses after five seconds: while the node is away, nobody new comes in, and whoever is in stays until
//! the lease ends. What waits is bounded ([`crate::bus::OWN_SERVER`]); who is dropped there knocks again.

use jiff::Timestamp;

use crate::bus::{Bus, BusError, Delivery, Incoming, Link, Subscription};
use crate::hush::Hush;
use crate::lease::{Issuer, Knock, Lease};
use crate::subjects::Pattern;

/// Answers what the server asks over `node` until the subscription ends. `judge` says what a connection gets, or why nothing.
///
/// # Errors
/// The server cannot be listened to.
pub async fn attend(
    node: &Link,
    issuer: &Issuer,
    now: impl Fn() -> Timestamp,
    judge: impl Fn(&Knock) -> Result<Lease, String>,
) -> Result<(), BusError> {
    let mut knocks = node.subscribe(&Pattern::knocks()).await?;
    let unanswered = Hush::new();
    while let Some(delivery) = knocks.next().await {
        let Delivery::Message(asked) = delivery else { continue };
        if let Err(error) = answer(node, issuer, now(), &judge, &asked).await
            && let Some(times) = unanswered.heard()
        {
            tracing::warn!(
                error,
                times,
                "a connection to the server of buyers was not answered; the server refuses it"
            );
        }
    }
    Ok(())
}

async fn answer(
    node: &Link,
    issuer: &Issuer,
    now: Timestamp,
    judge: impl Fn(&Knock) -> Result<Lease, String>,
    asked: &Incoming,
) -> Result<(), String> {
    let server = node.server_id().ok_or("the server went away")?;
    let knock = Knock::read(&asked.payload, &server).map_err(|error| error.to_string())?;
    let answer = match judge(&knock) {
        Ok(lease) => issuer.grant(&knock, &lease, now),
        Err(why) => issuer.refuse(&knock, &why, now),
    };
    let answer = answer.map_err(|error| error.to_string())?;
    node.answer(asked, answer).await.map_err(|error| error.to_string())
}
