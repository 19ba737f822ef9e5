//! Which of the bodies that the newest terms name the peer has shown as accredited: for whoever is told what is in doubt about the terms.

use std::collections::BTreeSet;
use std::sync::Arc;

use conformity::doubts::is_accredited;

use super::{Kept, Pursuit, read};

impl Pursuit {
    /// Looks them up in the mirror, and shows them where that is news.
    pub(super) fn meet(&mut self) {
        let rules = self.arrangements.iter().filter_map(|record| record.newest_terms()).flat_map(|terms| &terms.rules);
        let named: BTreeSet<_> =
            rules.flat_map(|rule| rule.bodies.iter().map(|body| (body.clone(), rule.scheme.clone()))).collect();
        let met = match self.mirror.as_ref().map(Kept::mirror) {
            Some(mirror) if !named.is_empty() => {
                let (mirror, now) = (read(&mirror), self.registry.now());
                let register = mirror.followed().register();
                named.into_iter().filter(|(body, scheme)| is_accredited(register, body, scheme, now)).collect()
            }
            _ => BTreeSet::new(),
        };
        if met != *self.status.met {
            self.status.met = Arc::new(met);
            self.registry.peers.publish(&self.peer.registry, self.status.clone());
        }
    }
}
