//! Schemes of identifiers: ISO 6523 international code designators, as UBL and UN/CEFACT documents name them in `schemeID`.
//!
//! In scope: the schemes whose identifiers registries know. Out of scope: all others, which are kept as they stand. So is 0221, the
//! number of a qualified invoice issuer of Japan: for sole proprietors it is no corporate number, and which is which cannot be seen.

use std::collections::BTreeSet;

use conformity::identifiers::IdentifierKind;

use crate::xml::Element;
use crate::{PartyIdentifier, Refusal};

/// An identifier by its `schemeID`. Beside designators, the words that earlier documents used for the same.
pub(crate) fn identifier(scheme: &str, value: &str) -> PartyIdentifier {
    let kind = match scheme {
        "0088" | "GLN" => Some(IdentifierKind::Gln),
        "0060" | "DUNS" => Some(IdentifierKind::Duns),
        "0199" | "LEI" => Some(IdentifierKind::Lei),
        "0188" | "JP:SST" => Some(IdentifierKind::CorporateNumber),
        "0147" => Some(IdentifierKind::StandardCompanyCode),
        _ => None,
    };
    PartyIdentifier::new(kind, scheme, value)
}

/// What these elements name, each once, by their `schemeID`.
pub(crate) fn identifiers<'a>(
    elements: impl Iterator<Item = &'a Element>,
    path: &str,
) -> Result<Vec<PartyIdentifier>, Refusal> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for element in elements {
        let scheme = element.attribute("schemeID").unwrap_or_default();
        let value = element.value(path)?;
        if seen.insert((scheme, value.clone())) {
            found.push(identifier(scheme, &value));
        }
    }
    Ok(found)
}
