//! One record of a segment: one batch.
//!
//! ```text
//! offset  bytes
//!      0      8  magic "STRecord"
//!      8      4  CRC32C of bytes 12 .. 40 + 42 n + c
//!     12      4  CRC32C of the body
//!     16      2  format version, 1
//!     18      2  number of attachments
//!     20      4  number of entries, n
//!     24      8  index of the first entry
//!     32      4  length of the checkpoint, c
//!     36      4  length of the body, b
//!     40   42 n  the entries, as in the log
//!             c  the checkpoint over all entries up to these, a signed note
//!             b  the body:
//!                n times   1 byte: 0 no statement, 1 statement, 2 erased; 2 bytes: its length, zero unless 1
//!                          the statements, one after the other
//!                per attachment   32 bytes digest, 4 bytes length, the attachment
//! ```
//!
//! All numbers are big endian. What the log has signed (entries, checkpoint) and what may be erased (statements) have
//! checksums of their own. Checksums find accidents; against intent there are the digests and the signature.
//! All lengths are checked against their limits and against each other before anything is allocated.

use super::{Batch, MAX_ATTACHMENT, MAX_BATCH, MAX_BATCH_BYTES, Slot};
use crate::digest::Digest;
use crate::entry::Entry;
use crate::note::MAX_NOTE;
use std::ops::Range;

pub(super) const MAGIC: &[u8; 8] = b"STRecord";
pub(super) const HEADER: usize = 40;
/// Where the part covered by the first checksum begins.
const COVERED: usize = 12;
const VERSION: u16 = 1;
/// Bytes per statement in the table at the start of the body.
const TABLE_ROW: usize = 3;
const ATTACHMENT_HEAD: usize = 36;
const NO_STATEMENT: u8 = 0;
const STATEMENT: u8 = 1;
const ERASED: u8 = 2;

/// The header of a record, with lengths that are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    entries: usize,
    attachments: usize,
    pub(super) first_index: u64,
    checkpoint: usize,
    body: usize,
    head_crc: u32,
    body_crc: u32,
}

/// Where the parts of a record lie, in bytes from the record's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Entry and statement of the next index.
    Entry {
        /// Start of the entry.
        entry: usize,
        /// Start of the statement, and its length.
        statement: usize,
        len: u16,
        state: Place,
    },
    Attachment {
        digest: Digest,
        start: usize,
        len: usize,
    },
}

/// What lies beside an entry, without the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    None,
    Statement,
    Erased,
}

impl Head {
    /// Reads a header; says what is wrong with it.
    pub(super) fn decode(bytes: &[u8; HEADER]) -> Result<Self, &'static str> {
        let u16_at = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let u32_at = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if &bytes[..8] != MAGIC {
            return Err("no record begins here");
        }
        if u16_at(16) != VERSION {
            return Err("a record has a format version that this program does not know");
        }
        let head = Self {
            head_crc: u32_at(8),
            body_crc: u32_at(12),
            attachments: usize::from(u16_at(18)),
            entries: u32_at(20) as usize,
            first_index: (u64::from(u32_at(24)) << 32) | u64::from(u32_at(28)),
            checkpoint: u32_at(32) as usize,
            body: u32_at(36) as usize,
        };
        if head.is_possible() { Ok(head) } else { Err("a record has impossible lengths") }
    }

    fn is_possible(&self) -> bool {
        (1..=MAX_BATCH).contains(&self.entries)
            && self.checkpoint <= MAX_NOTE
            && self.body <= MAX_BATCH_BYTES
            && self.body >= TABLE_ROW * self.entries + ATTACHMENT_HEAD * self.attachments
            && self.first_index.checked_add(self.entries as u64).is_some()
    }

    /// Length of the record.
    pub(super) fn len(&self) -> usize {
        self.body_range().end
    }

    /// Length of the part that the first checksum covers: header, entries and checkpoint.
    pub(super) fn head_len(&self) -> usize {
        self.body_range().start
    }

    fn body_range(&self) -> Range<usize> {
        let start = HEADER + Entry::LEN * self.entries + self.checkpoint;
        start..start + self.body
    }

    /// The checkpoint in a record of which at least [`Head::head_len`] bytes are given, if its checksum holds.
    pub(super) fn checkpoint<'a>(&self, record: &'a [u8]) -> Option<&'a str> {
        let head = record.get(..self.head_len())?;
        (crc32c::crc32c(&head[COVERED..]) == self.head_crc)
            .then(|| std::str::from_utf8(&head[self.head_len() - self.checkpoint..]).ok())?
    }
}

/// Reads a record of exactly the length that its header gives.
pub(super) fn decode<'a>(head: &Head, record: &'a [u8]) -> Result<Batch<'a>, &'static str> {
    if record.len() != head.len() {
        return Err("a record is cut short");
    }
    let checkpoint = head.checkpoint(record).ok_or("entries or checkpoint do not match their checksum")?;
    let body = &record[head.body_range()];
    if crc32c::crc32c(body) != head.body_crc {
        return Err("statements do not match their checksum");
    }
    let entries = record[HEADER..HEADER + Entry::LEN * head.entries].chunks_exact(Entry::LEN);
    let entries: Vec<Entry> = entries.map(Entry::decode).collect::<Result<_, _>>().map_err(|_| "not an entry")?;
    let (statements, rest) = decode_statements(head.entries, body).ok_or("statements do not fill their place")?;
    let attachments = decode_attachments(head.attachments, rest).ok_or("attachments do not fill their place")?;
    let paired = entries.iter().zip(&statements);
    if paired.into_iter().any(|(entry, slot)| entry.kind.has_statement() == (*slot == Slot::None)) {
        return Err("an entry without its statement, or a seal with one");
    }
    Ok(Batch { first_index: head.first_index, entries, checkpoint, statements, attachments })
}

