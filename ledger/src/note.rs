//! Signed notes (c2sp.org/signed-note): a text and the signatures of those who stand behind it.
//!
//! ```text
//! <text, ending in a newline>
//! <empty line>
//! — <key name> base64(key id, 4 bytes || signature)          one line per signature
//!
//! verifier key:  <key name>+<key id, 8 hex digits>+base64(type || public key)
//! key id:        the first 4 bytes of SHA-256(key name || "\n" || type || public key)
//! type 0x01      Ed25519 over the text
//! type 0x04      timestamped Ed25519 cosignature (c2sp.org/tlog-cosignature): 8 bytes of time, then 64 of signature
//!                over "cosignature/v1\ntime <time>\n" || text
//! ```
//!
//! A signature by a key that the caller did not name is ignored; one by a named key that does not verify condemns the
//! whole note. The size is capped before anything is decoded. Not here: what the text says (see [`crate::checkpoint`]).

mod cosignature;
#[cfg(test)]
mod spec;
#[cfg(test)]
mod tests;

pub use cosignature::{Cosignature, CosignatureError, Cosigner, cosignatures};

use crate::digest::sha256;
use crate::encoding::{base64_decode, base64_encode, hex_decode};
use crate::key::{Algorithm, KeyError, PublicKey, SigningError, SigningKey};
use std::fmt;
use std::str::FromStr;

/// Longest note that is looked at, in bytes.
pub const MAX_NOTE: usize = 128 * 1024;
/// Most signatures that a note may carry (the specification asks for at least 16).
pub const MAX_SIGNATURES: usize = 64;
/// Longest name of a key that is verified with; those of other signers are bounded by the note.
const MAX_NAME: usize = 255;
/// A verifier key of the types below is far shorter.
const MAX_VKEY: usize = 512;

/// How a note key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureKind {
    /// Ed25519 over the note's text: the log's own signature.
    Ed25519,
    /// Timestamped Ed25519 cosignature by a witness or mirror.
    Cosignature,
}

impl SignatureKind {
    fn type_byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }
}

/// Why a verifier key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifierKeyError {
    /// Not `name+id+key`.
    #[error("a verifier key has the form <name>+<8 hex digits>+<base64>")]
    Malformed,
    /// The name is empty, too long, or holds a space or a plus.
    #[error("a key name is 1 to {MAX_NAME} characters without spaces, control characters or '+'")]
    Name,
    /// A signature type that is not used here.
    #[error("signature type {0:#04x} is not supported: use an Ed25519 key (type 0x01 or 0x04)")]
    Type(u8),
    /// The id does not belong to the name and key: a typing error, or a forgery.
    #[error("the key id does not belong to this name and key: copy the whole verifier key again")]
    Id,
    /// The key itself is not admissible.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Only Ed25519 keys sign notes.
    #[error("{0} keys do not sign notes: use Ed25519")]
    Algorithm(Algorithm),
}

/// Checks the signatures of one key, known under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteVerifier {
    name: String,
    id: [u8; 4],
    kind: SignatureKind,
    key: PublicKey,
}

impl NoteVerifier {
    /// A verifier for `key` under `name`.
    pub fn new(name: &str, kind: SignatureKind, key: PublicKey) -> Result<Self, VerifierKeyError> {
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(VerifierKeyError::Algorithm(key.algorithm()));
        }
        if !is_key_name(name) || name.len() > MAX_NAME {
            return Err(VerifierKeyError::Name);
        }
        let hash = sha256(&[name.as_bytes(), b"\n", &[kind.type_byte()], key.as_bytes()]);
        Ok(Self { name: name.into(), id: [hash[0], hash[1], hash[2], hash[3]], kind, key })
    }

    /// The key's name; for a log, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id.
    pub fn id(&self) -> u32 {
        u32::from_be_bytes(self.id)
    }

    /// How the key signs.
    pub fn kind(&self) -> SignatureKind {
        self.kind
    }

    /// The key.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// The cosignature's time in seconds since the Unix epoch (`None` for a plain signature), or that it is bad.
    fn check(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, ()> {
        match self.kind {
            SignatureKind::Ed25519 => {
                let signature = signature.try_into().map_err(drop)?;
                self.key.verify(text.as_bytes(), signature).map_err(drop)?;
                Ok(None)
            }
            SignatureKind::Cosignature => {
                let (time, signature) = signature.split_first_chunk().ok_or(())?;
                let time = u64::from_be_bytes(*time);
                let message = cosignature::message(text, time);
                self.key.verify(message.as_bytes(), signature.try_into().map_err(drop)?).map_err(drop)?;
                (time <= i64::MAX as u64).then_some(Some(time)).ok_or(())
            }
        }
    }
}

