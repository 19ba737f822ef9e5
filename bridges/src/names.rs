//! What networks, kinds of documents and roles are called in addresses, answers and commands, and what media types carry documents.
//!
//! Out of scope: words for people (`words`), and what each network calls its own kinds (`Document::form`).

use std::fmt;
use std::str::FromStr;

use crate::{Document, Kind, Network, Role, catena_x};

/// The name is no network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("networks are edifact, ubl, catena-x, cross-industry and list")]
pub struct UnknownNetwork;

impl Network {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edifact => "edifact",
            Self::Ubl => "ubl",
            Self::CatenaX => "catena-x",
            Self::CrossIndustry => "cross-industry",
            Self::List => "list",
        }
    }

    /// The media types of its documents, in lower case (EDIFACT: RFC 1767; CloudEvents: its JSON event format 1.0.2).
    #[must_use]
    pub const fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Edifact => &["application/edifact"],
            Self::Ubl | Self::CrossIndustry => &["application/xml", "text/xml"],
            Self::CatenaX => {
                &["application/cloudevents+json", "application/cloudevents-batch+json", "application/json"]
            }
            Self::List => &["text/csv"],
        }
    }
}

impl Document {
    /// The media type of its answer, in lower case.
    #[must_use]
    pub fn answer_type(&self) -> &'static str {
        match self.network {
            Network::Edifact => "application/edifact",
            Network::Ubl => "application/xml",
            Network::CatenaX if catena_x::is_push(self) => "application/json",
            Network::CatenaX => "application/cloudevents+json",
            Network::CrossIndustry => "text/plain",
            Network::List => "text/csv",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Network {
    type Err = UnknownNetwork;

    fn from_str(name: &str) -> Result<Self, UnknownNetwork> {
        Self::ALL.into_iter().find(|network| network.as_str() == name).ok_or(UnknownNetwork)
    }
}

impl Kind {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PartyInformation => "party-information",
            Self::Catalogue => "catalogue",
            Self::QuoteRequest => "quote-request",
            Self::Quotation => "quotation",
            Self::Contract => "contract",
            Self::Order => "order",
            Self::OrderChange => "order-change",
            Self::OrderResponse => "order-response",
            Self::OrderCancellation => "order-cancellation",
            Self::DeliverySchedule => "delivery-schedule",
            Self::DespatchAdvice => "despatch-advice",
            Self::ReceivingAdvice => "receiving-advice",
            Self::Invoice => "invoice",
            Self::Payment => "payment",
            Self::Certificate => "certificate",
            Self::CertificateRequest => "certificate-request",
            Self::CertificateStatus => "certificate-status",
            Self::Acknowledgement => "acknowledgement",
            Self::List => "list",
            Self::Other => "other",
        }
    }
}

impl Role {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Seller => "seller",
            Self::Supplier => "supplier",
            Self::Manufacturer => "manufacturer",
            Self::Consignor => "consignor",
            Self::Consignee => "consignee",
            Self::Carrier => "carrier",
            Self::Invoicee => "invoicee",
            Self::Payer => "payer",
            Self::Payee => "payee",
            Self::Sender => "sender",
            Self::Receiver => "receiver",
            Self::Holder => "holder",
            Self::Issuer => "issuer",
            Self::Validator => "validator",
            Self::Listed => "listed",
            Self::Other => "other",
        }
    }
}
