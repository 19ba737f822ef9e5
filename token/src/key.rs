//! A key in a token: found, made, destroyed, and signed with.

use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use ledger::digest::Digest;
use ledger::key::{Algorithm, Keeper, KeyError, PublicKey, SigningKey, read_key_file};

use crate::module::module;
use crate::{KeyUri, TokenError, TokenUri};

/// The curves as PKCS#11 3.0 names them in CKA_EC_PARAMS: `edwards25519` as a PrintableString, P-256 by its object identifier.
const EDWARDS25519: &[u8] = b"\x13\x0cedwards25519";
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// The key that `uri` names.
///
/// # Errors
/// [`TokenError`].
pub fn open(uri: KeyUri) -> Result<SigningKey, TokenError> {
    let session = enter(uri.token(), Access::Read)?;
    let (private, algorithm, public) = find(&session, &uri)?;
    let open = Mutex::new(Connection::Open(session, private));
    Ok(SigningKey::kept(public, Arc::new(TokenKey { uri, algorithm, connection: open })))
}

/// Makes a new key, which can never leave the token, under the name that `uri` gives it.
///
/// # Errors
/// [`TokenError`]; a key of that name is never overwritten.
pub fn generate(uri: KeyUri, algorithm: Algorithm) -> Result<SigningKey, TokenError> {
    {
        let session = enter(uri.token(), Access::Write)?;
        if !named(&session, ObjectClass::PRIVATE_KEY, uri.object())?.is_empty() {
            return Err(TokenError::Exists(uri.to_string()));
        }
        let (mechanism, curve) = match algorithm {
            Algorithm::Ed25519 => (Mechanism::EccEdwardsKeyPairGen, EDWARDS25519),
            Algorithm::P256 => (Mechanism::EccKeyPairGen, P256),
        };
        let name =
            || [Attribute::Token(true), Attribute::Label(uri.object().into()), Attribute::Id(uri.object().into())];
        let mut public = name().to_vec();
        public.extend([Attribute::Private(false), Attribute::Verify(true), Attribute::EcParams(curve.to_vec())]);
        let mut private = name().to_vec();
        private.extend([Attribute::Private(true), Attribute::Sensitive(true), Attribute::Extractable(false)]);
        private.push(Attribute::Sign(true));
        session.generate_key_pair(&mechanism, &public, &private).map_err(device("make a key"))?;
    }
    open(uri)
}

/// Destroys a key and its public half. Nothing brings it back.
///
/// # Errors
/// [`TokenError`].
pub fn destroy(uri: &KeyUri) -> Result<(), TokenError> {
    let session = enter(uri.token(), Access::Write)?;
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
        for object in named(&session, class, uri.object())? {
            session.destroy_object(object).map_err(device("destroy a key"))?;
        }
    }
    Ok(())
}

/// A key in a token, as its keeper.
struct TokenKey {
    uri: KeyUri,
    algorithm: Algorithm,
    connection: Mutex<Connection>,
}

enum Connection {
    Open(Session, ObjectHandle),
    /// It broke, and is opened again when it is needed.
    Broken,
    /// The token refused the PIN.
    Refused(String),
}

impl Keeper for TokenKey {
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        // A connection that another thread left broken says so itself.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if let Connection::Open(session, key) = &*connection {
            match self.sign_with(session, *key, message) {
                Ok(signature) => return Ok(signature),
                // The token may have been taken out and put in again: one more attempt over a new session.
                Err(_) => *connection = Connection::Broken,
            }
        }
        let signature = self.connect(&mut connection).and_then(|(session, key)| self.sign_with(session, key, message));
        signature.map_err(|error| error.to_string())
    }

    fn reference(&self) -> String {
        self.uri.to_string()
    }
}