fn decode_statements(count: usize, body: &[u8]) -> Option<(Vec<Slot<'_>>, &[u8])> {
    let (table, mut rest) = body.split_at_checked(TABLE_ROW * count)?;
    let mut statements = Vec::with_capacity(count);
    for row in table.chunks_exact(TABLE_ROW) {
        let (statement, after) = rest.split_at_checked(usize::from(u16::from_be_bytes([row[1], row[2]])))?;
        rest = after;
        statements.push(match (row[0], statement.is_empty()) {
            (NO_STATEMENT, true) => Slot::None,
            (STATEMENT, false) => Slot::Bytes(statement),
            (ERASED, true) => Slot::Erased,
            _ => return None,
        });
    }
    Some((statements, rest))
}

fn decode_attachments(count: usize, mut rest: &[u8]) -> Option<Vec<(Digest, &[u8])>> {
    let mut attachments = Vec::with_capacity(count);
    for _ in 0..count {
        let (digest, after) = rest.split_first_chunk()?;
        let (len, after) = after.split_first_chunk()?;
        let (attachment, after) = after.split_at_checked(u32::from_be_bytes(*len) as usize)?;
        attachments.push((Digest::from_bytes(*digest), attachment));
        rest = after;
    }
    rest.is_empty().then_some(attachments)
}

/// Appends the record of a batch to `out`; `None`, with `out` unchanged, if it does not fit the format.
pub(super) fn encode(batch: &Batch<'_>, out: &mut Vec<u8>) -> Option<()> {
    let body = body_len(batch)?;
    let start = out.len();
    out.reserve(HEADER + Entry::LEN * batch.entries.len() + batch.checkpoint.len() + body);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&(batch.attachments.len() as u16).to_be_bytes());
    out.extend_from_slice(&(batch.entries.len() as u32).to_be_bytes());
    out.extend_from_slice(&batch.first_index.to_be_bytes());
    out.extend_from_slice(&(batch.checkpoint.len() as u32).to_be_bytes());
    out.extend_from_slice(&(body as u32).to_be_bytes());
    batch.entries.iter().for_each(|entry| out.extend_from_slice(&entry.encode()));
    out.extend_from_slice(batch.checkpoint.as_bytes());
    let body_start = out.len();
    encode_body(batch, out);
    let body_crc = crc32c::crc32c(&out[body_start..]);
    out[start + 12..start + 16].copy_from_slice(&body_crc.to_be_bytes());
    let head_crc = crc32c::crc32c(&out[start + COVERED..body_start]);
    out[start + 8..start + 12].copy_from_slice(&head_crc.to_be_bytes());
    Some(())
}

fn encode_body(batch: &Batch<'_>, out: &mut Vec<u8>) {
    for slot in &batch.statements {
        let (state, len) = match slot {
            Slot::None => (NO_STATEMENT, 0),
            Slot::Bytes(bytes) => (STATEMENT, bytes.len() as u16),
            Slot::Erased => (ERASED, 0),
        };
        out.push(state);
        out.extend_from_slice(&len.to_be_bytes());
    }
    for slot in &batch.statements {
        if let Slot::Bytes(bytes) = slot {
            out.extend_from_slice(bytes);
        }
    }
    for (digest, attachment) in &batch.attachments {
        out.extend_from_slice(digest.as_bytes());
        out.extend_from_slice(&(attachment.len() as u32).to_be_bytes());
        out.extend_from_slice(attachment);
    }
}

/// Length of the body, if everything is within its limit.
fn body_len(batch: &Batch<'_>) -> Option<usize> {
    let count = batch.entries.len();
    let counts = (1..=MAX_BATCH).contains(&count) && batch.statements.len() == count;
    let fits = counts && batch.checkpoint.len() <= MAX_NOTE && batch.attachments.len() <= usize::from(u16::MAX);
    let mut len = TABLE_ROW * count;
    for slot in &batch.statements {
        if let Slot::Bytes(bytes) = slot {
            len += usize::from(u16::try_from(bytes.len()).ok().filter(|len| *len > 0)?);
        }
    }
    for (_, attachment) in &batch.attachments {
        len += ATTACHMENT_HEAD + (attachment.len() <= MAX_ATTACHMENT).then_some(attachment.len())?;
    }
    (fits && len <= MAX_BATCH_BYTES).then_some(len)
}

/// Where everything of a batch lies in its record, in the order of its indexes, then its attachments.
pub(super) fn parts(batch: &Batch<'_>) -> Vec<Part> {
    let count = batch.entries.len();
    let mut at = HEADER + Entry::LEN * count + batch.checkpoint.len() + TABLE_ROW * count;
    let mut take = move |len: usize| {
        at += len;
        at - len
    };
    let mut parts = Vec::with_capacity(count + batch.attachments.len());
    for (i, slot) in batch.statements.iter().enumerate() {
        let (state, len) = match slot {
            Slot::None => (Place::None, 0),
            Slot::Bytes(bytes) => (Place::Statement, bytes.len() as u16),
            Slot::Erased => (Place::Erased, 0),
        };
        parts.push(Part::Entry { entry: HEADER + Entry::LEN * i, statement: take(usize::from(len)), len, state });
    }
    for (digest, attachment) in &batch.attachments {
        take(ATTACHMENT_HEAD);
        parts.push(Part::Attachment { digest: *digest, start: take(attachment.len()), len: attachment.len() });
    }
    parts
}
