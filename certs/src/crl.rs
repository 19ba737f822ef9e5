//! Revocation: the register's word made into CRLs (RFC 5280), one per issuing CA, signed by it.
//!
//! A revocation is in the register before it is in a CRL; if the program dies between the two, the next refresh sees the
//! difference. Each CRL has a number of its own, drawn from the register, and ends after thirty days: a server that was
//! given an old one stops believing it. Out of scope: enforcing them, see [`crate::RevocationList`] and rustls.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevocationReason, RevokedCertParams, SerialNumber};

use crate::authority::{AuthorityError, Target};
use crate::ca::IssuingCa;
use crate::files;
use crate::holder::{Branch, Window};
use crate::profile::calendar;
use crate::public::PublicFolder;
use crate::register::{Event, Issued, Reason, Revoked, Turn};
use crate::revocation::RevocationList;

/// How long a CRL may be believed.
const DAYS: u16 = 30;

/// With this much left, a new one is due.
const RENEWED: SignedDuration = SignedDuration::from_hours(24 * 15);

/// An ended certificate stays on the list for a while, for those whose clocks are slow.
const LINGERING: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Enters the revocation of everything that `target` names; what was revoked before stays as it was.
pub(crate) fn revoke(
    turn: &mut Turn<'_>,
    target: &Target,
    reason: Reason,
    now: Timestamp,
) -> Result<Vec<Issued>, AuthorityError> {
    let mut named: Vec<Issued> = match target {
        Target::Serial(serial) => turn.find(serial).map(|(record, _)| record.clone()).into_iter().collect(),
        Target::Identity(uri) => {
            turn.issued().filter(|record| record.identity == *uri && record.not_after > now).cloned().collect()
        }
    };
    if named.is_empty() {
        return Err(AuthorityError::Unknown(target.to_string()));
    }
    for record in named.iter_mut().filter(|record| record.revoked.is_none()) {
        turn.append(Event::Revoked { serial: record.serial, at: now, reason })?;
        record.revoked = Some(Revoked { at: now, reason });
    }
    Ok(named)
}

/// Signs and publishes the CRLs of `branches` anew.
pub(crate) fn publish(
    turn: &mut Turn<'_>,
    cas: &[IssuingCa],
    public: &PublicFolder,
    branches: &[Branch],
    now: Timestamp,
) -> Result<(), AuthorityError> {
    let branches: BTreeSet<Branch> = branches.iter().copied().collect();
    for branch in branches {
        let mut lists = String::new();
        for ca in cas.iter().filter(|ca| ca.branch == branch) {
            lists.push_str(&sign(turn, ca, now)?);
        }
        files::replace(&public.crls(branch), lists.as_bytes())?;
    }
    Ok(())
}

/// Which branches need new CRLs.
pub(crate) fn due(turn: &Turn<'_>, cas: &[IssuingCa], public: &PublicFolder, now: Timestamp) -> Vec<Branch> {
    Branch::ALL.into_iter().filter(|branch| !is_current(turn, cas, public, *branch, now)).collect()
}

fn is_current(turn: &Turn<'_>, cas: &[IssuingCa], public: &PublicFolder, branch: Branch, now: Timestamp) -> bool {
    let Ok(list) = RevocationList::read(public, &[branch]) else {
        return false;
    };
    let trusted = |ca: &str| cas.iter().any(|known| known.name() == ca);
    let complete = turn
        .issued()
        .filter(|record| record.kind == branch && is_listed(record, now) && trusted(&record.ca))
        .all(|record| list.is_revoked(&record.serial));
    complete && list.good_until().duration_since(now) > RENEWED
}

fn sign(turn: &mut Turn<'_>, ca: &IssuingCa, now: Timestamp) -> Result<String, AuthorityError> {
    let name = ca.name();
    let number = turn.next_number(&name);
    turn.append(Event::Crl { ca: name.clone(), number, at: now })?;
    let window = Window::days(DAYS, now);
    let list = CertificateRevocationListParams {
        this_update: calendar!(window.from),
        next_update: calendar!(window.until),
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs: turn
            .issued()
            .filter(|record| record.ca == name && is_listed(record, now))
            .filter_map(entry)
            .collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(list.signed_by(&ca.ca.issuer()?)?.pem()?)
}

fn is_listed(record: &Issued, now: Timestamp) -> bool {
    record.revoked.is_some() && now.duration_since(record.not_after) < LINGERING
}

fn entry(record: &Issued) -> Option<RevokedCertParams> {
    let revoked = record.revoked?;
    Some(RevokedCertParams {
        serial_number: SerialNumber::from_slice(record.serial.as_bytes()),
        revocation_time: calendar!(revoked.at),
        reason_code: Some(reason(revoked.reason)),
        invalidity_date: None,
    })
}

fn reason(reason: Reason) -> RevocationReason {
    match reason {
        Reason::Unspecified => RevocationReason::Unspecified,
        Reason::KeyCompromise => RevocationReason::KeyCompromise,
        Reason::AffiliationChanged => RevocationReason::AffiliationChanged,
        Reason::Superseded => RevocationReason::Superseded,
        Reason::CessationOfOperation => RevocationReason::CessationOfOperation,
        Reason::PrivilegeWithdrawn => RevocationReason::PrivilegeWithdrawn,
    }
}
