//! Identifiers against real ones: outside data, found by `REGISTRY_TEST_DATA` or beside the workspace.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use conformity::identifiers::{Identifier, IdentifierKind};

#[test]
fn every_real_lei_is_accepted_and_none_with_one_character_mistyped() {
    let Some(list) = test_data::vectors("conformity-records/gleif/lei-aerospace-defence.csv") else { return };
    let list = std::fs::read_to_string(list).unwrap();
    let mut count = 0;
    for line in list.lines().skip(1) {
        let lei = line.split(',').next().unwrap();
        Identifier::new(IdentifierKind::Lei, lei).unwrap_or_else(|e| panic!("{e}"));
        let place = count % 20;
        let mistyped: String = lei
            .chars()
            .enumerate()
            .map(|(at, c)| if at == place { neighbour(c, 1 + (count % 8) as u8) } else { c })
            .collect();
        assert!(Identifier::new(IdentifierKind::Lei, &mistyped).is_err(), "{lei} mistyped as {mistyped}");
        count += 1;
    }
    assert_eq!(count, 1_444);
}

/// Another digit for a digit, another letter for a letter: `step` further, around the end of the alphabet.
fn neighbour(character: char, step: u8) -> char {
    let (first, size) = if character.is_ascii_digit() { (b'0', 10) } else { (b'A', 26) };
    char::from(first + (character as u8 - first + step) % size)
}
