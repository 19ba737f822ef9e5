//! UN/EDIFACT: interchanges after ISO 9735, syntax versions 1 to 4, batch.
//!
//! ```text
//! UNA:+.? '                                                        service characters, where they are not the usual ones
//! UNB+UNOC:3+sender:14+receiver:14+261127:2250+REF1'               interchange
//!   UNG+ORDERS+…+1+UN+D:96A'                                       group of messages of one type, or none
//!     UNH+1+ORDERS:D:96A:UN'                                       message
//!     BGM+220+4711+9'                                              its number
//!     NAD+BY+4012345000009::9'                                     a party: role (3035), identifier (3039), its list (3055)
//!     UNT+4+1'                                                     segments, and the reference of UNH
//!   UNE+1+1'                                                       messages, and the reference of UNG
//! UNZ+1+REF1'                                                      groups or messages, and the reference of UNB
//! ```
//!
//! In scope: service characters, nesting, counts and references; BGM and NAD of any message; APERAK as an answer. Out of scope: the
//! structure of each message type, interactive EDIFACT, and security segments (ISO 9735-5 and -6).

mod aperak;
mod characters;
mod envelope;
mod fault;
mod party;
mod segments;

pub use fault::Fault;

use crate::{Answer, Bridge, Document, Network, Reading, Refusal, Unanswerable};

/// The bridge to UN/EDIFACT.
#[derive(Debug, Clone, Copy)]
pub struct Edifact;

impl Bridge for Edifact {
    fn network(&self) -> Network {
        Network::Edifact
    }

    fn read(&self, input: &[u8]) -> Result<Reading, Refusal> {
        envelope::read(input)
    }

    fn answer(&self, document: &Document, answer: &Answer) -> Result<Vec<u8>, Unanswerable> {
        aperak::write(document, answer)
    }
}
