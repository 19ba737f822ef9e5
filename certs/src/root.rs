//! Another root: a new one beside the old, both trusted while everybody learns of the new one, then the new one alone.
//!
//! ```text
//! root.pem, root.key                  signs issuing CAs
//! root-next.pem, root-next.key        while a new root is being put in place
//! root-former.pem, root-former.key    the root before, trusted as long as it is here
//! root-retired-<first 8 hex digits of SHA-256 of the certificate>.pem      trusted no more
//! ```
//!
//! Every step can be taken again after a crash. Out of scope: telling peers and parties of the new root.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::authority::{Authority, AuthorityError, make_issuing};
use crate::ca::{Ca, IssuingCa};
use crate::files::{self, writing};
use crate::holder::{Branch, Window};
use crate::profile;
use crate::register::Issued;
use crate::serial::Serial;

impl Authority {
    /// Makes a new root, and below it an issuing CA of each branch, which issue from now on. What the former root's CAs issued
    /// stays trusted until [`Authority::retire_root`].
    ///
    /// # Errors
    /// [`AuthorityError::RootChanging`] while a former root is trusted besides already; or a file cannot be written.
    pub fn rotate_root(&mut self, now: Timestamp) -> Result<(), AuthorityError> {
        let next = self.stem("root-next");
        if !next.with_extension("pem").exists() {
            if !self.former_root().exists() {
                self.make_root(&next, now)?;
            } else if self.former_cas()?.iter().all(|ca| !self.issues(ca)) {
                return Err(AuthorityError::RootChanging);
            }
        }
        self.put_in_place()?;
        self.read_root()?;
        let (root, issuing, origin) = (self.root_ca()?, self.issuing_folder(), self.origin().clone());
        for branch in Branch::ALL {
            let newest = IssuingCa::all(&issuing)?.into_iter().rfind(|ca| ca.branch == branch);
            if newest.is_none_or(|ca| !self.is_below_root(&ca)) {
                let generation = IssuingCa::next_generation(&issuing, branch)?;
                make_issuing(&issuing, &root, branch, generation, &origin, now)?;
            }
        }
        self.refresh(now).map(drop)
    }

    /// The former root in DER, while it is trusted besides.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn former_root_der(&self) -> Result<Option<Vec<u8>>, AuthorityError> {
        let path = self.former_root();
        if !path.exists() {
            return Ok(None);
        }
        let der = CertificateDer::from_pem_slice(&files::read(&path)?);
        let unfit = |_| AuthorityError::Unfit { path: path.clone(), what: "it is not PEM" };
        Ok(Some(der.map_err(unfit)?.to_vec()))
    }

    /// Valid certificates that end when the former root is retired: those of its issuing CAs.
    ///
    /// # Errors
    /// Something cannot be read.
    pub fn held_below_former_root(&mut self, now: Timestamp) -> Result<Vec<Issued>, AuthorityError> {
        let former: Vec<String> = self.former_cas()?.iter().map(IssuingCa::name).collect();
        let mut held = self.show()?;
        held.retain(|one| former.contains(&one.ca) && one.revoked.is_none() && one.not_after > now);
        Ok(held)
    }

    /// Trusts the former root no more, nor anything below it. Its key goes; its certificates stay as evidence.
    ///
    /// # Errors
    /// [`AuthorityError::NoFormerRoot`], or a file cannot be written.
    pub fn retire_root(&mut self, now: Timestamp) -> Result<(), AuthorityError> {
        let der = self.former_root_der()?.ok_or(AuthorityError::NoFormerRoot)?;
        {
            let former = self.former_cas()?;
            let issuing = self.issuing_folder();
            let _turn = self.turn()?;
            for ca in former {
                let stem = issuing.join(ca.name());
                files::rename(&stem.with_extension("pem"), &stem.with_extension("distrusted"))?;
            }
        }
        let key = self.stem("root-former").with_extension("key");
        if key.exists() {
            fs::remove_file(&key).map_err(|source| writing(&key, source))?;
        }
        let name: String = digest(&SHA256, &der).as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        files::rename(&self.former_root(), &self.stem(&format!("root-retired-{name}")).with_extension("pem"))?;
        self.refresh(now).map(drop)
    }

    fn make_root(&mut self, stem: &Path, now: Timestamp) -> Result<(), AuthorityError> {
        let origin = self.origin().clone();
        let _turn = self.turn()?;
        // A key without a certificate is what a crash left: nobody was told of it.
        let key = stem.with_extension("key");
        if key.exists() {
            fs::remove_file(&key).map_err(|source| writing(&key, source))?;
        }
        let window = Window::days(profile::ROOT_DAYS, now);
        let params = profile::root(&origin, Serial::random()?, window);
        Ok(Ca::make(|key| params.self_signed(key), window)?.write(stem)?)
    }

    /// Gives the files of the new root their names: the certificate last, which says that all is done.
    fn put_in_place(&self) -> Result<(), AuthorityError> {
        let (root, next, former) = (self.stem("root"), self.stem("root-next"), self.stem("root-former"));
        if !next.with_extension("pem").exists() {
            return Ok(());
        }
        if !self.former_root().exists() {
            files::replace(&self.former_root(), &files::read(&root.with_extension("pem"))?)?;
        }
        let [root_key, next_key, former_key] = [&root, &next, &former].map(|stem| stem.with_extension("key"));
        // While the new key waits, what rests in the root's place is the old one; it may be kept elsewhere.
        if next_key.exists() {
            if root_key.exists() {
                files::rename(&root_key, &former_key)?;
            }
            files::rename(&next_key, &root_key)?;
        }
        Ok(files::rename(&next.with_extension("pem"), &root.with_extension("pem"))?)
    }

    /// Issuing CAs that are not below the root.
    fn former_cas(&self) -> Result<Vec<IssuingCa>, AuthorityError> {
        let mut all = IssuingCa::all(&self.issuing_folder())?;
        all.retain(|ca| !self.is_below_root(ca));
        Ok(all)
    }

    /// Whether it is the one of its branch that issues.
    fn issues(&self, ca: &IssuingCa) -> bool {
        let all = IssuingCa::all(&self.issuing_folder()).unwrap_or_default();
        all.iter().rfind(|other| other.branch == ca.branch).is_some_and(|newest| newest.generation == ca.generation)
    }

    fn is_below_root(&self, ca: &IssuingCa) -> bool {
        let signed = || {
            let (_, root) = X509Certificate::from_der(self.root_der()).ok()?;
            let (_, issuing) = X509Certificate::from_der(&ca.ca.der).ok()?;
            issuing.verify_signature(Some(root.public_key())).ok()
        };
        signed().is_some()
    }

    pub(crate) fn former_root(&self) -> PathBuf {
        self.stem("root-former").with_extension("pem")
    }
}
