//! Where a reader goes on when the registry that it reads has moved, or has ended in favour of another one.
//!
//! In scope: finding that out, and proving it before anything is believed there: a move by the log's own history, which leads from the pinned
//! genesis; a successor by the statement that ended the registry, in the same history, and by the successor's history, which leads from the
//! genesis that the statement carries. Out of scope: reading events ([`super::watch`]).

use anyhow::{Context as _, bail, ensure};
use conformity::statement::{Claim, Statement};
use conformity::succession::RegistryClosed;
use credential::bundle::{KeyHistory, Proven};
use ledger::jws::Unverified;

use super::output;
use super::pinned::Pinned;
use super::watch::{PAUSE, is_passing};
use crate::client::{Client, ClientError};

/// Most places that one reader is led on to: a log names at most 64, and each of them once.
const MAX_STEPS: usize = 64;

/// What a reader was told that makes it look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// That the registry is served at this address from now on.
    Moved(String),
    /// That the registry ended.
    Closed,
}

/// Where it goes on.
pub(super) enum Next {
    /// Where it is: the registry is there already, or still.
    Here,
    /// At another address of the same log, behind the same event.
    Moved(Client),
    /// In the log of the successor, from its start.
    Succeeded(Box<Successor>),
}

/// The registry that goes on where another one ended.
pub(super) struct Successor {
    /// How to speak to it: as anybody, since nobody has a certificate there by having one here.
    pub(super) client: Client,
    /// Its genesis, as the registry that ended named it.
    pub(super) pinned: Pinned,
    /// Where it is.
    pub(super) http_url: String,
}

/// Where to go on, proven.
///
/// # Errors
/// What was told is not proven, or an address that is proven does not answer as that registry.
pub(super) async fn next(client: &Client, pinned: &Pinned, told: Told) -> anyhow::Result<Next> {
    match told {
        Told::Moved(http_url) => moved(client, pinned, http_url).await,
        Told::Closed => closed(client, pinned).await,
    }
}

/// The entry with which the registry ended, if it did.
///
/// # Errors
/// It proves nothing of itself.
pub(super) async fn end(client: &Client, pinned: &Pinned) -> anyhow::Result<Option<u64>> {
    let (proven, _) = proven(client, pinned).await?;
    Ok(proven.begun.closed.as_ref().map(|end| end.moment.index))
}

/// What the registry proves of itself there.
async fn proven(client: &Client, pinned: &Pinned) -> anyhow::Result<(Proven, KeyHistory)> {
    let (_, history) = pinned.key_history(&mut client.connect().await?).await?;
    Ok((pinned.proven(&history)?, history))
}

fn last_move(proven: &Proven) -> Option<&str> {
    proven.begun.moves.last().map(|last| last.http_url.as_str())
}

/// Goes to where the log says that its registry is. An old move that is read once more leads nowhere.
async fn moved(client: &Client, pinned: &Pinned, http_url: String) -> anyhow::Result<Next> {
    let mut target = match proven(client, pinned).await {
        Ok((proven, _)) => last_move(&proven).map_or(http_url, str::to_owned),
        // The node that was left ends at once, and anybody may have its address; where it says that it went, its log has to prove it.
        Err(error) if is_passing(&error) || is_strangers(&error) => http_url,
        Err(error) => return Err(error),
    };
    for _ in 0..MAX_STEPS {
        if client.is_at(&target) {
            return Ok(Next::Here);
        }
        let there = client.at(&target)?;
        let (proven, _) = patiently(&there, pinned, &target).await?;
        match last_move(&proven) {
            Some(last) if last == target => return Ok(Next::Moved(there)),
            Some(last) => last.clone_into(&mut target),
            None => bail!(
                "this registry was said to be at {target} now, and its log does not say so there; keep this output"
            ),
        }
    }
    bail!("the log of this registry leads on and on; keep this output")
}

/// Whether whoever has the address now has no certificate of the registry.
fn is_strangers(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ClientError::Handshake { .. }))
}

/// What a registry proves of itself at an address that may not be served yet.
async fn patiently(client: &Client, pinned: &Pinned, http_url: &str) -> anyhow::Result<(Proven, KeyHistory)> {
    let mut waits = false;
    loop {
        match proven(client, pinned).await {
            Err(error) if is_passing(&error) => {
                if !std::mem::replace(&mut waits, true) {
                    output::note(&format!("{http_url}: {error:#}; asking again until it answers"));
                }
            }
            proven => return proven,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Goes to the successor that the log names, by the word that it gave.
async fn closed(client: &Client, pinned: &Pinned) -> anyhow::Result<Next> {
    let (proven, history) = patiently(client, pinned, &client.url()).await?;
    let Some(end) = proven.begun.closed.as_deref() else {
        bail!("this registry was said to have ended, and its log does not say so; keep this output")
    };
    let said = statement(&history, end.moment.index)?;
    let acceptance = said.acceptance.context("the end of this registry carries no word of its successor")?;
    let successor = Pinned::parse(&acceptance.genesis)?;
    let named = conformity::Digest::from_bytes(*successor.digest.as_bytes()) == end.closed.genesis_digest;
    ensure!(named, "the end of this registry names another successor than it carries");
    let http_url = end.closed.http_url.to_string();
    let there = client.elsewhere(&http_url, &successor.genesis.ca_roots)?;
    let (found, _) = patiently(&there, &successor, &http_url).await?;
    let http_url = last_move(&found).map_or(http_url, str::to_owned);
    // The genesis only led here. Events are read from whoever has a certificate below a root that the log trusts now: a root that it
    // retired is anybody's.
    let client = client.elsewhere(&http_url, &found.begun.trusted_roots())?;
    patiently(&client, &successor, &http_url).await?;
    Ok(Next::Succeeded(Box::new(Successor { client, pinned: successor, http_url })))
}

/// The statement that ended the registry, whole.
fn statement(history: &KeyHistory, index: u64) -> anyhow::Result<RegistryClosed> {
    let item = history.statements.iter().find(|item| item.index == index);
    let item = item.context("the keys of the log come without its end")?;
    let signed = Unverified::parse(bytes::Bytes::copy_from_slice(item.statement.as_bytes()))?;
    match Statement::parse(signed.unverified_payload())?.claim {
        Claim::RegistryClosed(said) => Ok(*said),
        other => bail!("entry {index} is a {}", other.kind()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::clock::{Clock, SystemClock};
    use crate::folder::Folder;

    /// Somebody at an address who has no certificate of the registry.
    async fn squatter() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            }
        });
        url
    }

    #[tokio::test]
    async fn whoever_takes_the_address_that_was_left_keeps_nobody_from_the_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path().join("jp"));
        let new = crate::init::NewRegistry::for_trial("jp");
        crate::init::init(folder.path(), &new, SystemClock.now()).unwrap();
        let pinned = Pinned::read(&folder.genesis()).unwrap();
        let (left, announced) = (squatter().await, squatter().await);
        let client = Client::anonymous(&left, &folder.ca_public().root()).unwrap();
        let error = moved(&client, &pinned, announced.clone()).await.err().unwrap();
        // It came as far as the announced address, and believes nobody there either.
        let told = format!("{error:#}");
        assert!(told.contains(announced.trim_start_matches("https://")), "{told}");
    }
}
