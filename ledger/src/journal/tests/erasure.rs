//! Erasure: the statement goes, everything else stays.

use super::super::EraseError;
use super::*;
use std::fs;

fn bytes_on_disk(bench: &Bench) -> Vec<u8> {
    bench.segments().iter().flat_map(|path| fs::read(path).unwrap()).collect()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn an_erased_statement_is_gone_and_its_proofs_are_not() {
    let mut bench = Bench::new();
    bench.grow();
    let (reader, size) = (bench.log().reader(), bench.log().size());
    let (entries, root) = (reader.entries(0..size).unwrap(), reader.root_at(size).unwrap());
    for index in [1, 2, 30, size - 1] {
        let erased = bench.model.0[index as usize].take().unwrap();
        assert!(holds(&bytes_on_disk(&bench), &erased));
        bench.log().erase(index).unwrap();
        assert!(!holds(&bytes_on_disk(&bench), &erased), "the bytes are gone from the disk");
        assert_eq!(reader.statement(index).unwrap(), Stored::Erased);
        bench.check_exactly();
        bench.log().erase(index).unwrap();
        bench.check_exactly();
    }
    assert_eq!(reader.entries(0..size).unwrap(), entries);
    bench.append(3);
    bench.reopen();
    bench.check_exactly();
    assert_eq!(bench.log().reader().root_at(size).unwrap(), root);
}

#[test]
fn what_cannot_be_erased_is_refused() {
    let mut bench = Bench::new();
    bench.append(8);
    let refused = |bench: &mut Bench, index| bench.log().erase(index).unwrap_err();
    assert!(matches!(refused(&mut bench, 0), EraseError::NoStatement(0)), "the genesis stays");
    assert!(matches!(refused(&mut bench, 6), EraseError::NoStatement(6)), "a seal has none");
    assert!(matches!(refused(&mut bench, 9), EraseError::NoEntry { index: 9, size: 9 }));
    assert!(matches!(refused(&mut bench, u64::MAX), EraseError::NoEntry { .. }));
    bench.reopen();
    bench.check_exactly();
}

#[test]
fn a_damaged_segment_is_not_rewritten() {
    let mut bench = Bench::new();
    bench.grow();
    let path = bench.segments()[0].clone();
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(bench.log().erase(1), Err(EraseError::Damage(damage)) if damage.file == path));
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(bench.log().reader().statement(1).unwrap(), Stored::Bytes(bench.model.0[1].clone().unwrap()));
}

#[test]
fn a_crash_leaves_the_old_segment_and_nothing_beside_it() {
    let mut bench = Bench::new();
    bench.grow();
    bench.close();
    // Killed while the new segment was being written.
    let half = bench.path().join(format!("{}.tmp", bench.segments()[0].display()));
    fs::write(&half, b"STRecord and no more").unwrap();
    bench.reopen();
    assert!(!half.exists());
    bench.check_exactly();
}
