//! Damage: a journal from which anything acknowledged is missing is refused, with file and offset.

use super::super::record;
use super::super::segment::{Records, Segment, Step};
use super::super::{Damage, OpenError as JournalError};
use super::*;
use crate::testing::{ORIGIN, signer};
use std::fs::{self, File};

impl Bench {
    /// A journal of several segments, closed; the last commit has one entry.
    fn grown() -> Self {
        let mut bench = Self::new();
        bench.grow();
        bench.close();
        assert!(bench.segments().len() >= 3);
        bench
    }

    fn size(&self) -> u64 {
        self.model.0.len() as u64
    }

    fn last_segment(&self) -> PathBuf {
        self.segments().pop().unwrap()
    }

    /// Removes what the journal itself knows of what was acknowledged.
    fn forget_watermark(&self) {
        fs::remove_file(self.path().join("watermark")).unwrap();
    }

    fn open_damaged(&mut self, published_size: u64) -> Damage {
        match self.try_open(published_size) {
            Err(OpenError::Journal(JournalError::Damage(damage))) => damage,
            Err(other) => panic!("refused for another reason: {other}"),
            Ok(()) => panic!("damage was accepted"),
        }
    }
}

/// Offsets of the records in a segment.
fn offsets(path: &Path) -> Vec<u64> {
    let segment = Segment { first_index: 0, path: path.into(), file: File::open(path).unwrap() };
    let (mut records, mut offsets) = (Records::of(&segment).unwrap(), Vec::new());
    while let Step::Batch { offset, .. } = records.next().unwrap() {
        offsets.push(offset);
    }
    offsets
}

fn rewrite(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Decodes the record at `offset`, lets it be changed, and writes it back with good checksums.
fn tamper(path: &Path, offset: u64, change: impl FnOnce(&mut super::super::Batch<'_>)) {
    rewrite(path, |bytes| {
        let rest = bytes.split_off(offset as usize);
        let head = record::Head::decode(rest.first_chunk().unwrap()).unwrap();
        let mut batch = record::decode(&head, &rest[..head.len()]).unwrap();
        change(&mut batch);
        record::encode(&batch, bytes).unwrap();
        bytes.extend_from_slice(&rest[head.len()..]);
    });
}

#[test]
fn no_flipped_bit_is_accepted() {
    let mut bench = Bench::grown();
    for path in bench.segments() {
        let good = fs::read(&path).unwrap();
        let headers: Vec<usize> = offsets(&path).iter().flat_map(|at| *at as usize..*at as usize + 40).collect();
        for at in headers.into_iter().chain((0..good.len()).step_by(11)) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&path, &bad).unwrap();
            let damage = bench.open_damaged(0);
            assert_eq!(damage.file, path, "byte {at}: {damage}");
            assert!(damage.offset <= at as u64, "byte {at}: {damage}");
            assert_eq!(fs::read(&path).unwrap(), bad, "nothing was changed");
        }
        fs::write(&path, &good).unwrap();
    }
    bench.reopen();
    bench.check_exactly();
}

#[test]
fn without_a_watermark_only_the_last_record_can_be_lost() {
    let mut bench = Bench::grown();
    let last = bench.last_segment();
    let torn_from = *offsets(&last).last().unwrap() as usize;
    for path in bench.segments() {
        let good = fs::read(&path).unwrap();
        let tail = if path == last { torn_from..good.len() } else { 0..0 };
        for at in (0..good.len()).step_by(31).chain(tail.clone().step_by(3)) {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            fs::write(&path, &bad).unwrap();
            bench.forget_watermark();
            if tail.contains(&at) {
                // What the caller published counts as well.
                let damage = bench.open_damaged(bench.size());
                assert_eq!((damage.file.as_path(), damage.offset), (path.as_path(), torn_from as u64));
                bench.reopen();
                assert_eq!(bench.log().size(), bench.size() - 1, "exactly the unacknowledged record is gone");
                assert_eq!(fs::read(&path).unwrap(), good[..torn_from]);
                bench.close();
            } else {
                assert_eq!(bench.open_damaged(0).file, path, "byte {at}");
            }
            fs::write(&path, &good).unwrap();
        }
    }
    bench.forget_watermark();
    bench.reopen();
    bench.check_exactly();
}

