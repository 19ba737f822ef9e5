//! Records: what is encoded is decoded, and nothing else is.

use super::super::record::{self, HEADER, Head, Part};
use super::super::{Batch, MAX_ATTACHMENT, MAX_BATCH, Slot};
use crate::digest::Digest;
use crate::entry::{Entry, Kind};
use proptest::prelude::*;

/// What a batch is made of, owned.
#[derive(Debug, Clone)]
struct Owned {
    first_index: u64,
    statements: Vec<Option<Option<Vec<u8>>>>,
    checkpoint: String,
    attachments: Vec<Vec<u8>>,
}

impl Owned {
    fn batch(&self) -> Batch<'_> {
        let entry = |statement: &Option<_>| {
            let kind = if statement.is_some() { Kind::Statement } else { Kind::Seal };
            Entry { kind, time_ms: 9, digest: Digest::ZERO }
        };
        let slot = |statement: &'_ Option<Option<Vec<u8>>>| match statement {
            None => Slot::None,
            Some(None) => Slot::Erased,
            Some(Some(_)) => Slot::Bytes(&[]),
        };
        let mut statements: Vec<_> = self.statements.iter().map(slot).collect();
        for (slot, statement) in statements.iter_mut().zip(&self.statements) {
            if let Some(Some(bytes)) = statement {
                *slot = Slot::Bytes(bytes);
            }
        }
        Batch {
            first_index: self.first_index,
            entries: self.statements.iter().map(entry).collect(),
            checkpoint: &self.checkpoint,
            statements,
            attachments: self.attachments.iter().map(|bytes| (Digest::of(bytes), bytes.as_slice())).collect(),
        }
    }

    fn encode(&self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        record::encode(&self.batch(), &mut out).map(|()| out)
    }
}

fn batches() -> impl Strategy<Value = Owned> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 1..most);
    let statement = prop::option::of(prop::option::of(bytes(50)));
    let attachments = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..4);
    (0..u64::MAX / 2, prop::collection::vec(statement, 1..12), "\\PC{0,60}", attachments).prop_map(
        |(first_index, statements, checkpoint, attachments)| Owned { first_index, statements, checkpoint, attachments },
    )
}

fn decode(bytes: &[u8]) -> Result<Batch<'_>, &'static str> {
    let head = Head::decode(bytes.first_chunk().ok_or("short")?)?;
    record::decode(&head, bytes)
}

proptest! {
    #[test]
    fn records_survive_being_read(owned in batches()) {
        let bytes = owned.encode().unwrap();
        prop_assert_eq!(decode(&bytes), Ok(owned.batch()));
        for part in record::parts(&owned.batch()) {
            if let Part::Attachment { digest, start, len } = part {
                prop_assert_eq!(Digest::of(&bytes[start..start + len]), digest);
            }
        }
        let places = record::parts(&owned.batch());
        for (part, (entry, slot)) in places.iter().zip(owned.batch().entries.iter().zip(&owned.batch().statements)) {
            let Part::Entry { entry: at, statement, len, .. } = part else { panic!("entries come first") };
            prop_assert_eq!(&Entry::decode(&bytes[*at..*at + Entry::LEN]).unwrap(), entry);
            let stored = &bytes[*statement..*statement + usize::from(*len)];
            prop_assert_eq!(stored, if let Slot::Bytes(bytes) = slot { bytes } else { &[][..] });
        }
    }

    #[test]
    fn no_altered_record_is_read(owned in batches(), at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut bytes = owned.encode().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        prop_assert!(decode(&bytes).is_err(), "byte {} bit {}", at, bit);
    }

    #[test]
    fn no_shorter_or_longer_record_is_read(owned in batches(), cut in any::<prop::sample::Index>()) {
        let mut bytes = owned.encode().unwrap();
        let cut = cut.index(bytes.len());
        prop_assert!(decode(&bytes[..cut]).is_err());
        bytes.push(0);
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn hostile_lengths_with_good_checksums_never_panic(
        owned in batches(),
        at in 18usize..40,
        value in any::<u8>(),
    ) {
        let mut bytes = owned.encode().unwrap();
        bytes[at] = value;
        let head_len = Head::decode(bytes.first_chunk().unwrap()).map_or(0, |head| head.head_len());
        if let Some(head) = bytes.get(12..head_len) {
            let crc = crc32c::crc32c(head).to_be_bytes();
            bytes[8..12].copy_from_slice(&crc);
        }
        if let Ok(batch) = decode(&bytes) {
            prop_assert_eq!(batch.entries.len(), batch.statements.len());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
    }
}

#[test]
fn what_does_not_fit_is_not_encoded() {
    let one = Owned {
        first_index: 0,
        statements: vec![Some(Some(vec![1]))],
        checkpoint: "c".into(),
        attachments: Vec::new(),
    };
    assert!(one.encode().is_some());
    let rows = [
        ("no entry", Owned { statements: Vec::new(), ..one.clone() }),
        ("too many entries", Owned { statements: vec![None; MAX_BATCH + 1], ..one.clone() }),
        ("an empty statement", Owned { statements: vec![Some(Some(Vec::new()))], ..one.clone() }),
        ("a long statement", Owned { statements: vec![Some(Some(vec![0; 65_536]))], ..one.clone() }),
        ("a long checkpoint", Owned { checkpoint: "c".repeat(crate::note::MAX_NOTE + 1), ..one.clone() }),
        ("a long attachment", Owned { attachments: vec![vec![0; MAX_ATTACHMENT + 1]], ..one.clone() }),
        ("too many attachments", Owned { attachments: vec![Vec::new(); 65_536], ..one.clone() }),
    ];
    for (reason, owned) in rows {
        assert_eq!(owned.encode(), None, "{reason}");
    }
    let mut mismatched = one.batch();
    mismatched.statements.push(Slot::None);
    assert_eq!(record::encode(&mismatched, &mut Vec::new()), None);
}

#[test]
fn the_layout_is_as_drawn() {
    let owned = Owned {
        first_index: 0x0102,
        statements: vec![Some(Some(b"abc".to_vec())), None, Some(None)],
        checkpoint: "note".into(),
        attachments: vec![b"xy".to_vec()],
    };
    let bytes = owned.encode().unwrap();
    assert_eq!(HEADER, 40);
    assert_eq!(bytes[..8], *b"STRecord");
    assert_eq!(bytes[16..20], [0, 1, 0, 1], "version, attachments");
    assert_eq!(bytes[20..32], [0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 1, 2], "entries, first index");
    assert_eq!(bytes[32..40], [0, 0, 0, 4, 0, 0, 0, 9 + 3 + 36 + 2], "checkpoint, body");
    let body = 40 + 3 * 42 + 4;
    assert_eq!(&bytes[body - 4..body], b"note");
    assert_eq!(bytes[body..body + 12], *b"\x01\x00\x03\x00\x00\x00\x02\x00\x00abc");
    assert_eq!(bytes[bytes.len() - 6..], *b"\x00\x00\x00\x02xy");
    assert_eq!(bytes[8..12], crc32c::crc32c(&bytes[12..body]).to_be_bytes());
    assert_eq!(bytes[12..16], crc32c::crc32c(&bytes[body..]).to_be_bytes());
}
