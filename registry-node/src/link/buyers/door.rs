//! Who gets in at the server of buyers: whoever holds a certificate of ours that speaks for a registered buyer and is not revoked, for as
//! long as a lease. Judged again, and cut off, as soon as something is revoked.
//!
//! Out of scope: the messages (`federation::lease`), and whether a certificate is one of ours, which the server checks before it asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use certs::{Branch, Identity, RevocationList, Speaker, chain_from_pem};
use conformity::ids::PartyId;
use conformity::party::Role;
use conformity::records::Facts;
use federation::access::buyers::{ACCOUNT, PULLING};
use federation::bus::Link;
use federation::door;
use federation::hush::Hush;
use federation::lease::{Issuer, Knock, Lease, May, Tenant};
use federation::server::{Connection, ControlError, System};
use federation::subjects::Pattern;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};

use crate::core::registry::Registry;

/// How long a lease lasts at least. The server ends the connection then, and the buyer's client knocks again.
const LEASE: SignedDuration = SignedDuration::from_mins(15);
/// By how much leases differ, so that those who came at once, after a restart, do not come back at once for ever.
const SPREAD: u64 = 300;
/// Connections of one buyer.
const CONNECTIONS: usize = 8;
/// How often connections are counted at least, and at most where a buyer seems to have too many.
const COUNT: Duration = Duration::from_secs(60);
const PACE: Duration = Duration::from_secs(1);
/// How long to wait before a cut-off that is not confirmed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The door of one registry.
pub(super) struct Door {
    registry: Arc<Registry>,
    system: System,
    issuer: Issuer,
    revoked: ArcSwap<RevocationList>,
    /// Connections of each buyer: those that were counted last, and those let in since.
    present: Mutex<BTreeMap<PartyId, usize>>,
    unsettled: Notify,
}

impl Door {
    /// A door that lets in what holds now.
    pub(super) fn open(registry: Arc<Registry>, system: Link, issuer: Issuer) -> anyhow::Result<Door> {
        let revoked = ArcSwap::from_pointee(revoked(&registry)?);
        let (system, present, unsettled) = (System::new(system), Mutex::default(), Notify::new());
        Ok(Door { registry, system, issuer, revoked, present, unsettled })
    }

