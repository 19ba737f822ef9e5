//! Catena-X: certificates of business partners, CX-0135 in both generations.
//!
//! ```text
//! v3  {"specversion": "1.0", "type": "org.catena-x.ccm.Certificate…Status.v1", "source": "urn:bpn:BPNL…", "subject": "BPNL…", "data": …}
//!       lifecycle: CREATED, MODIFIED, WITHDRAWN    fulfilment of a request    acceptance: RETRIEVED, ACCEPTED, REJECTED, ERRORED
//!     {"certificateType": "iso9001", "certifiedLocations": […]}              a certificate is asked for
//!     {"$condition": {"$match": [{"$field": …, "$eq": …}]}}                  certificates are looked for
//!     {"exchangeId": …, "certificateId": …, "revision": 1, "status": …}      what is answered to either
//! v2  {"header": {"context": "CompanyCertificateManagement-CCMAPI-Push:1.0.0", "senderBpn": …}, "content": …}
//!       Request, Push, Status, Available
//!     {"businessPartnerNumber": "BPNL…", "type": …, "document": …}           BusinessPartnerCertificate 2.0.0, 3.0.0, 3.1.0
//! ```
//!
//! In scope: all of these in; the acceptance of a certificate as an answer; what we publish ourselves ([`Published`], [`Outline`], [`record`]), and which
//! certificate a verdict is ([`edition`]). A certificate
//! that comes in is [`crate::Evidence`], whatever its sender says of its trust. Out of scope: BusinessPartnerCertificate 4.0.0 as an
//! aspect of its own (a draft), the documents inside, which are neither kept nor opened, and the connector.

mod bpn;
pub mod edition;
mod event;
mod message;
mod payload;
mod plain;
mod publish;
mod query;
pub mod record;
mod status;

pub use bpn::LegalEntity;
pub use event::{ACCEPTANCE, FULFILLMENT, LIFECYCLE, NUMBERS};
pub use plain::REQUEST;
pub use publish::{Attached, Exchange, Header, Lifecycle, Outline, Published, Site, Trust};
pub use query::{Query, Unsearchable};
pub(crate) use status::is_push;

use serde_json::Value;

use crate::json::{self, Object};
use crate::{Answer, Bridge, Document, Kind, Network, Reading, Refusal, Unanswerable};

/// The longest value that is read.
const VALUE_MAX: usize = 500;
/// The most items of one list.
const ITEMS_MAX: usize = 1_000;

/// The bridge to Catena-X.
#[derive(Debug, Clone, Copy)]
pub struct CatenaX;

impl Bridge for CatenaX {
    fn network(&self) -> Network {
        Network::CatenaX
    }

    fn read(&self, input: &[u8]) -> Result<Reading, Refusal> {
        let value = json::parse(input)?;
        let documents = match &value {
            Value::Array(_) => event::documents(&value)?,
            Value::Object(members) if members.contains_key("specversion") => event::documents(&value)?,
            Value::Object(members) if members.contains_key("header") => vec![message::document(&value)?],
            Value::Object(members) if members.contains_key("businessPartnerNumber") => {
                vec![payload::document(&Object::new(&value, String::new())?)?]
            }
            _ => vec![plain::document(&Object::new(&value, String::new())?)?],
        };
        if documents.is_empty() {
            let fault = crate::Fault::Missing { what: "an event" };
            return Err(Refusal::new(crate::Place::Pointer(String::new()), fault));
        }
        Ok(Reading { documents, notices: Vec::new() })
    }

    fn answer(&self, document: &Document, answer: &Answer) -> Result<Vec<u8>, Unanswerable> {
        status::write(document, answer)
    }
}

/// A document of this network without anything in it yet.
fn blank(object: &Object<'_>, kind: Kind, form: &str) -> Document {
    Document::new(Network::CatenaX, kind, form, object.place())
}
