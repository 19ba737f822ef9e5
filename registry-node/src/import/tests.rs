//! The import as a whole, against a register that decides by the real rules.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::too_many_lines)] // tables, a row per case

mod acceptances;
mod ccra;
mod changes;
mod crosswalks;
mod demo;
mod documents;
mod files;
mod hostile;
mod listing;
mod profiles;
mod refusals;
mod trusted_list;
mod world;
