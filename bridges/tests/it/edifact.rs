//! EDIFACT: files of others, a row for each fault, and answers that are read again.

mod answers;
mod faults;
mod files;
mod properties;

use bridges::edifact::Edifact;
use bridges::{Bridge, Document, Reading, Refusal};

/// A whole interchange around some messages.
fn interchange(messages: &str, count: usize) -> String {
    format!("UNB+UNOC:3+4012345000009:14+5412345000013:14+261127:2300+REF1'{messages}UNZ+{count}+REF1'")
}

/// An interchange with one message that has these segments between UNH and UNT.
fn message(name: &str, segments: &str) -> String {
    let count = segments.matches('\'').count() + 2;
    interchange(&format!("UNH+1+{name}:D:96A:UN'{segments}UNT+{count}+1'"), 1)
}

fn read(text: &str) -> Result<Reading, Refusal> {
    Edifact.read(text.as_bytes())
}

fn one(text: &str) -> Document {
    let mut documents = read(text).unwrap().documents;
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}
