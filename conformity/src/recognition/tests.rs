//! Recognition as tables: what was granted, under what it is seen, what is made of it.

mod lapses;
mod properties;
mod tables;
mod words;
