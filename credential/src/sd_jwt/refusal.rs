//! What can be wrong with an SD-JWT, apart from its signatures.
//!
//! In scope: the form ([`Malformed`], the blame is whoever wrote the text) and the processing ([`Refusal`], the blame is the
//! issuer's, or the holder's who added, repeated or altered a disclosure). Out of scope: key binding and issuing.

use conformity::strict::Breach;

use super::{MAX_DEPTH, MAX_DISCLOSED, MAX_DISCLOSURE, MAX_DISCLOSURES, MAX_POINTER, MAX_TEXT};
use crate::jwt::JwtError;

/// Why a text is no SD-JWT.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Too long; nothing of it was read.
    #[error("the SD-JWT has {bytes} bytes; at most {MAX_TEXT} are allowed")]
    TooLong {
        /// How many bytes came.
        bytes: usize,
    },
    /// No tilde at all.
    #[error("not an SD-JWT: a tilde must follow the issuer's JWT and each disclosure")]
    NotSdJwt,
    /// More disclosures than allowed; none was read.
    #[error("the SD-JWT has {count} disclosures; at most {MAX_DISCLOSURES} are allowed")]
    TooManyDisclosures {
        /// How many came.
        count: usize,
    },
    /// The disclosures together are too long; none was read.
    #[error("the disclosures have {bytes} bytes; at most {MAX_DISCLOSED} are allowed")]
    TooMuchDisclosed {
        /// How many bytes came.
        bytes: usize,
    },
    /// One disclosure is none.
    #[error("disclosure {index}: {source}")]
    Disclosure {
        /// Which one, counted from 0.
        index: usize,
        /// What is wrong with it.
        source: DisclosureError,
    },
    /// The issuer's JWT is none.
    #[error("the issuer's part: {0}")]
    Jwt(#[from] JwtError),
    /// The key binding JWT is none.
    #[error("the key binding: {0}")]
    KeyBinding(JwtError),
}

/// Why a text is no disclosure (RFC 9901 §4.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    /// Too long; nothing of it was read.
    #[error("{bytes} bytes are more than the {MAX_DISCLOSURE} that are allowed")]
    TooLong {
        /// How many bytes came.
        bytes: usize,
    },
    /// Not base64url.
    #[error("not base64url without padding")]
    NotBase64,
    /// Not strict JSON.
    #[error(transparent)]
    NotStrict(#[from] Breach),
    /// Not an array of two or three, with texts for salt and name.
    #[error("neither [salt, name, value] nor [salt, value]")]
    Shape,
}

/// Who is to blame that disclosures cannot be put in place of their digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// Whoever signed the digests.
    Issuer,
    /// Whoever chose the disclosures that came along.
    Holder,
}

/// Why disclosures cannot be put in place of their digests (RFC 9901 §7.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `_sd_alg` is another digest, or no text.
    #[error("_sd_alg must be \"sha-256\" or absent")]
    UnknownDigest,
    /// `_sd_alg` below the top level.
    #[error("_sd_alg stands at {at}; it belongs to the top level only")]
    MisplacedAlgorithm {
        /// The object in which it stands.
        at: String,
    },
    /// `_sd` is not an array of texts.
    #[error("_sd at {at:?} must be an array of digests as text")]
    NotDigests {
        /// The object in which it stands.
        at: String,
    },
    /// `...` outside an array's element, beside another member, or with another value than a text.
    #[error("\"...\" at {at:?} must be the only member of an array's element, with a digest as text")]
    MisplacedPlaceholder {
        /// Where it stands.
        at: String,
    },
    /// One digest stands twice.
    #[error("a digest stands twice, at {at:?} the second time")]
    DigestTwice {
        /// Where the second one stands.
        at: String,
    },
    /// One disclosure came twice.
    #[error("disclosure {index} has come before")]
    DisclosureTwice {
        /// The second of them, counted from 0.
        index: usize,
    },
    /// No digest stands for a disclosure.
    #[error("disclosure {index} belongs to no digest that the issuer signed")]
    Unreferenced {
        /// Which one, counted from 0.
        index: usize,
    },
    /// An element's disclosure stands for a member, or the other way round.
    #[error(
        "disclosure {index} is of the wrong kind for its place: [salt, name, value] for a member, [salt, value] for an element"
    )]
    WrongKind {
        /// Which one, counted from 0.
        index: usize,
    },
    /// A disclosed name would be read as part of the format.
    #[error("disclosure {index} is named {name:?}, which has a meaning in the format itself")]
    FormatName {
        /// Which one, counted from 0.
        index: usize,
        /// Its name.
        name: &'static str,
    },
    /// A claim that decides whether the credential holds was concealed, or a part of it.
    #[error("{name:?} decides whether the credential holds: an issuer must conceal neither it nor a part of it")]
    NeverConcealed {
        /// The claim.
        name: &'static str,
    },
    /// A member of that name stands there already.
    #[error("disclosure {index} repeats a member that stands in {at:?} already")]
    NameTaken {
        /// Which one, counted from 0.
        index: usize,
        /// The object.
        at: String,
    },
    /// Too deep with the disclosures put in.
    #[error("with its disclosures put in, the payload is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// The place of a disclosure has too long a name.
    #[error("disclosure {index} stands at a place whose pointer has more than {MAX_POINTER} bytes")]
    PointerTooLong {
        /// Which one, counted from 0.
        index: usize,
    },
}

impl Refusal {
    /// Whose fault it is. What stands under a digest is the issuer's, whatever it says: he signed it.
    pub const fn blame(&self) -> Blame {
        match self {
            Self::DisclosureTwice { .. } | Self::Unreferenced { .. } => Blame::Holder,
            Self::UnknownDigest
            | Self::MisplacedAlgorithm { .. }
            | Self::NotDigests { .. }
            | Self::MisplacedPlaceholder { .. }
            | Self::DigestTwice { .. }
            | Self::WrongKind { .. }
            | Self::FormatName { .. }
            | Self::NeverConcealed { .. }
            | Self::NameTaken { .. }
            | Self::TooDeep
            | Self::PointerTooLong { .. } => Blame::Issuer,
        }
    }
}