/// The verifier key, as `<name>+<id>+<base64>`.
impl fmt::Display for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.type_byte()], self.key.as_bytes()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id(), base64_encode(&key))
    }
}

impl FromStr for NoteVerifier {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        if text.len() > MAX_VKEY {
            return Err(VerifierKeyError::Malformed);
        }
        // Base64 may hold a plus, a name and an id may not: split from the left.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VerifierKeyError::Malformed);
        };
        let id: [u8; 4] = hex_decode(id).ok_or(VerifierKeyError::Malformed)?;
        let key = base64_decode(key).ok_or(VerifierKeyError::Malformed)?;
        let (kind, key) = match key.split_first().ok_or(VerifierKeyError::Malformed)? {
            (1, key) => (SignatureKind::Ed25519, key),
            (4, key) => (SignatureKind::Cosignature, key),
            (other, _) => return Err(VerifierKeyError::Type(*other)),
        };
        let key = PublicKey::from_ed25519(key.try_into().map_err(|_| VerifierKeyError::Malformed)?)?;
        let verifier = Self::new(name, kind, key)?;
        if verifier.id == id { Ok(verifier) } else { Err(VerifierKeyError::Id) }
    }
}

/// Signs notes with a log's key, under the log's origin.
#[derive(Debug)]
pub struct NoteSigner {
    key: SigningKey,
    verifier: NoteVerifier,
}

impl NoteSigner {
    /// A signer that signs as `name`.
    pub fn new(name: &str, key: SigningKey) -> Result<Self, VerifierKeyError> {
        let verifier = NoteVerifier::new(name, SignatureKind::Ed25519, key.public_key().clone())?;
        Ok(Self { key, verifier })
    }

    /// The verifier of what this signs.
    pub fn verifier(&self) -> &NoteVerifier {
        &self.verifier
    }

    /// Signs `text` and gives the whole note.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        if !is_note_text(text) || text.len() > MAX_NOTE / 2 {
            return Err(NoteError::Text);
        }
        Ok(format!("{text}\n{}", self.line(text)?))
    }

    /// Signs the text of a note besides those who signed it, and gives the whole note.
    pub fn add_to(&self, note: &str) -> Result<String, NoteError> {
        let line = self.line(SignedNote::parse(note)?.claimed_text())?;
        Ok(format!("{note}{line}"))
    }

    /// A bare signature over something that is no note; it begins with words that no note begins with.
    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> Result<[u8; 64], SigningError> {
        self.key.sign(bytes)
    }

    fn line(&self, text: &str) -> Result<String, SigningError> {
        let signature = self.key.sign(text.as_bytes())?;
        let Self { verifier: NoteVerifier { name, id, .. }, .. } = self;
        Ok(SignatureLine { name, id: *id, signature: signature.into() }.to_string())
    }
}

/// Why a note is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`MAX_NOTE`].
    #[error("the note is longer than {MAX_NOTE} bytes")]
    TooLong,
    /// The text does not end in a newline, is too long, or holds control characters.
    #[error("the text of a note ends in a newline and holds no other control characters")]
    Text,
    /// No empty line between text and signatures, or a signature line that is none.
    #[error("not a signed note: {0}")]
    Malformed(&'static str),
    /// A signature by a key that the caller named does not verify.
    #[error("the signature of {0} does not verify")]
    BadSignature(String),
    /// None of the named keys signed.
    #[error("no signature by a known key")]
    NotSigned,
    /// Signing failed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

/// A note as parsed: nobody has checked who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote<'a> {
    text: &'a str,
    signatures: Vec<SignatureLine<'a>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct SignatureLine<'a> {
    name: &'a str,
    id: [u8; 4],
    signature: Vec<u8>,
}

/// A note of which at least one named key's signature verified, and none failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedNote<'a> {
    text: &'a str,
    signers: Vec<(usize, Option<u64>)>,
}

