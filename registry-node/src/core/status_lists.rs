//! Status lists: what verifiers that only poll learn of credentials, derived from the log and signed by the node.
//!
//! One list in two forms: the IETF Token Status List (valid, invalid, suspended, conditional) and two W3C Bitstring Status
//! Lists (revocation, suspension). Restricted verdicts are in them like all others, at places that say nothing about whom.
//! What a list says is found out at most once a second, for all its forms, when the log or the book of slots changed; whoever
//! asks meanwhile gets the copy. Out of scope: who holds which slot (`slots`), and HTTP.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use conformity::credential::{CredentialRecord, CredentialStatus, StatusSlot};
use conformity::records::{Facts, Register};
use credential::attestation::Web;
use credential::jwt::{self, Header};
use credential::status::Status;
use credential::status::bitstring::{Bitstring, JWT_TYPE, Purpose, StatusCredential};
use credential::status::list::{Bits, StatusList};
use credential::status::token::StatusListToken;
use jiff::{SignedDuration, Timestamp};

use super::read_model::ReadModel;
use super::registry::Registry;

/// For how many seconds a verifier may use its copy.
pub const TTL_SECONDS: u64 = 30;
/// How long a list says anything at all: a registry that cannot be reached for longer vouches for nothing.
const VALID_FOR: SignedDuration = SignedDuration::from_hours(24);
/// How long a copy is given out although something changed.
const AT_MOST_EVERY: SignedDuration = SignedDuration::from_secs(1);
/// Credentials that are copied at once while the sequencer waits.
const COPIED_AT_ONCE: usize = 1_000;
/// How old a copy may be although nothing changed.
const AT_LEAST_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// Between suspended and the values that are defined (Token Status List, "Status Types": application specific).
const CONDITIONAL: Status = Status::Other(3);

/// The forms of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListForm {
    /// IETF Token Status List.
    Token,
    /// W3C Bitstring Status List, taken back for good.
    Revocation,
    /// W3C Bitstring Status List, not valid for the time being.
    Suspension,
}

/// Lists that were rendered.
#[derive(Default)]
pub struct StatusLists {
    kept: Mutex<HashMap<u32, Kept>>,
}

/// A list as it stood at a time, in the forms that were asked for.
struct Kept {
    /// Of the log and of the list's slots.
    sizes: (u64, usize),
    at: Timestamp,
    not_valid: Vec<(u64, CredentialStatus)>,
    rendered: HashMap<ListForm, Bytes>,
}

/// A list that could not be rendered: our own fault.
#[derive(Debug, thiserror::Error)]
#[error("status list {list}: {problem}")]
pub struct ListFault {
    list: u32,
    problem: String,
}

impl StatusLists {
    /// The signed list; nothing where no slot of it was ever handed out. Takes some ten milliseconds when it changed.
    ///
    /// # Errors
    /// [`ListFault`].
    pub fn signed(&self, registry: &Registry, list: u32, form: ListForm) -> Result<Option<Bytes>, ListFault> {
        // Held while it is rendered: a crowd waits for one rendering instead of making one each.
        let mut all = self.kept();
        let Some(slots) = registry.slots.count(list) else { return Ok(None) };
        let (now, sizes) = (registry.now(), (*registry.size.borrow(), slots));
        if !all.get(&list).is_some_and(|kept| kept.is_good(sizes, now)) {
            let handed_out = registry.slots.handed_out(list).unwrap_or_default();
            let not_valid = not_valid(&registry.read_model, list, (&handed_out, now));
            all.insert(list, Kept { sizes, at: now, not_valid, rendered: HashMap::new() });
        }
        let Some(kept) = all.get_mut(&list) else { return Ok(None) };
        if let Some(token) = kept.rendered.get(&form) {
            return Ok(Some(token.clone()));
        }
        let fault = |problem: &dyn std::fmt::Display| ListFault { list, problem: problem.to_string() };
        let token = Bytes::from(kept.render(registry, list, form).map_err(|error| fault(&error))?);
        kept.rendered.insert(form, token.clone());
        Ok(Some(token))
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<u32, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn is_good(&self, sizes: (u64, usize), now: Timestamp) -> bool {
        let age = now.duration_since(self.at);
        // A copy from the future, which a clock that was set back leaves, would be kept for as long as that was.
        !age.is_negative() && (age < AT_MOST_EVERY || (self.sizes == sizes && age < AT_LEAST_EVERY))
    }

    fn render(&self, registry: &Registry, list: u32, form: ListForm) -> Result<String, Box<dyn std::error::Error>> {
        let web = Web::of(registry.genesis.did_web.as_str()).ok_or("the registry's did:web has no address")?;
        // As of when it stood so, not of when somebody asked for this form.
        let lister = Lister { registry, web, list, now: self.at };
        match form {
            ListForm::Token => lister.token(&self.not_valid),
            ListForm::Revocation => lister.bitstring(&self.not_valid, Purpose::Revocation),
            ListForm::Suspension => lister.bitstring(&self.not_valid, Purpose::Suspension),
        }
    }
}

/// What is not valid in a list now.
fn not_valid(
    read_model: &ReadModel,
    list: u32,
    (handed_out, now): (&[u32], Timestamp),
) -> Vec<(u64, CredentialStatus)> {
    let mut statuses: HashMap<u32, CredentialStatus> =
        handed_out.iter().map(|index| (*index, CredentialStatus::Invalid)).collect();
    let records: Vec<_> = read_model.register().credentials_in(list).cloned().collect();
    for records in records.chunks(COPIED_AT_ONCE) {
        // Copied under the lock, judged without it: the sequencer waits for whoever reads the register.
        let copied: Vec<_> = {
            let register = read_model.register();
            let verdict = |record: &CredentialRecord| register.verdict(&record.credential.verdict);
            records.iter().map(|record| (record, verdict(record), is_newest(&register, record))).collect()
        };
        for (record, verdict, newest) in copied {
            statuses.insert(record.credential.slot.index(), record.status(verdict.as_deref(), newest, now));
        }
    }
    let not_valid = statuses.into_iter().filter(|(_, status)| *status != CredentialStatus::Valid);
    not_valid.map(|(index, status)| (u64::from(index), status)).collect()
}

fn is_newest(register: &Register, record: &CredentialRecord) -> bool {
    let newest = register.newest_credential(&record.credential.verdict);
    newest.is_some_and(|newest| newest.credential.slot == record.credential.slot)
}

struct Lister<'a> {
    registry: &'a Registry,
    web: Web,
    list: u32,
    now: Timestamp,
}

