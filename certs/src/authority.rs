//! The authority of one registry: a root, four issuing CAs below it, the register of what they issued.
//!
//! ```text
//! <folder>/authority.json            which registry this is
//! <folder>/root.pem, root.key        the root; the key is needed for `rotate` only and may be kept elsewhere; another: see `root`
//! <folder>/issuing/parties-1.pem …   the issuing CAs and their keys, by branch and generation
//! <folder>/issued.jsonl              the register
//! <folder>/public/…                  what servers need and everyone may see; made anew from the above at any time
//! ```
//!
//! Keys are readable by their owner only, or the authority does not open. Every change holds the register's lock, reads
//! what others changed meanwhile, and is durable when the call returns; so the command line and a running node may use
//! one folder at a time. Out of scope: clocks (`now` is a parameter) and TLS.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use conformity::ids::Origin;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};

use crate::ca::{Ca, IssuingCa};
use crate::crl;
use crate::files::{self, FileError, writing};
use crate::holder::{Branch, HolderError, Window, dns};
use crate::identity::host_of;
use crate::profile;
use crate::public::PublicFolder;
use crate::register::{Issued, Reason, Register, RegisterError, Turn};
use crate::request::RequestError;
use crate::serial::{NoRandomness, Serial};

const ABOUT: &str = "authority.json";
const ROOT: &str = "root";
const ISSUING: &str = "issuing";
const REGISTER: &str = "issued.jsonl";
const PUBLIC: &str = "public";

/// What stands in the way of an authority's work: its folder, or whom or what it was asked to certify.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The register.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// There is something already.
    #[error("{0} exists already: an authority is made once; choose another folder, or remove this one if it is a ruin")]
    Exists(PathBuf),
    /// There is nothing yet.
    #[error("{0} holds no authority: run `registry-node certs init` first")]
    Absent(PathBuf),
    /// A file of the folder that is not what it should be.
    #[error("{path}: {what}; restore the folder from a backup")]
    Unfit {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// An origin whose host cannot stand in certificates.
    #[error("the origin {0} does not begin with a host name: certificates cannot name its parties")]
    Origin(Origin),
    /// The root's key is kept elsewhere.
    #[error("{0} is not here: put the root key there for as long as this takes, then take it away again")]
    RootAway(PathBuf),
    /// The root's time is over.
    #[error("the root ended on {0}: make a new authority in another folder, and let peers and clients know its root")]
    RootEnded(Timestamp),
    /// A new root was made, and the former one is trusted besides.
    #[error("a former root is trusted besides this one: retire it before you make another")]
    RootChanging,
    /// There is no former root.
    #[error("there is no former root that could be retired")]
    NoFormerRoot,
    /// No issuing CA of that branch.
    #[error("no {0} CA is trusted any more: run `registry-node certs rotate {0}`")]
    NoCa(&'static str),
    /// The issuing CA would be outlived.
    #[error("the certificate would end after its CA {ca}, on {until}: run `registry-node certs rotate` first")]
    Outlives {
        /// Which CA.
        ca: String,
        /// When it ends.
        until: Timestamp,
    },
    /// Nobody can hold such a certificate.
    #[error(transparent)]
    Holder(#[from] HolderError),
    /// The request is not in order.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The key is someone else's already, or known to others.
    #[error("this key was certified for {identity} (serial {serial}){}: make a new one", if *.compromised { " and is compromised" } else { "" })]
    KeyUsed {
        /// For whom.
        identity: String,
        /// In which certificate.
        serial: Serial,
        /// Whether that one was revoked because of its key.
        compromised: bool,
    },
    /// No such certificate.
    #[error("no certificate {0} that is valid was issued here: `registry-node certs show` lists them")]
    Unknown(String),
    /// The certificate was revoked.
    #[error("certificate {0} was revoked: issue a new one instead of renewing it")]
    Revoked(Serial),
    /// No random bytes.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The library that writes certificates refused.
    #[error("the certificate cannot be written: {0}")]
    Encoding(#[from] rcgen::Error),
}

/// What `authority.json` says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    version: u32,
    origin: Origin,
}

/// Whom to revoke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One certificate.
    Serial(Serial),
    /// Every valid certificate that speaks for this name: the URI in it.
    Identity(String),
}

/// What happens to the issuing CAs that a new one follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Former {
    /// They stay trusted until what they issued has ended: the usual change of keys.
    Keep,
    /// They are trusted no more, nor is anything they issued: a key was stolen.
    Distrust,
}

/// The certificate authority of one registry.
#[derive(Debug)]
pub struct Authority {
    folder: PathBuf,
    origin: Origin,
    root: CertificateDer<'static>,
    root_pem: String,
    register: Register,
}

