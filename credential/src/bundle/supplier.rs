//! A bundle about a supplier: all that a log holds about it under one scheme, or that there is nothing, by each of its identifiers.
//!
//! ```text
//! {"format": "secure-trust-registry/supplier-bundle@1",
//!  "scheme": "stars@1",
//!  "origin": "jp.registry.example",     the log that all of it is from
//!  "checkpoint": "<C2SP signed note>",  of the log and its witnesses
//!  "last": "<base64, 42 bytes>",        the checkpoint's last entry, a seal: until when the log is known
//!  "statements": [{"index": 0, "timeMs": …, "statement": "<JWS>"}, …],    genesis, log keys, the operator's and the node's
//!                                       keys, and the supplier's registration, which names its identifiers
//!  "identifiers": [{"identifier": "lei:…", "entries": [17, 40], "mapProof": "<text>"}, …],   which entries, and that there are no others
//!  "entries": [{"index": 17, "entry": "<base64, 42 bytes>", "statement": "<JWS>"?}, …],      these entries; a statement where everybody,
//!                                       or whoever asked, may see it
//!  "proof": ["<hash, base64>", …],      that all of these and `last` stand under the checkpoint, one proof for all
//!  "publicProof": ["<part>", …]}        that nothing about the operator and the node is left out of `statements`
//! ```
//!
//! At most [`MAX_BUNDLE`](super::MAX_BUNDLE) bytes, checked before anything is read; [`MAX_IDENTIFIERS`], [`MAX_ENTRIES`]. Unknown members,
//! members named twice and bytes behind the object are refused.
//!
//! In scope: that these entries and no others are about the supplier. Out of scope: restricted verdicts of other registries, which the
//! registry may recognise all the same: nothing of that is in its log. Neither is in scope what follows from the entries, which the bundle of each
//! verdict proves: a statement that is shown here is the one that the log holds, and nobody judged it by the rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use conformity::basis::of_supplier;
use conformity::identifiers::Identifier;
use conformity::ids::{Origin, PartyId, SchemeRef, VerdictId};
use conformity::map_label::MapLabel;
use conformity::party::{PartyRecord, Role};
use conformity::records::Register;
use conformity::standing::Absence;
use conformity::statement::{Claim, Kind};
use conformity::words::Params;
use jiff::Timestamp;
use ledger::jws::Unverified;
use ledger::merkle::Hash;
use serde::{Deserialize, Serialize};

use super::answer::{Closed, LogOwner, Sealed, closed, owner};
use super::complete::{compare, foundations, told};
use super::ground::{Extract, Ground, ground};
use super::include::{Entries, instant};
use super::policy::Policy;
use super::step::{Found, Step, StepName, Steps};
use super::{Broken, Distrust, Failure, Fault, Item, MAX_STATEMENTS, Question, most, read_object};
use crate::statement::read_unverified;

/// The format that this program reads and writes.
pub const FORMAT: &str = "secure-trust-registry/supplier-bundle@1";
/// Most identifiers of one supplier.
pub const MAX_IDENTIFIERS: usize = 64;
/// Most entries about it.
pub const MAX_ENTRIES: usize = 16_384;
/// A bundle about a supplier as read or collected; [`verify_any`](super::verify_any) says whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SupplierBundle {
    /// [`FORMAT`].
    pub format: String,
    /// The scheme that it is about.
    pub scheme: SchemeRef,
    /// The log that it is from.
    pub origin: Origin,
    /// The signed note of the checkpoint.
    pub checkpoint: String,
    /// The checkpoint's last entry, base64 of its 42 bytes.
    pub last: String,
    /// With which keys log and map speak, and as whom the supplier is registered, by rising index.
    pub statements: Vec<Arc<Item>>,
    /// What the map says of each identifier.
    pub identifiers: Vec<Counted>,
    /// The entries about the supplier, by rising index.
    pub entries: Vec<Listed>,
    /// The hashes that lead from all these and the last entry to the root.
    pub proof: Vec<Hash>,
    /// What the map says of the public labels that `statements` rest on.
    pub public_proof: Vec<String>,
}

