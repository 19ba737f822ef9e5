//! A bundle: everything that one verdict rests on, in one file that is checked without a network and without a node.
//!
//! ```text
//! {"format": "secure-trust-registry/bundle@1",
//!  "verdict": "jp:V-1",                 registry:id
//!  "origin": "jp.registry.example",     the log that all of it is from
//!  "checkpoint": "<C2SP signed note>",  of the log and its witnesses
//!  "last": "<base64, 42 bytes>",        the checkpoint's last entry, a seal: until when the log is known
//!  "statements": [{"index": 0, "timeMs": 1764061321123, "statement": "<JWS>", "attachment": "<text>"?}, …],
//!  "earlier": [{"index": 7, "entry": "<base64, 42 bytes>"}, …]?,    of a foreign verdict: what was made of it before
//!  "proof": ["<hash, base64>", …],      that all these and `last` stand under the checkpoint, one proof for all
//!  "mapProof": "<text>",                that no other entry is about the verdict, by the root in `last`
//!  "publicProof": ["<part>", …],        that no other entry is about the keys, accreditations, … that it rests on
//!  "disclosures": ["<base64url>", …]}   of the newest credential among the statements
//! ```
//!
//! At most [`MAX_BUNDLE`] bytes, checked before anything is read; [`MAX_STATEMENTS`] statements by rising index, the genesis first.
//! Unknown members, members named twice and bytes behind the object are refused.
//!
//! ```text
//! bytes ─parse▶ Bundle ─anchor▶ a checkpoint that the policy believes, by the key that its log had then ─include▶ entries of that log
//!                      ─replay▶ a register, by the rules that every registry runs ─complete▶ nothing about the verdict, or what it rests on, is left out
//!                      ─answer▶ Verified
//! ```
//!
//! In scope: the form, the [`Policy`] of whoever verifies, [`verify`]. Out of scope: collecting a bundle, which needs a node, and what
//! time it is, which the caller says. What a bundle cannot show, `docs/spec/bundle.md` says.

mod anchor;
mod answer;
mod complete;
mod fault;
mod ground;
mod include;
mod key_history;
mod policy;
mod replay;
mod step;
pub mod supplier;

use std::sync::Arc;

use conformity::ids::{Origin, VerdictRef};
use conformity::strict::excerpt;
use conformity::words::Params;
use jiff::Timestamp;
use ledger::merkle::Hash;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::sd_jwt::MAX_DISCLOSURES;
use ground::{Extract, Ground, ground};

pub use answer::{Closed, Finding, LogOwner, Own, Sealed, Shown, Verified};
pub use fault::{Broken, Distrust, Failure, Fault, Misbehaved};
pub use key_history::{KeyHistory, MAX_KEY_STATEMENTS, Pin, Proven};
pub use policy::{EarlierKey, MAX_POLICY, Policy, PolicyError, Seen, Trusted};
pub use step::{Found, Step, StepName, told};
pub use supplier::{Standing, SupplierBundle};

/// Longest bundle that is read, in bytes.
pub const MAX_BUNDLE: usize = 8 * 1024 * 1024;
/// Most statements in one: a verdict's history has at most 1,000.
pub const MAX_STATEMENTS: usize = 2_048;
/// The format that this program reads and writes.
pub const FORMAT: &str = "secure-trust-registry/bundle@1";

/// A bundle as read or collected; [`verify`] says whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bundle {
    /// [`FORMAT`].
    pub format: String,
    /// The verdict that it is about.
    pub verdict: VerdictRef,
    /// The log that it is from.
    pub origin: Origin,
    /// The signed note of the checkpoint.
    pub checkpoint: String,
    /// The checkpoint's last entry, base64 of its 42 bytes.
    pub last: String,
    /// What the verdict rests on, by rising index.
    pub statements: Vec<Arc<Item>>,
    /// Entries that said what was made of a foreign verdict before the statement that says so now, which replaces them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
    /// The hashes that lead from all these and the last entry to the root.
    pub proof: Vec<Hash>,
    /// What the state map in the last entry says of the verdict.
    pub map_proof: String,
    /// What it says of the public labels that the verdict rests on.
    pub public_proof: Vec<String>,
    /// Disclosures of the newest credential among the statements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disclosures: Vec<String>,
}

