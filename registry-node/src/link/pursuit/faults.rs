//! What becomes of setbacks: counted, shown, logged in bounds, and some of them end the following.

use federation::bus::BusError;
use federation::follow::PeerFault;
use federation::hush::Hush;
use federation::messages::MAX_ENTRIES;
use federation::words::{MAX_TEXT, printable};

use super::{Pursuit, Setback};
use crate::core::peer_board::{self, PeerState};

/// What a peer showed to us alone cannot be kept or read. What is wrong is said in the log of the node and nowhere else.
pub(super) fn unkept(error: impl Into<anyhow::Error>) -> Setback {
    static FAILED: Hush = Hush::new();
    if let Some(times) = FAILED.heard() {
        let error = format!("{:#}", error.into());
        tracing::error!(error, times, "what a peer showed to this registry alone cannot be kept or read");
    }
    anyhow::anyhow!("what the peer showed cannot be kept or read: see the log of this registry").into()
}

impl Pursuit {
    pub(super) fn suffer(&mut self, setback: &Setback) {
        let (code, state) = match setback {
            Setback::Fault(fault) => {
                (fault.code(), if fault.stops() { PeerState::Stopped } else { PeerState::Unreachable })
            }
            Setback::Refused(_) => ("refused", PeerState::Unreachable),
            // Only the peer makes answers larger than any may be.
            Setback::Bus(BusError::TooLarge { .. }) => ("oversized", PeerState::Unreachable),
            Setback::Bus(_) => ("unreachable", PeerState::Unreachable),
            Setback::Full(_) => ("mirror-full", PeerState::Stopped),
            Setback::Own(_) => ("own-fault", PeerState::Unreachable),
        };
        if let Setback::Fault(PeerFault::Fork(contradiction)) = setback {
            self.registry.witness.accuse(&self.peer, &contradiction.evidence(), self.registry.now());
        }
        if let Setback::Fault(fault) = setback
            && let Some(code) = fault.in_confidence()
        {
            self.tell_operator(code);
        }
        self.stopped |= matches!(setback, Setback::Fault(fault) if fault.stops());
        self.full |= matches!(setback, Setback::Full(_));
        self.note_fault(code, &setback.to_string());
        self.show(state);
    }

    /// Counts and shows what went wrong. The peer can bring it about as often as it likes, so not each is logged.
    pub(super) fn note_fault(&mut self, code: &'static str, detail: &str) {
        self.registry.metrics.peer_fault(&self.peer.registry, code);
        let detail = printable(detail, MAX_TEXT);
        if let Some(times) = self.hushes.heard(code) {
            tracing::warn!(peer = %self.peer.registry, code, times, detail, "a peer cannot be followed as it should be");
        }
        let at = self.registry.now();
        self.status.last_fault = Some(peer_board::PeerFault { code: code.to_owned(), detail, at });
    }

    /// Tells what nobody but the operator may know, in the log of the node alone: what is counted and shown of a peer is public.
    pub(super) fn tell_operator(&mut self, code: &'static str) {
        if let Some(times) = self.hushes.heard(code) {
            tracing::warn!(peer = %self.peer.registry, code, times, "what a peer shows to this registry alone does not hold");
        }
    }

    pub(super) fn show_if_behind(&mut self, behind: u64) {
        if behind > MAX_ENTRIES as u64 {
            self.show(PeerState::CatchingUp);
        }
    }

    pub(super) fn show(&mut self, state: PeerState) {
        if self.status.state != state {
            self.status.state = state;
            self.status.since = self.registry.now();
        }
        self.registry.peers.publish(&self.peer.registry, self.status.clone());
    }
}