/// An identifier, and which entries are about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counted {
    /// The identifier.
    pub identifier: Identifier,
    /// Indexes of the entries, rising.
    pub entries: Vec<u64>,
    /// What the map says of it under the scheme.
    pub map_proof: String,
}

/// An entry about the supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Listed {
    /// Its index.
    pub index: u64,
    /// Base64 of its 42 bytes.
    pub entry: String,
    /// The statement that it commits to, JWS compact; nothing where whoever asked may not see it, or it found no room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
}

/// What a bundle about a supplier proves.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The log.
    pub origin: Origin,
    /// Whose log it is.
    pub log: LogOwner,
    /// The checkpoint under which all of it stands.
    pub checkpoint: Sealed,
    /// The time that the answer is for.
    pub at: Timestamp,
    /// That the registry ended, and which other one goes on; also where it ended after that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// The scheme.
    pub scheme: SchemeRef,
    /// Whether the log holds nothing about any of the identifiers.
    pub absent: bool,
    /// Which absence it is to whoever reads the bundle, where it shows nothing about the supplier: `not-assessed` of a supplier with all
    /// of its identifiers, `unknown` where it may have others, `withheld` where there are entries and none of them is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absence: Option<Absence>,
    /// As what the registry registered the supplier, with these identifiers and no others; nothing where that is not shown, and
    /// the supplier may have other identifiers.
    pub registered: Option<PartyId>,
    /// By each identifier.
    pub identifiers: Vec<Known>,
    /// The entries.
    pub entries: Vec<Told>,
    /// What was checked.
    pub steps: Vec<Step>,
}

/// What a log holds about an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// The identifier.
    pub identifier: Identifier,
    /// Indexes of all entries about it by the time that the answer is for.
    pub entries: Vec<u64>,
}

/// An entry about the supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// Its index.
    pub index: u64,
    /// When it was sequenced.
    pub at: Timestamp,
    /// What the statement says that it commits to, where that is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
}

/// What a statement says. Nobody has judged it by the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Its kind.
    pub kind: Kind,
    /// Whose statement it says that it is.
    pub by: PartyId,
    /// The verdict of this registry that it is about; nothing where it is about several, or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictId>,
}

impl SupplierBundle {
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
        most("identifiers", bundle.identifiers.len(), MAX_IDENTIFIERS)?;
        most("entries", bundle.entries.len(), MAX_ENTRIES)?;
        let longest = bundle.identifiers.iter().map(|one| one.entries.len()).max();
        most("entries of an identifier", longest.unwrap_or(0), MAX_ENTRIES)?;
        let distinct: BTreeSet<_> = bundle.identifiers.iter().map(|one| &one.identifier).collect();
        if distinct.is_empty() || distinct.len() < bundle.identifiers.len() {
            return Err(Broken::NotABundle("it names no identifier of the supplier, or one twice".to_owned()));
        }
        Ok(bundle)
    }

    fn extract(&self) -> Extract<'_> {
        Extract {
            origin: &self.origin,
            checkpoint: &self.checkpoint,
            last: &self.last,
            statements: &self.statements,
            bare: self.entries.iter().map(|one| (one.index, one.entry.as_str())).collect(),
            proof: &self.proof,
        }
    }
}

/// Whether these bytes say of themselves that they are one.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Named {
        format: String,
    }
    read_object::<Named>(bytes).is_ok_and(|named| named.format == FORMAT)
}

