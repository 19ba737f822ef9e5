//! Who may connect to the nats-server of peers: a function of the register, the certificates in force, and the time.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use certs::{Identity, Issued, NatsTls};
use conformity::ids::RegistryId;
use conformity::in_force::{Force, Pair, footing};
use conformity::records::{Facts, Register};
use federation::access::{Access, Limits, Peering, ServerFiles};
use jiff::Timestamp;

use crate::config::Config;
use crate::folder::Folder;

/// Everything that the server's configuration is made from.
///
/// `issued` are the certificates of this registry's authority: nats-server checks no CRL, so a holder with a revoked
/// certificate that has not ended yet is not let in at all.
pub(super) fn access(
    config: &Config,
    folder: &Folder,
    register: &Register,
    issued: &[Issued],
    now: Timestamp,
) -> Access {
    let own = &config.registry.id;
    let barred = barred(config, issued, now);
    let peers = register.peers().into_iter().map(|peer| {
        let identity = Identity::Peer { registry: peer.registry.clone() };
        let expelled = peer.expelled.is_some() || barred.contains(&identity);
        let peering = if expelled { Peering::Expelled } else { peering(register, own, &peer.registry, now) };
        (peer.registry.clone(), peering)
    });
    let peers: BTreeMap<RegistryId, Peering> = peers.collect();
    Access {
        registry: own.clone(),
        origin: config.registry.origin.clone(),
        listen: config.nats.listen,
        files: files(folder),
        peers,
        limits: Limits::default(),
    }
}

/// Where a peer stands that was not expelled: by the arrangements under which it recognises us, or we it.
pub(super) fn peering(register: &Register, own: &RegistryId, peer: &RegistryId, now: Timestamp) -> Peering {
    let arrangements = register.arrangements();
    let forces = arrangements.iter().flat_map(|record| {
        [Pair { from: own, to: peer }, Pair { from: peer, to: own }].map(|pair| footing(record, pair, now))
    });
    let forces: Vec<Force> = forces.flatten().map(|footing| footing.force).collect();
    if forces.iter().any(|force| matches!(force, Force::InForce { .. })) {
        Peering::InForce
    } else if forces.is_empty() {
        Peering::Peered
    } else {
        Peering::Suspended
    }
}

fn barred(config: &Config, issued: &[Issued], now: Timestamp) -> HashSet<Identity> {
    let revoked = issued.iter().filter(|issued| issued.revoked.is_some() && issued.not_after > now);
    revoked.filter_map(|issued| Identity::from_uri(&issued.identity, &config.registry.origin).ok()).collect()
}

fn files(folder: &Folder) -> ServerFiles {
    let (certificate, key) = folder.server();
    let public = folder.ca_public();
    let nats = absolute(&folder.nats());
    ServerFiles {
        tls: NatsTls {
            certificate: absolute(&certificate),
            key: absolute(&key),
            clients: absolute(&public.nats_clients()),
        },
        log: nats.join("nats-server.log"),
        pid: nats.join("nats-server.pid"),
    }
}

/// The server resolves relative paths against its own folder. Where the current folder is gone, the path stays as it is
/// and the server says that it cannot read it.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