    /// Answers the server for as long as there is a connection to it.
    pub(super) async fn answer(self: Arc<Self>, node: Link) {
        let deaf = Hush::new();
        loop {
            let attended = door::attend(&node, &self.issuer, || self.registry.now(), |knock| self.judge(knock)).await;
            if let Err(error) = attended
                && let Some(times) = deaf.heard()
            {
                tracing::error!(%error, times, "nobody new is let in to the server of buyers");
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Reads what is revoked at each change, and cuts off whoever lost the right to listen.
    pub(super) async fn watch(self: Arc<Self>, reloaded: watch::Receiver<u64>) {
        // Apart from each other: what is revoked counts at the door though cutting off fails, or takes long.
        tokio::select! {
            () = self.follow(reloaded) => {}
            () = self.cut_off() => {}
        }
    }

    async fn follow(&self, mut reloaded: watch::Receiver<u64>) {
        while reloaded.changed().await.is_ok() {
            self.reload();
            self.unsettled.notify_one();
        }
    }

    async fn cut_off(&self) {
        let failing = Hush::new();
        loop {
            if let Err(error) = self.sweep().await {
                if let Some(times) = failing.heard() {
                    tracing::error!(%error, times, "who lost the right to listen may still be connected; tried again");
                }
                tokio::time::sleep(RETRY).await;
                continue;
            }
            tokio::time::sleep(PACE).await;
            let _looked_at_by_then = tokio::time::timeout(COUNT, self.unsettled.notified()).await;
        }
    }

    fn reload(&self) {
        match revoked(&self.registry) {
            Ok(revoked) => self.revoked.store(Arc::new(revoked)),
            // The old ones end by themselves: from then on nobody is let in.
            Err(error) => tracing::error!(%error, "revocations could not be read; the old ones stay"),
        }
    }

    fn judge(&self, knock: &Knock) -> Result<Lease, String> {
        let now = self.registry.now();
        let chain = chain_from_pem(knock.certificate.as_bytes()).map_err(|error| error.to_string())?;
        let leaf = chain.first().ok_or("the server shows no certificate")?;
        let speaker = Speaker::read(leaf.as_bytes(), &self.registry.config.registry.origin);
        let speaker = speaker.map_err(|error| error.to_string())?;
        let Identity::Party { role: Role::Buyer, id: party } = &speaker.identity else {
            return Err(format!("{} is no buyer", speaker.identity));
        };
        let tenant = Tenant { party: party.clone(), serial: speaker.serial };
        if now >= speaker.not_after || !self.may_listen(&tenant, now) {
            return Err(format!("{tenant} is not registered, or its certificate ended or was revoked"));
        }
        self.admit(party)?;
        let until = (now + LEASE + spread(knock)).min(speaker.not_after);
        Ok(Lease { until, may: self.may(knock, party), tenant })
    }

    /// Who calls the connection so pulls; everybody else listens.
    fn may(&self, knock: &Knock, party: &PartyId) -> May {
        if knock.called == PULLING {
            May::Pull(self.registry.cursors.of(party))
        } else {
            May::Hear(Pattern::heard_from(&self.registry.config.registry.id))
        }
    }

    /// Whether somebody who came in by this certificate may be there. What was read about revocations counts until it ends.
    fn may_listen(&self, tenant: &Tenant, now: Timestamp) -> bool {
        let revoked = self.revoked.load();
        let party = self.registry.read_model.register().party(&tenant.party);
        let registered = party.is_some_and(|record| record.party.role == Role::Buyer);
        registered && now < revoked.good_until() && !revoked.is_revoked(&tenant.serial)
    }

    /// Counts one connection more.
    fn admit(&self, party: &PartyId) -> Result<(), String> {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = present.entry(party.clone()).or_default();
        // Some may be gone, of a client that comes back again and again: they are counted anew before there seem to be too many.
        if *connections >= CONNECTIONS / 2 {
            self.unsettled.notify_one();
        }
        if *connections >= CONNECTIONS {
            // If some are gone, it is let in when it knocks again.
            return Err(format!("{party} has {CONNECTIONS} connections already"));
        }
        *connections += 1;
        Ok(())
    }

    /// Ends what may not stay, confirms it, and counts what is left.
    async fn sweep(&self) -> Result<(), ControlError> {
        let now = self.registry.now();
        let left = self.system.cut(|connection| self.may_stay(connection, now)).await?;
        let mut counted = BTreeMap::new();
        for tenant in left.iter().filter_map(tenant) {
            *counted.entry(tenant.party).or_default() += 1;
        }
        *self.present.lock().unwrap_or_else(PoisonError::into_inner) = counted;
        Ok(())
    }

    /// Those of the node, and those that wait at the door, are in no account of buyers.
    fn may_stay(&self, connection: &Connection, now: Timestamp) -> bool {
        !is_buyers(connection) || tenant(connection).is_some_and(|tenant| self.may_listen(&tenant, now))
    }
}

fn tenant(connection: &Connection) -> Option<Tenant> {
    is_buyers(connection).then(|| connection.user.parse().ok()).flatten()
}

fn is_buyers(connection: &Connection) -> bool {
    [ACCOUNT, PULLING].contains(&connection.account.as_str())
}

fn revoked(registry: &Registry) -> Result<RevocationList, certs::RevocationError> {
    RevocationList::read(&registry.folder.ca_public(), &[Branch::Parties])
}

/// Differs from knock to knock: the server makes a key for each, which nobody chooses.
fn spread(knock: &Knock) -> SignedDuration {
    let sum = knock.user().bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    SignedDuration::from_secs(i64::try_from(sum % SPREAD).unwrap_or_default())
}