pub(super) fn checked(bytes: &[u8], policy: &Policy, question: Question, steps: &mut Steps) -> Result<Standing, Fault> {
    let bundle = SupplierBundle::parse(bytes)?;
    let (entries, identifiers, scheme) = (bundle.entries.len(), bundle.identifiers.len(), &bundle.scheme);
    let params = Params::default().with("entries", entries).with("identifiers", identifiers).with("scheme", scheme);
    steps.held(StepName::Form, "form-supplier", params.with("origin", &bundle.origin));
    let Ground { anchored, entries, sealed, at, replay } = ground(&bundle.extract(), policy, question, steps)?;
    let register = &replay.register;
    let all = bundle.entries.iter().map(|one| one.told(&entries)).collect::<Result<Vec<_>, _>>()?;
    let registered = registered(&bundle, register)?;
    complete(&bundle, register, registered, &entries, steps)?;
    let (log, registered) = (owner(register)?, registered.map(|record| record.party.id.clone()));
    let by_then = |index: &u64| {
        let entry = entries.get(*index);
        entry.is_some_and(|entry| i64::try_from(entry.time_ms).is_ok_and(|ms| ms <= at.as_millisecond()))
    };
    let known = |one: &Counted| Known {
        identifier: one.identifier.clone(),
        entries: one.entries.iter().copied().filter(by_then).collect(),
    };
    let identifiers: Vec<Known> = bundle.identifiers.iter().map(known).collect();
    let entries: Vec<Told> = all.into_iter().filter(|one| one.at <= at).collect();
    let absent = identifiers.iter().all(|one| one.entries.is_empty());
    let closed = closed(register, &anchored, at, steps)?;
    let standing = Standing {
        origin: bundle.origin,
        log,
        checkpoint: Sealed::of(anchored, sealed),
        at,
        closed,
        scheme: bundle.scheme,
        absent,
        absence: absence(absent, registered.is_some(), &entries),
        registered,
        identifiers,
        entries,
        steps: Vec::new(),
    };
    standing.tell(steps);
    Ok(standing)
}

/// Which absence it is, if it is one.
fn absence(absent: bool, registered: bool, entries: &[Told]) -> Option<Absence> {
    match (absent, registered) {
        (true, true) => Some(Absence::NotAssessed),
        (true, false) => Some(Absence::Unknown),
        (false, _) => entries.iter().all(|one| one.said.is_none()).then_some(Absence::Withheld),
    }
}

/// The registration that is shown, if it is of the supplier with these identifiers and no others: else whoever carries a bundle
/// could drop the identifier that a verdict names.
fn registered<'a>(bundle: &SupplierBundle, register: &'a Register) -> Result<Option<&'a PartyRecord>, Broken> {
    let mut suppliers = register.parties().filter(|record| record.party.role == Role::Supplier);
    let Some(record) = suppliers.next() else { return Ok(None) };
    let asked: BTreeSet<_> = bundle.identifiers.iter().map(|one| &one.identifier).collect();
    let registered: BTreeSet<_> = record.party.identifiers.iter().collect();
    if suppliers.next().is_some() || asked != registered {
        return Err(Broken::Identifiers("they are all those of the supplier whose registration is shown"));
    }
    Ok(Some(record))
}

/// Nothing about any of the identifiers is left out, nor of what the statements rest on.
fn complete(
    bundle: &SupplierBundle,
    register: &Register,
    registered: Option<&PartyRecord>,
    entries: &Entries,
    steps: &mut Steps,
) -> Result<(), Fault> {
    let mut public = None;
    for Counted { identifier, entries: about, map_proof } in &bundle.identifiers {
        let label = MapLabel::Supplier(identifier.clone(), bundle.scheme.clone());
        let (told, root) = told(map_proof, &label, register, entries)?;
        if let (None, shown @ 1..) = (told, about.len()) {
            // Entries that do not stand where they say give no digest, as none do.
            return Err(Broken::Incomplete { about: Box::new(label), shown, told: 0 }.into());
        }
        compare(&label, told, about, entries)?;
        public = Some(root);
        let params = Params::default().with("identifier", identifier).with("scheme", &bundle.scheme);
        let (code, params) = match told {
            None => ("counts-none", params),
            Some(latest) => ("counts-some", params.with("count", latest.count).with("last", latest.index)),
        };
        steps.held(StepName::Completeness, code, params);
    }
    let about: BTreeSet<u64> = bundle.identifiers.iter().flat_map(|one| one.entries.iter().copied()).collect();
    if let Some(stray) = bundle.entries.iter().find(|one| !about.contains(&one.index)) {
        // It stands under the checkpoint, as every entry of the log does, and may be about somebody else.
        return Err(Broken::Stray { index: stray.index }.into());
    }
    let root = public.ok_or(Broken::Identifiers("there is at least one"))?;
    let basis = of_supplier(register, registered.map(|record| &record.party.id), u64::MAX);
    foundations(basis, &bundle.public_proof, register, entries, &root)?;
    Ok(())
}