impl TokenKey {
    fn connect<'a>(&self, connection: &'a mut Connection) -> Result<(&'a Session, ObjectHandle), TokenError> {
        if let Connection::Refused(why) = connection {
            return Err(TokenError::Pin { why: why.clone() });
        }
        let session = enter(self.uri.token(), Access::Read).inspect_err(|error| {
            if let TokenError::Pin { why } = error {
                *connection = Connection::Refused(why.clone());
            }
        })?;
        let key = only(&named(&session, ObjectClass::PRIVATE_KEY, self.uri.object())?, &self.uri)?;
        *connection = Connection::Open(session, key);
        match connection {
            Connection::Open(session, key) => Ok((session, *key)),
            _ => Err(TokenError::Device { what: "be opened", why: "it was closed".to_owned() }),
        }
    }

    fn sign_with(&self, session: &Session, key: ObjectHandle, message: &[u8]) -> Result<[u8; 64], TokenError> {
        let signature = match self.algorithm {
            Algorithm::Ed25519 => {
                session.sign(&Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)), key, message)
            }
            Algorithm::P256 => session.sign(&Mechanism::Ecdsa, key, Digest::of(message).as_bytes()),
        };
        let signature = signature.map_err(device("sign"))?;
        signature.try_into().map_err(|signature: Vec<u8>| TokenError::Device {
            what: "sign with 64 bytes",
            why: format!("it gave {}", signature.len()),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// A session with the token that `uri` means, logged in.
fn enter(uri: &TokenUri, access: Access) -> Result<Session, TokenError> {
    let module = module(uri.module())?;
    let slot = slot(&module, uri)?;
    let session = match access {
        Access::Read => module.open_ro_session(slot),
        Access::Write => module.open_rw_session(slot),
    };
    let session = session.map_err(device("open a session"))?;
    let pin = uri.pin().map(read_key_file).transpose()?;
    let pin = pin.map(|pin| AuthPin::from(pin.trim_end_matches(['\r', '\n'])));
    match session.login(UserType::User, pin.as_ref()) {
        // The login is the process' own, whichever key it was made for.
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
        Err(error) => Err(TokenError::Pin { why: error.to_string() }),
    }
}

fn slot(module: &Pkcs11, uri: &TokenUri) -> Result<Slot, TokenError> {
    let slots = module.get_slots_with_initialized_token().map_err(device("be listed"))?;
    let meant = |slot: &Slot| {
        let token = module.get_token_info(*slot);
        token.is_ok_and(|token| uri.means(token.label(), token.serial_number()))
    };
    let slots: Vec<Slot> = slots.into_iter().filter(meant).collect();
    match slots[..] {
        [slot] => Ok(slot),
        _ => Err(TokenError::Tokens { uri: uri.to_string(), found: slots.len() }),
    }
}

fn named(session: &Session, class: ObjectClass, label: &str) -> Result<Vec<ObjectHandle>, TokenError> {
    let template = [Attribute::Class(class), Attribute::Label(label.into())];
    session.find_objects(&template).map_err(device("look for a key"))
}

fn only(keys: &[ObjectHandle], uri: &KeyUri) -> Result<ObjectHandle, TokenError> {
    match keys {
        [key] => Ok(*key),
        _ => Err(TokenError::Keys { uri: uri.to_string(), found: keys.len() }),
    }
}

/// The private key, how it signs, and its public half.
fn find(session: &Session, uri: &KeyUri) -> Result<(ObjectHandle, Algorithm, PublicKey), TokenError> {
    let kind = || TokenError::Kind(uri.to_string());
    let private = only(&named(session, ObjectClass::PRIVATE_KEY, uri.object())?, uri)?;
    let known = session.get_attributes(private, &[AttributeType::KeyType, AttributeType::Id]);
    let known = known.map_err(device("describe a key"))?;
    let mut beside = vec![Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Label(uri.object().into())];
    let mut algorithm = None;
    for attribute in known {
        match attribute {
            Attribute::KeyType(KeyType::EC_EDWARDS) => algorithm = Some(Algorithm::Ed25519),
            Attribute::KeyType(KeyType::EC) => algorithm = Some(Algorithm::P256),
            Attribute::Id(id) => beside.push(Attribute::Id(id)),
            _ => {}
        }
    }
    let algorithm = algorithm.ok_or_else(kind)?;
    let public = session.find_objects(&beside).map_err(device("look for a public key"))?;
    let point = session.get_attributes(*public.first().ok_or_else(kind)?, &[AttributeType::EcPoint]);
    let point = match point.map_err(device("show a public key"))?.pop() {
        Some(Attribute::EcPoint(point)) => point,
        _ => return Err(kind()),
    };
    let public = public_key(algorithm, &point).ok_or_else(kind)?;
    let public = public.map_err(|source| TokenError::PublicKey { uri: uri.to_string(), source })?;
    Ok((private, algorithm, public))
}

/// CKA_EC_POINT is a DER OCTET STRING around the point; some tokens leave the wrapping out.
fn public_key(algorithm: Algorithm, point: &[u8]) -> Option<Result<PublicKey, KeyError>> {
    match (algorithm, point) {
        (Algorithm::Ed25519, [0x04, 0x20, point @ ..] | point) if point.len() == 32 => {
            Some(PublicKey::from_ed25519(point.try_into().ok()?))
        }
        (Algorithm::P256, [0x04, 0x41, point @ ..] | point) if point.len() == 65 => {
            Some(PublicKey::from_p256(point.try_into().ok()?))
        }
        _ => None,
    }
}

fn device(what: &'static str) -> impl Fn(Error) -> TokenError {
    move |error| TokenError::Device { what, why: error.to_string() }
}
