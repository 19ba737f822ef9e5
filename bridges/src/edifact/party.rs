//! NAD: who takes part, as what, and by which identifier.
//!
//! In scope: elements 3035 (party qualifier) and C082 (identification, list, agency) after directory D.96A, whose later issues add
//! codes and take none back. Out of scope: names and addresses (C058, C080 and what follows), which name nobody for sure.

use conformity::identifiers::IdentifierKind;

use super::characters::CharacterSet;
use super::segments::Segment;
use crate::{Party, PartyIdentifier, Refusal, Role};

/// The party that a NAD segment names.
pub(super) fn read(nad: &Segment, set: CharacterSet) -> Result<Party, Refusal> {
    let code = nad.need(set, (1, 1), "the party qualifier", 3)?;
    let value = nad.text(set, (2, 1), "the party's identification", 35)?;
    let list = nad.text(set, (2, 2), "the code list", 17)?;
    let agency = nad.text(set, (2, 3), "the agency of the code list", 3)?;
    let identifiers = value.map(|value| identifier(&value, list.as_deref(), agency.as_deref()));
    Ok(Party { role: role(&code), code, identifiers: identifiers.into_iter().collect(), place: nad.place(0, 0) })
}

/// An agency has many code lists. Its numbers of parties are meant where none is named, or list 160 (party identification).
fn identifier(value: &str, list: Option<&str>, agency: Option<&str>) -> PartyIdentifier {
    let kind = agency.filter(|_| matches!(list, None | Some("160"))).and_then(kind);
    let named = [agency.map(|agency| format!("3055={agency}")), list.map(|list| format!("1131={list}"))];
    PartyIdentifier::new(kind, &named.into_iter().flatten().collect::<Vec<_>>().join(" "), value)
}

/// Code list 3055: who is responsible for an identifier.
fn kind(agency: &str) -> Option<IdentifierKind> {
    match agency {
        // EAN International, now GS1.
        "9" => Some(IdentifierKind::Gln),
        // Dun & Bradstreet.
        "16" => Some(IdentifierKind::Duns),
        // JIPDEC, which registers 標準企業コード; in the list since the directories after D.96A.
        "289" => Some(IdentifierKind::StandardCompanyCode),
        _ => None,
    }
}

/// Code list 3035. SN is a store keeper, no supplier, however alike they look.
fn role(code: &str) -> Role {
    match code {
        "BY" => Role::Buyer,
        "SE" | "VN" => Role::Seller,
        "SU" => Role::Supplier,
        "MF" => Role::Manufacturer,
        "CZ" | "SF" | "PW" => Role::Consignor,
        "CN" | "DP" | "ST" | "UC" => Role::Consignee,
        "CA" => Role::Carrier,
        "IV" => Role::Invoicee,
        "PR" => Role::Payer,
        "PE" => Role::Payee,
        "MS" => Role::Sender,
        "MR" => Role::Receiver,
        _ => Role::Other,
    }
}