impl Listed {
    /// What is told of an entry that stands under the checkpoint.
    fn told(&self, entries: &Entries) -> Result<Told, Fault> {
        let index = self.index;
        let entry = entries.get(index).ok_or(Broken::Order)?;
        let at = instant(index, entry.time_ms)?;
        let Some(statement) = &self.statement else { return Ok(Told { index, at, said: None }) };
        let unverified = Unverified::parse(Bytes::copy_from_slice(statement.as_bytes()));
        let unverified = unverified.map_err(|error| Broken::Jws { index, error })?;
        if unverified.digest() != entry.digest {
            return Err(Broken::OtherStatement { index }.into());
        }
        let said = read_unverified(&unverified).map_err(|error| Broken::Statement { index, error })?;
        let said = Said { kind: said.kind(), verdict: verdict(&said.claim).cloned(), by: said.iss };
        Ok(Told { index, at, said: Some(said) })
    }
}

fn verdict(claim: &Claim) -> Option<&VerdictId> {
    match claim {
        Claim::VerdictGranted(verdict) => Some(&verdict.verdict),
        Claim::VerdictChanged(change) => Some(&change.verdict),
        Claim::DeclarationConfirmed(confirmation) => Some(&confirmation.verdict),
        Claim::ConfirmationWithdrawn(withdrawn) => Some(&withdrawn.verdict),
        Claim::ReportFiled(report) => Some(&report.verdict),
        Claim::EvidenceAccepted(acceptance) => Some(&acceptance.verdict),
        _ => None,
    }
}

impl Standing {
    /// The same, if it is about all identifiers of the supplier.
    ///
    /// # Errors
    /// [`Distrust::NotRegistered`], after all steps that hold.
    pub fn of_all_identifiers(self) -> Result<Self, Failure> {
        match self.registered {
            Some(_) => Ok(self),
            None => Err(Failure { held: self.steps, step: StepName::Supplier, fault: Distrust::NotRegistered.into() }),
        }
    }

    /// Whether something may not be counted at the time that the answer is for: under the checkpoint nothing shows what was erased since.
    pub fn leaves_out_erased(&self) -> bool {
        self.at < self.checkpoint.at
    }

    fn tell(&self, steps: &mut Steps) {
        let (code, params) = match &self.registered {
            Some(party) => ("registered", Params::default().with("origin", &self.origin).with("party", party)),
            None => ("unregistered", Params::default()),
        };
        steps.held(StepName::Supplier, code, params);
        let shown = self.entries.iter().filter(|one| one.said.is_some()).map(|one| one.index).collect();
        for known in &self.identifiers {
            steps.all_held(StepName::Supplier, vec![self.of_identifier(known, &shown)]);
        }
        steps.held(StepName::Supplier, "says-nothing-of", Params::default());
    }

    fn of_identifier(&self, known: &Known, shown: &BTreeSet<u64>) -> Found {
        let Known { identifier, entries } = known;
        let shown = entries.iter().filter(|index| shown.contains(index)).count();
        let params = Params::default().with("at", self.at).with("origin", &self.origin).with("scheme", &self.scheme);
        let params = params.with("identifier", identifier);
        match (entries.last(), self.leaves_out_erased()) {
            (None, false) => Found::new("holds-none", params),
            (None, true) => Found::new("held-none", params),
            (Some(last), erased) => {
                let params = params.with("count", entries.len()).with("last", last).with("shown", shown);
                Found::new(if erased { "held-some" } else { "holds-some" }, params)
            }
        }
    }
}
