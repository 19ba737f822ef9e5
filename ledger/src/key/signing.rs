//! Private keys and the files that hold them.
//!
//! A key file is PKCS#8 in PEM (`openssl pkey -in <file> -text` reads it). It is created with mode 0600 under a name
//! of its own and then linked to its final name, so it never exists half written or readable by others, and never
//! replaces another key. A key file that others can read is refused. Key bytes are wiped after use; aws-lc wipes its own.

use super::{Algorithm, KeyError, PublicKey};
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
use zeroize::Zeroizing;

/// A private key.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

/// The cryptographic library failed; nothing that a caller did can cause it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library refused to {0}: the system's random source may be broken")]
pub struct SigningError(&'static str);

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
    #[error("{}: others can read this private key (mode {mode:03o}); run: chmod 600 {}", path.display(), path.display())]
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
/// A PEM of these kinds has about 250 bytes.
const MAX_PEM: usize = 4096;

impl SigningKey {
    /// Makes a new key from the system's random source.
    pub fn generate(algorithm: Algorithm) -> Result<Self, SigningError> {
        let pair = match algorithm {
            Algorithm::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
            Algorithm::P256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::P256),
        };
        let pair = pair.map_err(|_| SigningError("generate a key"))?;
        Self::from_pair(pair).map_err(|_| SigningError("generate an admissible key"))
    }

    /// Reads a key from PKCS#8 in PEM.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = decode_pem(pem).ok_or_else(|| malformed("not a PEM file with one PRIVATE KEY block"))?;
        let pair = Ed25519KeyPair::from_pkcs8(&der)
            .map(Pair::Ed25519)
            .or_else(|_| EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).map(Pair::P256))
            .map_err(|_| malformed("not a PKCS#8 private key of Ed25519 or P-256"))?;
        Self::from_pair(pair)
    }

    fn from_pair(pair: Pair) -> Result<Self, KeyError> {
        let public = match &pair {
            Pair::Ed25519(pair) => {
                let bytes = pair.public_key().as_ref().try_into().map_err(|_| KeyError::NotCanonical)?;
                PublicKey::from_ed25519(&bytes)?
            }
            Pair::P256(pair) => {
                let bytes = pair.public_key().as_ref().try_into().map_err(|_| KeyError::NotCanonical)?;
                PublicKey::from_p256(&bytes)?
            }
        };
        Ok(Self { pair, public })
    }

    /// The key as PKCS#8 (version 1, which every OpenSSL reads) in PEM.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, SigningError> {
        let document = match &self.pair {
            Pair::Ed25519(pair) => pair.to_pkcs8v1(),
            Pair::P256(pair) => pair.to_pkcs8v1(),
        };
        let document = document.map_err(|_| SigningError("write the key out"))?;
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

    /// Reads a key file; refuses one that others can read.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let io = |source| KeyFileError::Io { path: path.into(), source };
        // Permissions are asked of the open file, not of the name, which could meanwhile mean another file.
        let mut file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() || metadata.size() > MAX_PEM as u64 {
            let source = malformed("not a PEM file with one PRIVATE KEY block");
            return Err(KeyFileError::Malformed { path: path.into(), source });
        }
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Exposed { path: path.into(), mode });
        }
        let mut pem = Zeroizing::new(String::with_capacity(MAX_PEM));
        Read::by_ref(&mut file).take(MAX_PEM as u64).read_to_string(&mut pem).map_err(io)?;
        Self::from_pem(&pem).map_err(|source| KeyFileError::Malformed { path: path.into(), source })
    }

    /// Writes the key to a new file of mode 0600; durable when it returns.
    pub fn store(&self, path: &Path) -> Result<(), KeyFileError> {
        let pem = self.to_pem().map_err(|source| KeyFileError::Signing { path: path.into(), source })?;
        files::create_private(path, pem.as_bytes()).map_err(|source| match source.kind() {
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
        };
        let signature = signature.map_err(|_| SigningError("sign"))?;
        signature.as_ref().try_into().map_err(|_| SigningError("sign with 64 bytes"))
    }
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