/// A statement at its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    /// Index of its entry.
    pub index: u64,
    /// When it was sequenced, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// The statement, JWS compact.
    pub statement: String,
    /// The result list that it names, where it derives recognitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<String>,
}

/// An entry whose statement is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Earlier {
    /// Its index.
    pub index: u64,
    /// Base64 of its 42 bytes.
    pub entry: String,
}

/// What is asked of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// How the verdict stood then, as the log showed it. Without it: at the checkpoint.
    pub at: Option<Timestamp>,
    /// What time it is, to tell how old the checkpoint is.
    pub now: Timestamp,
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// The first rule of the form that it breaks.
    pub fn parse(bytes: &[u8]) -> Result<Self, Broken> {
        let bundle: Self = read_object(bytes)?;
        if bundle.format != FORMAT {
            return Err(Broken::OtherFormat { found: bundle.format.chars().take(80).collect() });
        }
        most("statements", bundle.statements.len(), MAX_STATEMENTS)?;
        most("earlier entries", bundle.earlier.len(), MAX_STATEMENTS)?;
        most("disclosures", bundle.disclosures.len(), MAX_DISCLOSURES)?;
        Ok(bundle)
    }

    fn extract(&self) -> Extract<'_> {
        Extract {
            origin: &self.origin,
            checkpoint: &self.checkpoint,
            last: &self.last,
            statements: &self.statements,
            bare: self.earlier.iter().map(|one| (one.index, one.entry.as_str())).collect(),
            proof: &self.proof,
        }
    }
}

/// The JSON object in these bytes, of which there are not too many.
fn read_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Broken> {
    if bytes.len() > MAX_BUNDLE {
        return Err(Broken::TooLong { bytes: bytes.len() });
    }
    if bytes.first() != Some(&b'{') {
        // serde would also read the members from an array.
        return Err(Broken::NotABundle("it is not a JSON object".to_owned()));
    }
    serde_json::from_slice(bytes).map_err(|error| Broken::NotABundle(excerpt(&error)))
}

fn most(what: &'static str, found: usize, max: usize) -> Result<(), Broken> {
    if found <= max { Ok(()) } else { Err(Broken::TooMany { what, max }) }
}

/// Checks a bundle from its bytes to its answer, and says what was checked.
///
/// # Errors
/// [`Failure`]: what held until then, and the first thing that does not.
pub fn verify(bytes: &[u8], policy: &Policy, question: Question) -> Result<Verified, Failure> {
    let mut steps = step::Steps::default();
    match checked(bytes, policy, question, &mut steps) {
        Ok(mut verified) => {
            verified.steps = steps.into_held();
            Ok(verified)
        }
        Err(fault) => Err(Failure { held: steps.into_held(), step: fault.step(), fault }),
    }
}

/// What a bundle of either kind proves.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Checked {
    /// One about a verdict.
    Verdict(Box<Verified>),
    /// One about a supplier.
    Supplier(Box<Standing>),
}

/// Checks a bundle of either kind, whichever its `format` says it is.
///
/// # Errors
/// As [`verify`].
pub fn verify_any(bytes: &[u8], policy: &Policy, question: Question) -> Result<Checked, Failure> {
    if !supplier::is_one(bytes) {
        return verify(bytes, policy, question).map(|verified| Checked::Verdict(Box::new(verified)));
    }
    let mut steps = step::Steps::default();
    match supplier::checked(bytes, policy, question, &mut steps) {
        Ok(standing) => Ok(Checked::Supplier(Box::new(Standing { steps: steps.into_held(), ..standing }))),
        Err(fault) => Err(Failure { held: steps.into_held(), step: fault.step(), fault }),
    }
}

fn checked(bytes: &[u8], policy: &Policy, question: Question, steps: &mut step::Steps) -> Result<Verified, Fault> {
    let bundle = Bundle::parse(bytes)?;
    let count = bundle.statements.len();
    let params = Params::default().with("count", count).with("verdict", &bundle.verdict).with("origin", &bundle.origin);
    steps.held(StepName::Form, "form-verdict", params);
    let Ground { anchored, entries, sealed, at, replay } = ground(&bundle.extract(), policy, question, steps)?;
    let replayed = replay::of_verdict(&bundle, &anchored, replay, steps)?;
    complete::complete(&bundle, &replayed, &entries, steps)?;
    answer::answer(&bundle, anchored, sealed, &replayed, at, steps)
}