impl Lister<'_> {
    fn token(&self, statuses: &[(u64, CredentialStatus)]) -> Result<String, Box<dyn std::error::Error>> {
        let mut list = StatusList::new(Bits::Two, StatusSlot::PER_LIST.into())?;
        for (index, status) in statuses {
            list.set(*index, ietf(*status))?;
        }
        let token = StatusListToken {
            uri: self.web.status_list(StatusSlot::new(self.list, 0)?),
            issued: self.now.as_second(),
            expires: Some((self.now + VALID_FOR).as_second()),
            ttl: Some(TTL_SECONDS),
            list,
        };
        Ok(token.sign(self.registry.deriver.key())?)
    }

    fn bitstring(
        &self,
        statuses: &[(u64, CredentialStatus)],
        purpose: Purpose,
    ) -> Result<String, Box<dyn std::error::Error>> {
        let set = match purpose {
            Purpose::Revocation => CredentialStatus::Invalid,
            Purpose::Suspension => CredentialStatus::Suspended,
        };
        let mut list = Bitstring::new(StatusSlot::PER_LIST.into())?;
        for (index, _) in statuses.iter().filter(|(_, status)| *status == set) {
            list.set(*index, true)?;
        }
        let credential = StatusCredential {
            id: self.web.bitstring_list(StatusSlot::new(self.list, 0)?, purpose),
            issuer: self.registry.genesis.did_web.to_string(),
            valid_from: Some(self.now),
            valid_until: Some(self.now + VALID_FOR),
            purpose,
            ttl_ms: Some(TTL_SECONDS * 1_000),
            list,
        };
        let key = self.registry.deriver.key();
        let header = Header::naming(key.public_key(), JWT_TYPE, &[]);
        Ok(jwt::sign(key, &header, &credential.to_json()?)?)
    }
}

const fn ietf(status: CredentialStatus) -> Status {
    match status {
        CredentialStatus::Valid => Status::Valid,
        CredentialStatus::Invalid => Status::Invalid,
        CredentialStatus::Suspended => Status::Suspended,
        CredentialStatus::Conditional => CONDITIONAL,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_copy_is_given_out_for_a_second_or_while_nothing_changes_and_never_from_the_future() {
        let at = |millis: i64| Timestamp::from_millisecond(10_000_000 + millis).unwrap();
        let kept = Kept { sizes: (5, 2), at: at(0), not_valid: Vec::new(), rendered: HashMap::new() };
        let hour = 3_600_000;
        for (sizes, millis, good) in [
            ((5, 2), 0, true),
            ((6, 2), 999, true),
            ((6, 2), 1_000, false),
            ((5, 3), 1_000, false),
            ((5, 2), hour - 1, true),
            ((5, 2), hour, false),
            ((5, 2), -1, false),
            ((6, 2), -hour, false),
        ] {
            assert_eq!(kept.is_good(sizes, at(millis)), good, "{sizes:?} after {millis} ms");
        }
    }
}
