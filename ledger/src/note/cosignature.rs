//! Making cosignatures (c2sp.org/tlog-cosignature, Ed25519), and reading lines of them that came apart from their note.
//!
//! A note may carry anybody's signature, and readers ignore those of strangers. Lines that a witness hands over are another
//! matter: somebody was asked for them, and whatever is not a cosignature by a known witness, once each, is refused as a whole.
//! Not here: whether a checkpoint deserves a cosignature.

use super::is_note_text;
use super::{MAX_NOTE, MAX_SIGNATURES, NoteError, NoteVerifier, SignatureKind, SignatureLine, VerifierKeyError};
use crate::key::SigningKey;

/// Cosigns checkpoints with a witness's key.
#[derive(Debug)]
pub struct Cosigner {
    key: SigningKey,
    verifier: NoteVerifier,
}

/// A cosignature by a known witness that verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// Which of the known witnesses made it: its place in the list given.
    pub by: usize,
    /// When, in seconds since the Unix epoch, as the witness says.
    pub time: u64,
    /// The signature line, newline included.
    pub line: String,
}

/// Why lines of cosignatures are refused. The blame is their giver's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// No signature lines, each with its newline, or too many of them.
    #[error("not one to {MAX_SIGNATURES} signature lines")]
    Malformed,
    /// By a witness that nobody named.
    #[error("{0} is no witness that is known here")]
    Unknown(String),
    /// By one witness more than once.
    #[error("{0} cosigned more than once")]
    Duplicate(String),
    /// It does not verify, or says that it was made at no time.
    #[error("the cosignature of {0} does not verify")]
    Bad(String),
}

impl Cosigner {
    /// A cosigner that signs as `name`.
    pub fn new(name: &str, key: SigningKey) -> Result<Self, VerifierKeyError> {
        let verifier = NoteVerifier::new(name, SignatureKind::Cosignature, key.public_key().clone())?;
        Ok(Self { key, verifier })
    }

    /// The verifier of what this signs.
    pub fn verifier(&self) -> &NoteVerifier {
        &self.verifier
    }

    /// The signature line, newline included, that says of `text` that it was seen at `time`, in seconds since the Unix epoch.
    pub fn cosign(&self, text: &str, time: u64) -> Result<String, NoteError> {
        if !is_note_text(text) || text.len() > MAX_NOTE / 2 {
            return Err(NoteError::Text);
        }
        let signature = self.key.sign(message(text, time).as_bytes())?;
        let signature = [&time.to_be_bytes(), signature.as_slice()].concat();
        let NoteVerifier { name, id, .. } = &self.verifier;
        Ok(SignatureLine { name, id: *id, signature }.to_string())
    }
}

/// What an Ed25519 cosignature signs (c2sp.org/tlog-cosignature, "Ed25519 signed message").
pub(super) fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// Reads signature lines over `text`: all by `known` witnesses, none twice, all good.
pub fn cosignatures(text: &str, lines: &str, known: &[NoteVerifier]) -> Result<Vec<Cosignature>, CosignatureError> {
    let body = lines.strip_suffix('\n').filter(|_| lines.len() <= MAX_NOTE).ok_or(CosignatureError::Malformed)?;
    if body.split('\n').count() > MAX_SIGNATURES {
        return Err(CosignatureError::Malformed);
    }
    let mut read: Vec<Cosignature> = Vec::new();
    for line in body.split('\n') {
        let cosignature = one(text, line, known)?;
        if read.iter().any(|earlier| earlier.by == cosignature.by) {
            return Err(CosignatureError::Duplicate(known[cosignature.by].name.clone()));
        }
        read.push(cosignature);
    }
    Ok(read)
}