impl<'a> SignedNote<'a> {
    /// Parses a note.
    pub fn parse(note: &'a str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE {
            return Err(NoteError::TooLong);
        }
        let at = note.rfind("\n\n").ok_or(NoteError::Malformed("no empty line before the signatures"))?;
        let (text, signatures) = (&note[..=at], &note[at + 2..]);
        if !is_note_text(text) {
            return Err(NoteError::Text);
        }
        let lines = signatures.strip_suffix('\n').ok_or(NoteError::Malformed("no newline at the end"))?;
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(NoteError::Malformed("too many signatures"));
        }
        let signatures = lines.split('\n').map(SignatureLine::parse).collect::<Option<_>>();
        Ok(Self { text, signatures: signatures.ok_or(NoteError::Malformed("a signature line is not one"))? })
    }

    /// The ids of the keys that are said to have signed under a name. Nobody has checked one of them.
    pub fn claimed_by(&self, name: &str) -> impl Iterator<Item = u32> {
        self.signatures.iter().filter(move |line| line.name == name).map(|line| u32::from_be_bytes(line.id))
    }

    /// Checks the signatures of the keys that the caller trusts.
    pub fn verify(&self, known: &[&NoteVerifier]) -> Result<VerifiedNote<'a>, NoteError> {
        let mut signers = Vec::new();
        for line in &self.signatures {
            let verifier = known.iter().enumerate().find(|(_, key)| line.is_of(key));
            let Some((which, verifier)) = verifier else { continue };
            let time = verifier.check(self.text, &line.signature);
            let time = time.map_err(|()| NoteError::BadSignature(line.name.into()))?;
            if signers.iter().all(|(signer, _)| *signer != which) {
                signers.push((which, time));
            }
        }
        if signers.is_empty() { Err(NoteError::NotSigned) } else { Ok(VerifiedNote { text: self.text, signers }) }
    }

    /// The same note with no other signature than `key`'s: what strangers added to it is nobody's to keep.
    pub fn signed_only_by(&self, key: &NoteVerifier) -> Result<String, NoteError> {
        let line = self.signatures.iter().find(|line| line.is_of(key)).ok_or(NoteError::NotSigned)?;
        Ok(format!("{}\n{line}", self.text))
    }

    /// The text, which nobody may have signed.
    pub fn claimed_text(&self) -> &'a str {
        self.text
    }

    /// The names on the signature lines, trusted by nobody.
    pub fn claimed_signers(&self) -> impl Iterator<Item = &'a str> {
        self.signatures.iter().map(|line| line.name)
    }
}

impl<'a> VerifiedNote<'a> {
    /// The signed text, ending in a newline.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Which of the known keys signed (their places in the list given), each with its cosignature's time in seconds.
    pub fn signers(&self) -> &[(usize, Option<u64>)] {
        &self.signers
    }
}

impl<'a> SignatureLine<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (name, blob) = line.strip_prefix("— ")?.split_once(' ')?;
        let blob = is_key_name(name).then(|| base64_decode(blob)).flatten()?;
        let (id, signature) = blob.split_first_chunk()?;
        (!signature.is_empty()).then(|| Self { name, id: *id, signature: signature.into() })
    }

    fn is_of(&self, key: &NoteVerifier) -> bool {
        key.name == self.name && key.id == self.id
    }
}

/// The line as it was read, newline included.
impl fmt::Display for SignatureLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "— {} {}", self.name, base64_encode(&[self.id.as_slice(), &self.signature].concat()))
    }
}

fn is_note_text(text: &str) -> bool {
    text.ends_with('\n') && !text.chars().any(|c| c < ' ' && c != '\n')
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c < ' ' || c == '+')
}
