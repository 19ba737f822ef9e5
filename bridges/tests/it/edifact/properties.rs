//! Whatever comes: no panic, a place for each refusal, and answers that say what was asked to be said.

use bridges::edifact::Edifact;
use bridges::{Bridge, Place};
use procurement::Advice;
use proptest::prelude::*;

use super::{message, one};
use crate::common::answer;

fn sound_place(place: &Place, length: usize) -> bool {
    match place {
        Place::Byte(offset) => *offset <= length,
        Place::Segment { number, offset, .. } => *number > 0 && *offset < length,
        _ => false,
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_with_a_place(input in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Err(refusal) = Edifact.read(&input) {
            prop_assert!(sound_place(&refusal.place, input.len()), "{refusal}");
        }
    }

    #[test]
    fn a_damaged_interchange_is_read_or_refused_with_a_place(
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..5),
    ) {
        let mut input = message("ORDERS", "BGM+220+4711+9'NAD+BY+4012345000009::9'NAD+SU+150483782::16'").into_bytes();
        for (index, byte, act) in cuts {
            let at = index.index(input.len());
            match act {
                0 => input[at] = byte,
                1 => drop(input.remove(at)),
                _ => input.insert(at, b"+:?'*\n "[usize::from(byte) % 7]),
            }
        }
        if let Err(refusal) = Edifact.read(&input) {
            prop_assert!(sound_place(&refusal.place, input.len()), "{refusal}");
        }
    }

    #[test]
    fn a_text_never_leaves_its_segment(explanation in "[ -~À-ÿ]{1,350}", proof in "[!-~]{1,300}") {
        let document = one(&message("ORDERS", "BGM+220+4711'"));
        let mut said = answer(&document, Advice::Stop);
        said.findings[0].stated.explanation = explanation;
        said.findings[0].stated.proof = proof;
        let written = Edifact.answer(&document, &said).unwrap();
        let again = Edifact.read(&written).map_err(|refusal| TestCaseError::fail(refusal.to_string()))?;
        prop_assert_eq!(again.documents.len(), 1);
        prop_assert_eq!(&again.documents[0].envelope.reference, "A-1");
    }
}
