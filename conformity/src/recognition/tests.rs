//! Recognition as tables: what was granted, under what it is seen, what is made of it.

#![allow(clippy::too_many_lines)] // tables, a row per case

mod acceptances;
mod basis;
mod conditions;
mod disclosed;
mod lapses;
mod properties;
mod restricted;
mod tables;
mod words;
