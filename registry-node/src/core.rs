//! One running registry: intake, sequencer, read model, publication and what the node derives by itself.
//!
//! Everything here works on values and the log; HTTP, NATS and the command line stand around it.

pub mod cascades;
pub mod derive;
pub mod disclosures;
pub mod event;
pub mod event_words;
pub mod feed;
pub mod filter;
pub mod here;
pub mod intake;
pub mod interests;
pub mod log_keys;
pub mod notice;
pub mod opened;
pub mod peer_board;
pub mod published;
pub mod publisher;
pub mod read_model;
pub mod received;
pub mod registry;
pub mod replay;
pub mod requirements;
pub mod restricted;
pub mod sequencer;
pub mod slots;
pub mod state_map;
pub mod status_lists;
pub mod submit;
pub mod tiles;
pub mod timekeeper;
pub mod uses;
