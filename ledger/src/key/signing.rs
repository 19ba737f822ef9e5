//! Private keys and the files that hold them.
//!
//! A key file is PKCS#8 in PEM (`openssl pkey -in <file> -text` reads it). It is created with mode 0600 under a name
//! of its own and then linked to its final name, so it never exists half written or readable by others, and never
//! replaces another key. A key file that others can read is refused. Key bytes are wiped after use; aws-lc wipes its own.
//!
//! A key may also rest elsewhere, in a device that signs and never shows it ([`Keeper`]); its key file then says where.

use super::{Algorithm, KeyError, PublicKey};
use crate::disk::RealDisk;
use crate::encoding::{base64_decode, base64_encode};
use crate::files;
use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A private key.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Kept(Arc<dyn Keeper>),
}

/// Keeps a private key and signs with it, so that the key itself need not be in this process.
pub trait Keeper: Send + Sync {
    /// Signs `message`: `R || S` for Ed25519, `r || s` over its SHA-256 for P-256. May wait for a device.
    ///
    /// # Errors
    /// Why it did not, for a person.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String>;

    /// What a key file says in the key's place, one line.
    fn reference(&self) -> String;
}

/// Why nothing was signed. Nothing that a caller did can cause it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The cryptographic library failed.
    #[error("the cryptographic library refused to {0}: the system's random source may be broken")]
    Library(&'static str),
    /// Who keeps the key did not sign.
    #[error("{reference} did not sign: {why}")]
    Keeper {
        /// Where the key is.
        reference: String,
        /// What it said.
        why: String,
    },
    /// What the keeper gave is no signature by the key that it is said to keep.
    #[error(
        "{0} gave a signature that its own public key does not verify: it is broken, or another key took its place"
    )]
    NotItsSignature(String),
    /// The key cannot be shown: it never leaves its keeper.
    #[error("the key of {0} never leaves it, and so cannot be written out")]
    Kept(String),
}

/// Why a key file cannot be used. The operator can mend each of them.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be opened, read, or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of that name exists.
    #[error("{}: exists already, and a key is never overwritten; move it away first", .0.display())]
    Exists(PathBuf),
    /// Others than the owner may read or write it.
    #[error("{}: others can read this secret (mode {mode:03o}); run: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a PKCS#8 private key of a kind used here.
    #[error("{}: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The key could not be written out.
    #[error("{}: {source}", path.display())]
    Signing {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: SigningError,
    },
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----\n";
const END: &str = "\n-----END PRIVATE KEY-----\n";
/// A PEM of these kinds has about 250 bytes, one of RSA with 4096 bits 3,300.
const MAX_PEM: usize = 4096;
const NO_PEM: &str = "not a PEM file with one PRIVATE KEY block";

