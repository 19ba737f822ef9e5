//! The text of an SD-JWT taken apart at its tildes, and nothing of it read.
//!
//! In scope: the one place that knows where issuer's JWT, disclosures and key binding stand. Out of scope: whether they are any;
//! what comes from outside goes through [`Unverified::parse`](super::Unverified::parse).

use super::Malformed;

/// The pieces of an SD-JWT's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pieces<'a> {
    jwt: &'a str,
    /// All disclosures with the tildes between them; nothing where there is none.
    disclosures: Option<&'a str>,
    key_binding: &'a str,
}

impl<'a> Pieces<'a> {
    /// Takes a text apart.
    ///
    /// # Errors
    /// [`Malformed::NotSdJwt`]: it has no tilde.
    pub fn of(text: &'a str) -> Result<Self, Malformed> {
        let (jwt, rest) = text.split_once('~').ok_or(Malformed::NotSdJwt)?;
        let (disclosures, key_binding) =
            rest.rsplit_once('~').map_or((None, rest), |(disclosures, last)| (Some(disclosures), last));
        Ok(Self { jwt, disclosures, key_binding })
    }

    /// The issuer's JWT, which a log commits to as a statement.
    pub fn jwt(&self) -> &'a str {
        self.jwt
    }

    /// Each disclosure as it came.
    pub fn disclosures(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.disclosures.into_iter().flat_map(|all| all.split('~'))
    }

    /// The key binding JWT; empty where there is none.
    pub fn key_binding(&self) -> &'a str {
        self.key_binding
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_text_is_taken_apart_at_its_tildes() {
        let rows: [(&str, (&str, &[&str], &str)); 5] = [
            ("jwt~", ("jwt", &[], "")),
            ("jwt~binding", ("jwt", &[], "binding")),
            ("jwt~one~two~", ("jwt", &["one", "two"], "")),
            ("jwt~one~binding", ("jwt", &["one"], "binding")),
            ("jwt~~", ("jwt", &[""], "")),
        ];
        for (text, (jwt, disclosures, binding)) in rows {
            let pieces = Pieces::of(text).unwrap();
            let found: Vec<&str> = pieces.disclosures().collect();
            assert_eq!((pieces.jwt(), found.as_slice(), pieces.key_binding()), (jwt, disclosures, binding), "{text}");
        }
        assert_eq!(Pieces::of("jwt"), Err(Malformed::NotSdJwt));
    }
}
