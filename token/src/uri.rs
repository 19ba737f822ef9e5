//! PKCS#11 URIs (RFC 7512): where a token is, and which of its keys is meant.
//!
//! Read strictly: each attribute once, none that is not understood, since one that was ignored could have meant another
//! key. A PIN never stands in a URI. Out of scope: slots by number, which change when tokens are moved.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const SCHEME: &str = "pkcs11:";
/// No URI that anybody needs is longer.
const MAX_URI: usize = 2048;
/// What stands for itself in both parts.
const PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What stands for itself behind the question mark.
const QUERY: AsciiSet = PATH.remove(b'/').remove(b':');

/// A token, the library that speaks to it, and where its PIN is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUri {
    module: PathBuf,
    pin: Option<PathBuf>,
    label: Option<String>,
    serial: Option<String>,
}

/// A private key in a token, by its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUri {
    token: TokenUri,
    object: String,
}

/// Why a text is no URI of a token or of a key in one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// Another scheme, or too long.
    #[error(
        "not a PKCS#11 URI; write pkcs11:token=...;object=...?module-path=...&pin-source=file:... (RFC 7512), at most {MAX_URI} bytes"
    )]
    Form,
    /// An attribute that means nothing here.
    #[error(
        "{0:?} is not understood here; of a PKCS#11 URI token, serial, object, type, module-path and pin-source are"
    )]
    Attribute(String),
    /// An attribute that stands twice.
    #[error("{0} stands twice")]
    Twice(String),
    /// A value that is empty or no text.
    #[error("the value of {0} is empty, or no text when percent-decoded")]
    Value(String),
    /// The PIN itself.
    #[error("a PIN does not belong into a URI; write it to a file of mode 0600 and name that: pin-source=file:/...")]
    Pin,
    /// Something that must be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A path that is not absolute.
    #[error("{0} must be an absolute path")]
    Relative(&'static str),
    /// Another kind of object.
    #[error("type={0}: only private keys are meant here")]
    Type(String),
    /// A key where a token is meant.
    #[error("object={0}: name the token only, its keys are named here")]
    Object(String),
}

impl TokenUri {
    /// The library that speaks to the token.
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// The file with its PIN; none for a token that has its own way of asking.
    pub fn pin(&self) -> Option<&Path> {
        self.pin.as_deref()
    }

    /// Whether a token with this label and serial number is meant. Both come padded with blanks.
    pub fn means(&self, label: &str, serial: &str) -> bool {
        let is = |wanted: &Option<String>, it: &str| wanted.as_ref().is_none_or(|wanted| wanted == it.trim_end());
        is(&self.label, label) && is(&self.serial, serial)
    }

    /// The key in it that is labelled `object`.
    pub fn key(&self, object: &str) -> KeyUri {
        KeyUri { token: self.clone(), object: object.to_owned() }
    }
}

impl KeyUri {
    /// Whether a text is meant to be one, well-formed or not.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// The token that keeps it.
    pub const fn token(&self) -> &TokenUri {
        &self.token
    }

    /// Its label.
    pub fn object(&self) -> &str {
        &self.object
    }
}

impl FromStr for TokenUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        match read(text)? {
            (token, None) => Ok(token),
            (_, Some(object)) => Err(UriError::Object(object)),
        }
    }
}

impl FromStr for KeyUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let (token, object) = read(text)?;
        Ok(Self { token, object: object.ok_or(UriError::Missing("object"))? })
    }
}

fn read(text: &str) -> Result<(TokenUri, Option<String>), UriError> {
    let rest = text.strip_prefix(SCHEME).filter(|_| text.len() <= MAX_URI).ok_or(UriError::Form)?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut path = attributes(path, ';', &["token", "serial", "object", "type"])?;
    let mut query = attributes(query, '&', &["module-path", "pin-source"])?;
    if let Some(kind) = path.remove("type").filter(|kind| kind != "private") {
        return Err(UriError::Type(kind));
    }
    let module = query.remove("module-path").ok_or(UriError::Missing("module-path"))?;
    let pin = query.remove("pin-source").map(|source| pin_file(&source)).transpose()?;
    let (label, serial) = (path.remove("token"), path.remove("serial"));
    if label.is_none() && serial.is_none() {
        return Err(UriError::Missing("token"));
    }
    let token = TokenUri { module: absolute(&module, "module-path")?, pin, label, serial };
    Ok((token, path.remove("object")))
}

fn attributes(part: &str, between: char, known: &[&str]) -> Result<BTreeMap<String, String>, UriError> {
    let mut found = BTreeMap::new();
    for attribute in part.split(between).filter(|attribute| !attribute.is_empty()) {
        let (name, value) = attribute.split_once('=').ok_or_else(|| UriError::Attribute(attribute.to_owned()))?;
        if name == "pin-value" {
            return Err(UriError::Pin);
        }
        if !known.contains(&name) {
            return Err(UriError::Attribute(name.to_owned()));
        }
        let value = percent_decode_str(value).decode_utf8().map_err(|_| UriError::Value(name.to_owned()))?;
        if value.is_empty() || value.contains(char::is_control) {
            return Err(UriError::Value(name.to_owned()));
        }
        if found.insert(name.to_owned(), value.into_owned()).is_some() {
            return Err(UriError::Twice(name.to_owned()));
        }
    }
    Ok(found)
}