impl Authority {
    /// Makes a new authority for `origin` in `folder`, which must not exist yet or be empty. It appears as a whole.
    ///
    /// # Errors
    /// The folder is in use or cannot be written, or the origin has no host name.
    pub fn init(folder: &Path, origin: &Origin, now: Timestamp) -> Result<Self, AuthorityError> {
        if dns(host_of(origin)).is_none() {
            return Err(AuthorityError::Origin(origin.clone()));
        }
        if !is_free(folder) {
            return Err(AuthorityError::Exists(folder.to_owned()));
        }
        let mut draft = folder.as_os_str().to_owned();
        draft.push(".unfinished");
        let draft = PathBuf::from(draft);
        if draft.exists() {
            return Err(AuthorityError::Exists(draft));
        }
        Self::build(&draft, origin, now)?;
        files::rename(&draft, folder)?;
        Self::open(folder)
    }

    /// Opens an authority.
    ///
    /// # Errors
    /// Something is missing or damaged, or a key is readable by others.
    pub fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let about = folder.join(ABOUT);
        let text = files::read(&about).map_err(|error| match error {
            absent if absent.is_absent() => AuthorityError::Absent(folder.to_owned()),
            other => other.into(),
        })?;
        let known: About = serde_json::from_slice(&text).map_err(|_| unfit(&about, "it is not what `init` wrote"))?;
        if known.version != 1 {
            return Err(unfit(&about, "it was written by a newer program"));
        }
        let root = folder.join(ROOT).with_extension("pem");
        let root_pem = String::from_utf8(files::read(&root)?).map_err(|_| unfit(&root, "it is not PEM"))?;
        let mut authority = Self {
            root: CertificateDer::from_pem_slice(root_pem.as_bytes()).map_err(|_| unfit(&root, "it is not PEM"))?,
            root_pem,
            register: Register::open(&folder.join(REGISTER))?,
            origin: known.origin,
            folder: folder.to_owned(),
        };
        authority.check()?;
        Ok(authority)
    }

    /// Which registry this authority serves.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The root, in DER: what the genesis of the log names, and what peers pin.
    pub fn root_der(&self) -> &[u8] {
        &self.root
    }

    /// Where servers find whom to trust.
    pub fn public(&self) -> PublicFolder {
        PublicFolder::new(self.folder.join(PUBLIC))
    }

    /// Every certificate that was issued, revoked ones included.
    ///
    /// # Errors
    /// The register is damaged or cannot be read.
    pub fn show(&mut self) -> Result<Vec<Issued>, AuthorityError> {
        Ok(self.register.begin()?.issued().cloned().collect())
    }

    /// Revokes, and publishes the CRL that says so. Again for what is revoked already: the CRL is published again.
    ///
    /// # Errors
    /// No such certificate was issued, or a file cannot be written.
    pub fn revoke(&mut self, target: &Target, reason: Reason, now: Timestamp) -> Result<Vec<Issued>, AuthorityError> {
        let (issuing, public) = (self.issuing_folder(), self.public());
        let mut turn = self.register.begin()?;
        let cas = IssuingCa::all(&issuing)?;
        let revoked = crl::revoke(&mut turn, target, reason, now)?;
        let touched: Vec<Branch> = revoked.iter().map(|record| record.kind).collect();
        crl::publish(&mut turn, &cas, &public, &touched, now)?;
        Ok(revoked)
    }

    /// Brings the public folder up to date: CRLs past half of their time, revocations that a crash kept out of a CRL,
    /// anything missing. To be called at the start and daily. Says which branches got new CRLs.
    ///
    /// # Errors
    /// The register is damaged, or a file cannot be written.
    pub fn refresh(&mut self, now: Timestamp) -> Result<Vec<Branch>, AuthorityError> {
        let (issuing, public, roots) = (self.issuing_folder(), self.public(), self.roots_pem()?);
        let mut turn = self.register.begin()?;
        let cas = IssuingCa::all(&issuing)?;
        public.publish(&roots, &cas)?;
        let due = crl::due(&turn, &cas, &public, now);
        crl::publish(&mut turn, &cas, &public, &due, now)?;
        Ok(due)
    }

    /// Starts a new generation of one branch, which issues from now on.
    ///
    /// # Errors
    /// The root key is not here, or a file cannot be written.
    pub fn rotate(&mut self, branch: Branch, former: Former, now: Timestamp) -> Result<(), AuthorityError> {
        let root = self.root_ca()?;
        let issuing = self.issuing_folder();
        {
            let _turn = self.register.begin()?;
            let generation = IssuingCa::next_generation(&issuing, branch)?;
            if former == Former::Distrust {
                distrust(&issuing, branch)?;
            }
            make_issuing(&issuing, &root, branch, generation, &self.origin, now)?;
        }
        self.refresh(now).map(|_| ())
    }

    pub(crate) fn issuing_folder(&self) -> PathBuf {
        self.folder.join(ISSUING)
    }

    pub(crate) fn turn(&mut self) -> Result<Turn<'_>, AuthorityError> {
        Ok(self.register.begin()?)
    }

    /// Everything readable, every key private, the register whole.
    fn check(&mut self) -> Result<(), AuthorityError> {
        IssuingCa::all(&self.issuing_folder())?;
        match files::read_private(&self.folder.join(ROOT).with_extension("key")) {
            Err(error) if !error.is_absent() => return Err(error.into()),
            _ => {}
        }
        self.register.begin()?;
        Ok(())
    }

    /// The root, and the former one while it is trusted besides.
    fn roots_pem(&self) -> Result<String, AuthorityError> {
        let path = self.former_root();
        let former = if path.exists() { files::read(&path)? } else { Vec::new() };
        let former = String::from_utf8(former).map_err(|_| unfit(&path, "it is not PEM"))?;
        Ok(format!("{}{former}", self.root_pem))
    }

    /// Reads the root again.
    pub(crate) fn read_root(&mut self) -> Result<(), AuthorityError> {
        let path = self.stem(ROOT).with_extension("pem");
        self.root_pem = String::from_utf8(files::read(&path)?).map_err(|_| unfit(&path, "it is not PEM"))?;
        let der = CertificateDer::from_pem_slice(self.root_pem.as_bytes());
        self.root = der.map_err(|_| unfit(&path, "it is not PEM"))?;
        Ok(())
    }

    pub(crate) fn stem(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn root_ca(&self) -> Result<Ca, AuthorityError> {
        let stem = self.folder.join(ROOT);
        Ca::read(&stem).map_err(|error| match error {
            AuthorityError::File(file) if file.is_absent() => AuthorityError::RootAway(stem.with_extension("key")),
            other => other,
        })
    }

    fn build(draft: &Path, origin: &Origin, now: Timestamp) -> Result<(), AuthorityError> {
        let issuing = draft.join(ISSUING);
        for folder in [draft, &issuing] {
            private_folder(folder)?;
        }
        let window = Window::days(profile::ROOT_DAYS, now);
        let params = profile::root(origin, Serial::random()?, window);
        let root = Ca::make(|key| params.self_signed(key), window)?;
        root.write(&draft.join(ROOT))?;
        for branch in Branch::ALL {
            make_issuing(&issuing, &root, branch, 1, origin, now)?;
        }
        Register::create(&draft.join(REGISTER))?;
        let about = About { version: 1, origin: origin.clone() };
        let about = serde_json::to_vec_pretty(&about).map_err(RegisterError::from)?;
        files::replace(&draft.join(ABOUT), &about)?;
        Self::open(draft)?.refresh(now)?;
        Ok(())
    }
}

