//! What must hold end to end, one story to a file: real processes, real nats-servers, real TLS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod bounds;
mod bulletins;
mod ca_roots;
mod cascades;
mod certified;
mod consents;
mod copies;
mod declarations;
mod disclosures;
mod erasure;
mod events;
mod expulsion;
mod full_disk;
mod hostile_peer;
mod hosting;
mod kills;
mod living;
mod log_keys;
mod main_job;
mod mesh;
mod multilateral;
mod outages;
mod past;
mod persons;
mod presentations;
mod refusals;
mod restricted;
mod results;
mod reuse;
mod standing;
mod stolen_key;
mod tokens;
mod trees;
mod witness;