/// RFC 7512, section 2.4, allows a file's name or a `file:` URI (RFC 8089).
fn pin_file(source: &str) -> Result<PathBuf, UriError> {
    let path = source.strip_prefix("file:").unwrap_or(source);
    absolute(path.strip_prefix("//").unwrap_or(path), "pin-source")
}

fn absolute(path: &str, name: &'static str) -> Result<PathBuf, UriError> {
    if path.starts_with('/') { Ok(PathBuf::from(path)) } else { Err(UriError::Relative(name)) }
}

impl fmt::Display for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.token.write(f, Some(&self.object))
    }
}

impl fmt::Display for TokenUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, None)
    }
}

impl TokenUri {
    fn write(&self, f: &mut fmt::Formatter<'_>, object: Option<&str>) -> fmt::Result {
        f.write_str(SCHEME)?;
        let named = [("token", self.label.as_deref()), ("serial", self.serial.as_deref()), ("object", object)];
        let named = named.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
        for (place, (name, value)) in named.enumerate() {
            let between = if place == 0 { "" } else { ";" };
            write!(f, "{between}{name}={}", utf8_percent_encode(value, &PATH))?;
        }
        if object.is_some() {
            f.write_str(";type=private")?;
        }
        let shown = |path: &Path| utf8_percent_encode(&path.to_string_lossy(), &QUERY).to_string();
        write!(f, "?module-path={}", shown(&self.module))?;
        match &self.pin {
            Some(pin) => write!(f, "&pin-source=file:{}", shown(pin)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const URI: &str = "pkcs11:token=Registry%20of%20Japan;object=jp-log;type=private?module-path=/usr/lib/t.so&pin-source=file:/etc/pin";

    #[test]
    fn a_uri_is_read_and_written_alike() {
        let uri: KeyUri = URI.parse().unwrap();
        assert_eq!(uri.object(), "jp-log");
        assert_eq!(uri.token().module(), Path::new("/usr/lib/t.so"));
        assert_eq!(uri.token().pin(), Some(Path::new("/etc/pin")));
        assert_eq!(uri.to_string(), URI);
        assert_eq!(uri.token().to_string().parse::<TokenUri>().unwrap().key("jp-log"), uri);
    }

    #[test]
    fn a_token_is_meant_by_what_is_named_of_it() {
        let uri: KeyUri = URI.parse().unwrap();
        assert!(uri.token().means("Registry of Japan               ", "0001"));
        assert!(!uri.token().means("Registry of Japan 2", "0001"));
        let uri: TokenUri = "pkcs11:serial=0001?module-path=/t.so".parse().unwrap();
        assert!(uri.means("anything", "0001            "));
        assert!(!uri.means("anything", "0002"));
    }

    #[test]
    fn both_forms_of_a_pin_file_are_read() {
        for source in ["file:/etc/pin", "file:///etc/pin", "/etc/pin", "%2Fetc%2Fpin"] {
            let uri: TokenUri = format!("pkcs11:token=t?module-path=/t.so&pin-source={source}").parse().unwrap();
            assert_eq!(uri.pin(), Some(Path::new("/etc/pin")), "{source}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let refused = |text: &str| text.parse::<KeyUri>().unwrap_err();
        assert_eq!(refused("file:/etc/pin"), UriError::Form);
        assert_eq!(refused(&format!("pkcs11:token={}", "t".repeat(MAX_URI))), UriError::Form);
        assert_eq!(refused("pkcs11:token=t;object=o?module-path=/t.so&pin-value=1234"), UriError::Pin);
        assert_eq!(refused("pkcs11:token=t;object=o?pin-source=/pin"), UriError::Missing("module-path"));
        assert_eq!(refused("pkcs11:object=o?module-path=/t.so"), UriError::Missing("token"));
        assert_eq!(refused("pkcs11:token=t?module-path=/t.so"), UriError::Missing("object"));
        assert_eq!(refused("pkcs11:token=t;object=o?module-path=t.so"), UriError::Relative("module-path"));
        assert_eq!(
            refused("pkcs11:token=t;object=o?module-path=/t.so&pin-source=file:pin"),
            UriError::Relative("pin-source")
        );
        assert_eq!(refused("pkcs11:token=t;object=o;type=cert?module-path=/t.so"), UriError::Type("cert".to_owned()));
        assert_eq!(refused("pkcs11:token=t;object=o;object=p?module-path=/t.so"), UriError::Twice("object".to_owned()));
        assert_eq!(
            refused("pkcs11:token=t;object=o;x-vendor=1?module-path=/t.so"),
            UriError::Attribute("x-vendor".to_owned())
        );
        assert_eq!(refused("pkcs11:token=t;object=%FF?module-path=/t.so"), UriError::Value("object".to_owned()));
        assert_eq!(refused("pkcs11:token=;object=o?module-path=/t.so"), UriError::Value("token".to_owned()));
        let token = "pkcs11:token=t;object=o?module-path=/t.so".parse::<TokenUri>();
        assert_eq!(token.unwrap_err(), UriError::Object("o".to_owned()));
    }
}