impl SigningKey {
    /// Makes a new key from the system's random source.
    pub fn generate(algorithm: Algorithm) -> Result<Self, SigningError> {
        let key = match algorithm {
            Algorithm::Ed25519 => Ed25519KeyPair::generate().map(Self::from_ed25519),
            Algorithm::P256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Self::from_p256),
        };
        let key = key.map_err(|_| SigningError::Library("generate a key"))?;
        key.map_err(|_| SigningError::Library("generate an admissible key"))
    }

    /// Reads a key from PKCS#8 in PEM.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = decode_pem(pem).ok_or_else(|| malformed(NO_PEM))?;
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(&der) {
            return Self::from_ed25519(pair);
        }
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der);
        Self::from_p256(pair.map_err(|_| malformed("not a PKCS#8 private key of Ed25519 or P-256"))?)
    }

    /// The key whose public half is `public` and which `keeper` keeps.
    pub fn kept(public: PublicKey, keeper: Arc<dyn Keeper>) -> Self {
        Self { pair: Pair::Kept(keeper), public }
    }

    fn from_ed25519(pair: Ed25519KeyPair) -> Result<Self, KeyError> {
        let bytes = pair.public_key().as_ref().try_into().map_err(|_| KeyError::NotCanonical)?;
        Ok(Self { public: PublicKey::from_ed25519(&bytes)?, pair: Pair::Ed25519(pair) })
    }

    fn from_p256(pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let bytes = pair.public_key().as_ref().try_into().map_err(|_| KeyError::NotCanonical)?;
        Ok(Self { public: PublicKey::from_p256(&bytes)?, pair: Pair::P256(pair) })
    }

    /// The key as PKCS#8 (version 1, which every OpenSSL reads) in PEM.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, SigningError> {
        let document = match &self.pair {
            Pair::Ed25519(pair) => pair.to_pkcs8v1(),
            Pair::P256(pair) => pair.to_pkcs8v1(),
            Pair::Kept(keeper) => return Err(SigningError::Kept(keeper.reference())),
        };
        let document = document.map_err(|_| SigningError::Library("write the key out"))?;
        let base64 = Zeroizing::new(base64_encode(document.as_ref()));
        let mut pem = Zeroizing::new(String::with_capacity(MAX_PEM));
        pem.push_str(BEGIN);
        for (at, digit) in base64.char_indices() {
            if at > 0 && at % 64 == 0 {
                pem.push('\n');
            }
            pem.push(digit);
        }
        pem.push_str(END);
        Ok(pem)
    }

    /// Reads a key file that holds the key itself; refuses one that others can read.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let pem = read_key_file(path)?;
        Self::from_pem(&pem).map_err(|source| KeyFileError::Malformed { path: path.into(), source })
    }

    /// Writes the key, or where it is kept, to a new file of mode 0600; durable when it returns.
    pub fn store(&self, path: &Path) -> Result<(), KeyFileError> {
        let text = match &self.pair {
            Pair::Kept(keeper) => Ok(Zeroizing::new(format!("{}\n", keeper.reference()))),
            _ => self.to_pem(),
        };
        let text = text.map_err(|source| KeyFileError::Signing { path: path.into(), source })?;
        files::create_private(&RealDisk, path, text.as_bytes()).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.into()),
            _ => KeyFileError::Io { path: path.into(), source },
        })
    }

    /// The 32 secret bytes of an Ed25519 key (RFC 8032, §5.1.5), for the VRF; none of another key.
    pub(crate) fn ed25519_seed(&self) -> Option<Zeroizing<[u8; 32]>> {
        let Pair::Ed25519(pair) = &self.pair else { return None };
        let seed = pair.seed().ok()?.as_be_bytes().ok()?;
        seed.as_ref().try_into().ok().map(Zeroizing::new)
    }

    /// How the key signs.
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs `message`; 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], SigningError> {
        let signature = match &self.pair {
            Pair::Ed25519(pair) => pair.try_sign(message),
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), message),
            Pair::Kept(keeper) => return self.have_signed(&**keeper, message),
        };
        let signature = signature.map_err(|_| SigningError::Library("sign"))?;
        signature.as_ref().try_into().map_err(|_| SigningError::Library("sign with 64 bytes"))
    }

    /// A keeper's signature is looked at before anybody is shown it: what it signs would bind the registry for ever.
    fn have_signed(&self, keeper: &dyn Keeper, message: &[u8]) -> Result<[u8; 64], SigningError> {
        let refused = |why| SigningError::Keeper { reference: keeper.reference(), why };
        let signature = keeper.sign(message).map_err(refused)?;
        match self.public.verify(message, &signature) {
            Ok(()) => Ok(signature),
            Err(_) => Err(SigningError::NotItsSignature(keeper.reference())),
        }
    }
}

/// The text of a key file, which others than its owner cannot read: a key in PEM, or one line that says who keeps it.
///
/// # Errors
/// It cannot be read, others can read it, or it is too long to be one.
pub fn read_key_file(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.into(), source };
    // Permissions are asked of the open file, not of the name, which could meanwhile mean another file.
    let mut file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() || metadata.size() > MAX_PEM as u64 {
        return Err(KeyFileError::Malformed { path: path.into(), source: malformed(NO_PEM) });
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed { path: path.into(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(MAX_PEM));
    Read::by_ref(&mut file).take(MAX_PEM as u64).read_to_string(&mut text).map_err(io)?;
    Ok(text)
}

/// Reads the PKCS#8 in a key file, of whatever kind the key is.
///
/// # Errors
/// The file is unfit or readable by others.
pub fn read_pkcs8(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let der = decode_pem(&read_key_file(path)?);
    der.ok_or_else(|| KeyFileError::Malformed { path: path.into(), source: malformed(NO_PEM) })
}

fn malformed(what: &str) -> KeyError {
    KeyError::Malformed(what.into())
}

fn decode_pem(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    let pem = Zeroizing::new(pem.replace("\r\n", "\n"));
    let body = pem.strip_prefix(BEGIN)?.trim_end().strip_suffix(END.trim())?;
    let body = Zeroizing::new(body.replace('\n', ""));
    base64_decode(&body).map(Zeroizing::new)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm(), self.public.thumbprint())
    }
}