fn one(text: &str, line: &str, known: &[NoteVerifier]) -> Result<Cosignature, CosignatureError> {
    let line = SignatureLine::parse(line).ok_or(CosignatureError::Malformed)?;
    let by = known.iter().position(|key| key.kind == SignatureKind::Cosignature && line.is_of(key));
    let by = by.ok_or_else(|| CosignatureError::Unknown(line.name.into()))?;
    // Time zero stands for "at no time", which a witness must not say (c2sp.org/tlog-witness).
    let time = known[by].check(text, &line.signature).ok().flatten().filter(|time| *time > 0);
    let time = time.ok_or_else(|| CosignatureError::Bad(line.name.into()))?;
    Ok(Cosignature { by, time, line: line.to_string() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::key::Algorithm;
    use crate::note::{NoteSigner, SignedNote};

    const TEXT: &str = "log.example\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn witness(name: &str) -> Cosigner {
        Cosigner::new(name, SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap()
    }

    #[test]
    fn a_cosignature_stands_in_the_note_and_alone() {
        let log = NoteSigner::new("log.example", SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap();
        let (one, two) = (witness("one.example"), witness("two.example"));
        let (first, second) = (one.cosign(TEXT, 1_679_315_147).unwrap(), two.cosign(TEXT, 5).unwrap());
        let note = format!("{}{first}{second}", log.sign(TEXT).unwrap());
        let parsed = SignedNote::parse(&note).unwrap();
        let known = [log.verifier(), one.verifier(), two.verifier()];
        assert_eq!(parsed.verify(&known).unwrap().signers(), [(0, None), (1, Some(1_679_315_147)), (2, Some(5))]);
        assert_eq!(parsed.signed_only_by(log.verifier()).unwrap(), log.sign(TEXT).unwrap());
        assert_eq!(parsed.signed_only_by(witness("one.example").verifier()), Err(NoteError::NotSigned));
        let known = [one.verifier().clone(), two.verifier().clone()];
        let read = cosignatures(TEXT, &format!("{second}{first}"), &known).unwrap();
        assert_eq!(read[0], Cosignature { by: 1, time: 5, line: second });
        assert_eq!(read[1], Cosignature { by: 0, time: 1_679_315_147, line: first });
        assert_eq!(one.cosign("no newline", 1), Err(NoteError::Text));
        let vkey = one.verifier().to_string();
        assert_eq!(vkey.parse().as_ref(), Ok(one.verifier()), "it is written as type 0x04");
    }

    #[test]
    fn lines_are_refused_with_a_reason() {
        let log = NoteSigner::new("log.example", SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap();
        let (one, stranger) = (witness("one.example"), witness("stranger.example"));
        let known = [one.verifier().clone(), log.verifier().clone()];
        let good = one.cosign(TEXT, 1).unwrap();
        let plain = log.sign(TEXT).unwrap().rsplit("\n\n").next().unwrap().to_owned();
        let name = || "one.example".to_owned();
        let rows = [
            ("nothing", String::new(), CosignatureError::Malformed),
            ("no newline at the end", good.trim_end().to_owned(), CosignatureError::Malformed),
            ("an empty line", format!("{good}\n"), CosignatureError::Malformed),
            ("a whole note", format!("{TEXT}\n{good}"), CosignatureError::Malformed),
            ("too many", good.repeat(MAX_SIGNATURES + 1), CosignatureError::Malformed),
            ("a stranger", stranger.cosign(TEXT, 1).unwrap(), CosignatureError::Unknown("stranger.example".into())),
            (
                "a stranger beside a witness",
                format!("{good}{}", stranger.cosign(TEXT, 1).unwrap()),
                CosignatureError::Unknown("stranger.example".into()),
            ),
            (
                "a known name with another key",
                witness("one.example").cosign(TEXT, 1).unwrap(),
                CosignatureError::Unknown(name()),
            ),
            ("a known key that is no witness's", plain, CosignatureError::Unknown("log.example".into())),
            ("twice", format!("{good}{good}"), CosignatureError::Duplicate(name())),
            (
                "twice, at two times",
                format!("{good}{}", one.cosign(TEXT, 2).unwrap()),
                CosignatureError::Duplicate(name()),
            ),
            ("of another text", one.cosign("other\n", 1).unwrap(), CosignatureError::Bad(name())),
            ("at no time", one.cosign(TEXT, 0).unwrap(), CosignatureError::Bad(name())),
            ("beyond all times", one.cosign(TEXT, 1 << 63).unwrap(), CosignatureError::Bad(name())),
        ];
        for (reason, lines, expected) in rows {
            assert_eq!(cosignatures(TEXT, &lines, &known), Err(expected), "{reason}");
        }
        assert!(cosignatures(TEXT, &good, &known).is_ok());
    }
}