pub(crate) fn make_issuing(
    folder: &Path,
    root: &Ca,
    branch: Branch,
    generation: u32,
    origin: &Origin,
    now: Timestamp,
) -> Result<(), AuthorityError> {
    if root.until <= now {
        return Err(AuthorityError::RootEnded(root.until));
    }
    let mut window = Window::days(profile::ISSUING_DAYS, now);
    window.until = window.until.min(root.until);
    let params = profile::issuing(branch, generation, origin, Serial::random()?, window);
    let ca = Ca::make(|key| root.certify(&params, key), window)?;
    ca.write(&folder.join(format!("{}-{generation}", branch.as_str())))?;
    Ok(())
}

/// Takes every CA of `branch` out of use; the files stay as evidence.
fn distrust(folder: &Path, branch: Branch) -> Result<(), AuthorityError> {
    for ca in IssuingCa::all(folder)?.iter().filter(|ca| ca.branch == branch) {
        let stem = folder.join(ca.name());
        files::rename(&stem.with_extension("pem"), &stem.with_extension("distrusted"))?;
    }
    Ok(())
}

fn is_free(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut files) => files.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

fn private_folder(path: &Path) -> Result<(), FileError> {
    fs::DirBuilder::new().mode(0o700).create(path).map_err(|source| writing(path, source))
}

fn unfit(path: &Path, what: &'static str) -> AuthorityError {
    AuthorityError::Unfit { path: path.to_owned(), what }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Serial(serial) => serial.fmt(f),
            Self::Identity(uri) => f.write_str(uri),
        }
    }
}
