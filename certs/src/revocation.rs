//! What is revoked, for servers: checked when a connection opens (by rustls) and asked again while it lives.
//!
//! A list is read from the public folder and is believed only as a whole: for every CA exactly one CRL, signed by it. A
//! CA without CRL would mean that nothing of it can be revoked, so that is an error and not an empty list.
//! Out of scope: making CRLs, see the authority.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::files::{self, FileError};
use crate::holder::Branch;
use crate::public::PublicFolder;
use crate::serial::Serial;

/// Why a set of CRLs is not believed.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file that holds something else, or nothing.
    #[error("{path}: {what}; run `registry-node certs refresh`, or copy the public folder of the authority again")]
    Unfit {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// A CRL older than one that was read before.
    #[error("the CRL of {ca} has number {found}, but {known} was seen before: somebody put an old one back")]
    Rollback {
        /// Which CA.
        ca: String,
        /// The number read now.
        found: u64,
        /// The number seen before.
        known: u64,
    },
}

const NOT_ONE_EACH: &str = "it does not hold one CRL for each CA";

/// What the CRLs of some branches say, at the time when they were read.
#[derive(Debug, Clone)]
pub struct RevocationList {
    revoked: HashSet<Serial>,
    numbers: BTreeMap<String, u64>,
    good_until: Timestamp,
}

/// The CAs of a branch and their CRLs, as read at one time.
#[derive(Debug)]
pub(crate) struct BranchFiles {
    pub(crate) cas: Vec<CertificateDer<'static>>,
    pub(crate) lists: Vec<CertificateRevocationListDer<'static>>,
    path: PathBuf,
}

impl RevocationList {
    /// Reads the CRLs of `branches`.
    ///
    /// # Errors
    /// A CA of theirs has no CRL or one that it did not sign.
    pub fn read(public: &PublicFolder, branches: &[Branch]) -> Result<Self, RevocationError> {
        let files = branches.iter().map(|branch| BranchFiles::read(public, *branch)).collect::<Result<Vec<_>, _>>()?;
        Self::of(&files)
    }

    pub(crate) fn of(branches: &[BranchFiles]) -> Result<Self, RevocationError> {
        let mut list = Self { revoked: HashSet::new(), numbers: BTreeMap::new(), good_until: Timestamp::MAX };
        for branch in branches {
            list.take(branch)?;
        }
        Ok(list)
    }

    /// Whether the certificate was revoked: whoever speaks by it on a living connection is to be cut off.
    pub fn is_revoked(&self, serial: &Serial) -> bool {
        self.revoked.contains(serial)
    }

    /// How many certificates are revoked.
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }

    /// Until when this may be believed: the earliest end of its CRLs. From then on nobody with a certificate gets in.
    pub fn good_until(&self) -> Timestamp {
        self.good_until
    }

    /// Refuses `newer` if one of its CRLs is older than ours.
    pub(crate) fn check_successor(&self, newer: &Self) -> Result<(), RevocationError> {
        for (ca, known) in &self.numbers {
            if let Some(found) = newer.numbers.get(ca)
                && found < known
            {
                return Err(RevocationError::Rollback { ca: ca.clone(), found: *found, known: *known });
            }
        }
        Ok(())
    }

    fn take(&mut self, files: &BranchFiles) -> Result<(), RevocationError> {
        let unfit = |what| unfit(&files.path, what);
        for ca in &files.cas {
            let (_, ca) = X509Certificate::from_der(ca).map_err(|_| unfit("its CA is no X.509 certificate"))?;
            let list = files.list_of(&ca).ok_or_else(|| unfit(NOT_ONE_EACH))?;
            list.verify_signature(ca.public_key()).map_err(|_| unfit("a CRL in it is not signed by its CA"))?;
            self.add(&ca, &list).map_err(unfit)?;
        }
        Ok(())
    }

    fn add(&mut self, ca: &X509Certificate<'_>, list: &CertificateRevocationList<'_>) -> Result<(), &'static str> {
        let number =
            list.crl_number().and_then(|number| u64::try_from(number).ok()).ok_or("a CRL in it has no number")?;
        self.numbers.insert(ca.subject().to_string(), number);
        let until = list
            .next_update()
            .and_then(|until| Timestamp::from_second(until.timestamp()).ok())
            .ok_or("a CRL in it has no end")?;
        self.good_until = self.good_until.min(until);
        for entry in list.iter_revoked_certificates() {
            let serial = Serial::from_der_content(entry.raw_serial())
                .map_err(|_| "a CRL in it lists a serial number that is none of ours")?;
            self.revoked.insert(serial);
        }
        Ok(())
    }
}

impl BranchFiles {
    /// Reads both files of a branch, once, so that whoever uses them agrees.
    pub(crate) fn read(public: &PublicFolder, branch: Branch) -> Result<Self, RevocationError> {
        let path = public.crls(branch);
        Ok(Self { cas: certificates(&public.cas(branch))?, lists: lists(&path)?, path })
    }

    /// The one CRL that bears the name of `ca`.
    fn list_of(&self, ca: &X509Certificate<'_>) -> Option<CertificateRevocationList<'_>> {
        let mut named = self.lists.iter().filter_map(|list| {
            let (_, list) = CertificateRevocationList::from_der(list).ok()?;
            (list.issuer().as_raw() == ca.subject().as_raw()).then_some(list)
        });
        match (named.next(), named.next()) {
            (Some(list), None) => Some(list),
            _ => None,
        }
    }
}

/// The certificates in a PEM file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, RevocationError> {
    let text = files::read(path)?;
    let found = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| unfit(path, "it is not PEM"))?;
    if found.is_empty() {
        return Err(unfit(path, "it holds no certificate"));
    }
    Ok(found)
}

/// The CRLs in a PEM file.
fn lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, RevocationError> {
    let text = files::read(path)?;
    CertificateRevocationListDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| unfit(path, "it is not PEM"))
}

fn unfit(path: &Path, what: &'static str) -> RevocationError {
    RevocationError::Unfit { path: path.to_owned(), what }
}