#[test]
fn torn_tails_are_cut_off_and_appending_goes_on() {
    let tails: [(&str, Vec<u8>); 6] = [
        ("one byte", vec![b'S']),
        ("a header and no more", b"STRecord".to_vec()),
        ("zeroes, as after a power cut", vec![0; 5000]),
        ("noise", (0..3000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()),
        ("a magic number every 9 bytes", b"STRecord.".repeat(300)),
        ("lengths beyond the end", [b"STRecord".as_slice(), &[0; 8], &[0, 1, 0, 0, 0, 0, 0, 1], &[0; 64]].concat()),
    ];
    for (reason, tail) in tails {
        let mut bench = Bench::grown();
        let path = bench.last_segment();
        let good = fs::read(&path).unwrap();
        rewrite(&path, |bytes| bytes.extend_from_slice(&tail));
        bench.reopen();
        bench.check_exactly();
        assert_eq!(fs::read(&path).unwrap(), good, "{reason}");
        bench.append(5);
        bench.reopen();
        bench.check_exactly();
    }
}

#[test]
fn a_record_cut_anywhere_is_a_torn_tail_or_damage() {
    let mut bench = Bench::grown();
    let path = bench.last_segment();
    let good = fs::read(&path).unwrap();
    let last = *offsets(&path).last().unwrap() as usize;
    for len in (last..good.len()).step_by(7) {
        fs::write(&path, &good[..len]).unwrap();
        let watermark = fs::read(bench.path().join("watermark")).unwrap();
        assert_eq!(bench.open_damaged(0).file, path, "cut at {len}: it was acknowledged");
        bench.forget_watermark();
        bench.reopen();
        assert_eq!(bench.log().size(), bench.size() - 1);
        bench.close();
        fs::write(&path, &good).unwrap();
        fs::write(bench.path().join("watermark"), watermark).unwrap();
    }
}

#[test]
fn an_embedded_old_record_does_not_pass_for_a_later_one() {
    let mut bench = Bench::new();
    bench.append(2);
    let old = fs::read(bench.last_segment()).unwrap();
    // The attacker submits, as an attachment, records that this very log wrote and signed before.
    let bait = Draft { attachments: vec![Bytes::from(old)], ..Draft::statement(Bytes::from_static(b"bait")) };
    bench.log().append(9_000, vec![bait]).unwrap();
    bench.close();
    bench.forget_watermark();
    let path = bench.last_segment();
    rewrite(&path, |bytes| bytes.truncate(bytes.len() - 1));
    bench.reopen();
    bench.check_exactly();
}

#[test]
fn missing_and_foreign_segments_are_named() {
    let bench = Bench::grown();
    let segments = bench.segments();
    let away = bench.dir.path().join("away");
    for (i, path) in segments.iter().enumerate() {
        let mut bench = Bench { dir: tempfile::tempdir().unwrap(), log: None, model: bench.model.clone() };
        fs::create_dir(bench.path()).unwrap();
        for file in fs::read_dir(segments[0].parent().unwrap()).unwrap() {
            let file = file.unwrap().path();
            fs::copy(&file, bench.path().join(file.file_name().unwrap())).unwrap();
        }
        let name = path.file_name().unwrap();
        fs::rename(bench.path().join(name), &away).unwrap();
        let damage = bench.open_damaged(0);
        assert!(damage.what.contains("missing"), "{damage}");
        if i + 1 == segments.len() {
            // Nothing in the folder knows of the last segment but the watermark, and the caller.
            bench.forget_watermark();
            assert!(bench.open_damaged(bench.size()).what.contains("missing"));
        }
    }
    let rows = [
        ("renamed", "00000000000000000001.segment", "begins with entry 1"),
        ("no number", "first.segment", "not the name of a segment"),
    ];
    for (reason, name, what) in rows {
        let mut bench = Bench::grown();
        fs::rename(&bench.segments()[0], bench.path().join(name)).unwrap();
        assert!(bench.open_damaged(0).what.contains(what), "{reason}");
    }
}

#[test]
fn a_journal_without_any_segment_is_not_taken_for_a_new_one() {
    let mut bench = Bench::grown();
    bench.segments().iter().for_each(|path| fs::remove_file(path).unwrap());
    assert!(bench.open_damaged(0).what.contains("missing"));
    bench.forget_watermark();
    assert!(bench.open_damaged(bench.size()).what.contains("missing"));
}

#[test]
fn what_checksums_cannot_see_the_tree_and_the_signature_do() {
    // (what, the record tampered with: segment and number, and what opening says)
    let open = |segment: usize, number: usize, change: &dyn Fn(&mut super::super::Batch<'_>)| {
        let mut bench = Bench::grown();
        let path = bench.segments()[segment].clone();
        tamper(&path, offsets(&path)[number], |batch| change(batch));
        bench.open_damaged(0).what
    };
    let what = open(0, 1, &|batch| batch.entries[0].time_ms += 1);
    assert!(what.contains("not of the"), "an entry altered: {what}");
    let what = open(0, 2, &|batch| batch.entries[1].time_ms = 0);
    assert!(what.contains("earlier"), "time runs back: {what}");
    let what = open(1, 0, &|batch| batch.first_index += 1);
    assert!(what.contains("comes next"), "{what}");
    let what = open(0, 1, &|batch| batch.checkpoint = "no checkpoint");
    assert!(what.contains("is no checkpoint"), "{what}");
    let other = signer().sign("other.example\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n").unwrap();
    let other: &'static str = other.leak();
    let what = open(0, 1, &|batch| batch.checkpoint = other);
    assert!(what.contains("another log's journal"), "{what}");
}

#[test]
fn the_last_checkpoint_of_every_segment_must_be_signed() {
    for segment in 0..3 {
        let mut bench = Bench::grown();
        let path = bench.segments()[segment].clone();
        let note = |batch: &super::super::Batch<'_>| -> &'static str {
            let (text, _) = batch.checkpoint.split_once("\n\n").unwrap();
            let forger = crate::key::SigningKey::generate(crate::key::Algorithm::Ed25519).unwrap();
            let forger = crate::note::NoteSigner::new(ORIGIN, forger).unwrap();
            forger.sign(&format!("{text}\n")).unwrap().leak()
        };
        tamper(&path, *offsets(&path).last().unwrap(), |batch| batch.checkpoint = note(batch));
        let damage = bench.open_damaged(0);
        assert!(damage.what.contains("not signed with this log's key"), "{damage}");
        assert_eq!(damage.file, path);
    }
}

#[test]
fn an_altered_statement_is_found_when_it_is_read() {
    let mut bench = Bench::grown();
    let path = bench.segments()[0].clone();
    tamper(&path, offsets(&path)[1], |batch| batch.statements[0] = super::super::Slot::Bytes(b"something else"));
    bench.reopen();
    let refused = bench.log().reader().statement(1).unwrap_err().to_string();
    assert!(refused.contains("does not match its entry's digest"), "{refused}");
    // So is an entry that rots while the log is open.
    rewrite(&path, |bytes| bytes[40 + 10] ^= 1);
    let refused = bench.log().reader().entry(0).unwrap_err().to_string();
    assert!(refused.contains("not the one that was committed"), "{refused}");
}

#[test]
fn a_damaged_watermark_is_refused_and_an_empty_one_is_not() {
    let mut bench = Bench::grown();
    let path = bench.path().join("watermark");
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 4;
        fs::write(&path, &bad).unwrap();
        assert_eq!(bench.open_damaged(0).file, path, "byte {at}");
    }
    for bytes in [&[][..], &[0; 20]] {
        fs::write(&path, bytes).unwrap();
        bench.reopen();
        bench.check_exactly();
        assert_eq!(fs::read(&path).unwrap(), good, "the mark is set again");
        bench.close();
    }
}

#[test]
fn a_segment_too_long_for_its_places_is_refused() {
    let mut bench = Bench::grown();
    let path = bench.last_segment();
    // Sparse: it takes no room.
    File::options().write(true).open(&path).unwrap().set_len(u64::from(u32::MAX) + 1).unwrap();
    assert!(bench.open_damaged(0).what.contains("longer than a segment can be"));
}
