//! The server of buyers, asked itself: who gets in, for how long, to hear what, and what it keeps.

mod access;
mod groups;
mod house;
mod stream;
