//! What is kept for a member of Catena-X beside its offers (`buyer::offer`): what partners sent it, and what is open between them.
//!
//! Out of scope: who may see it (the member alone, but for what its partners ask about their own).

use bridges::catena_x::LegalEntity;
use bridges::{Evidence, Flaw};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::buyer::shelf::{Kept, Kind};

/// Most errors of a judgement, and characters of each.
const ERRORS_MAX: usize = 32;
const ERROR_MAX: usize = 500;
/// Most bytes of all of them: an exchange has room for so many.
const ERRORS_BYTES: usize = 12 * 1024;
/// Most errors of a partner's that are kept, and characters of each message and of what it is about.
const THEIR_ERRORS: usize = 8;
const THEIR_MESSAGE: usize = 300;
const THEIR_SPECIFIER: usize = 60;

/// A partner's certificate, as it says: evidence, and no verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Foreign {
    pub(super) partner: LegalEntity,
    pub(super) received: Timestamp,
    #[serde(flatten)]
    pub(super) evidence: Evidence,
    /// Whether whoever holds it is another than who sent it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) of_another: bool,
    /// What the member made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) judgement: Option<Judgement>,
}

impl Kept for Foreign {
    const KIND: Kind =
        Kind { name: "foreign-certificates", values: 512, value_bytes: 64 * 1024, all_bytes: 8 * 1024 * 1024 };
}

impl Foreign {
    /// As a partner tells of it.
    pub(super) fn told(partner: LegalEntity, evidence: Evidence, received: Timestamp) -> Foreign {
        let of_another = evidence.holder.as_ref().is_some_and(|holder| holder != partner.as_str());
        Foreign { partner, received, evidence, of_another, judgement: None }
    }

    /// Whether it ended.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.evidence.status.as_deref() == Some(WITHDRAWN)
    }

    /// What is kept after one more event, in whatever order events come: a withdrawal is the end, and an older issue changes nothing.
    pub(super) fn after(self, event: Foreign) -> Foreign {
        if self.is_withdrawn() || event.evidence.revision < self.evidence.revision && !event.is_withdrawn() {
            return self;
        }
        if event.is_withdrawn() {
            let evidence = Evidence { status: event.evidence.status, ..self.evidence };
            return Foreign { evidence, received: event.received, ..self };
        }
        // Who sends the same is not heard again; who sends something else under the same number has not been judged by it.
        if event.evidence == self.evidence { self } else { event }
    }
}

/// The end of a certificate, whatever becomes of its verdict later.
const WITHDRAWN: &str = "WITHDRAWN";

/// What a member made of a partner's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Judgement {
    pub(super) status: Outcome,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<Fault>,
}

/// How an exchange ends, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Outcome {
    Retrieved,
    Accepted,
    Rejected,
    Errored,
}

impl Outcome {
    /// As the standard writes it; nothing for any other word.
    pub(super) fn named(text: &str) -> Option<Outcome> {
        match text {
            "RETRIEVED" => Some(Self::Retrieved),
            "ACCEPTED" => Some(Self::Accepted),
            "REJECTED" => Some(Self::Rejected),
            "ERRORED" => Some(Self::Errored),
            _ => None,
        }
    }

    /// Whether it must say why; no other may.
    pub(super) fn explains(self) -> bool {
        matches!(self, Self::Rejected | Self::Errored)
    }

    /// Whether nothing comes after it (CX-0135, section 2.1.4).
    pub(super) fn is_end(self) -> bool {
        self != Self::Retrieved
    }
}

/// Why something was not accepted, or not offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub(super) message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) specifier: Option<String>,
}

impl Judgement {
    /// Refuses what the standard would not carry.
    pub(super) fn checked(self) -> Result<Judgement, &'static str> {
        if self.status.explains() == self.errors.is_empty() {
            return Err("errors: say why it is rejected or in error, and nothing otherwise");
        }
        let texts = self.errors.iter().flat_map(|fault| [Some(&fault.message), fault.specifier.as_ref()]).flatten();
        let fits = |text: &String| (1..=ERROR_MAX).contains(&text.chars().count());
        let bytes: usize = texts.clone().map(String::len).sum();
        if self.errors.len() > ERRORS_MAX || bytes > ERRORS_BYTES || !{ texts }.all(fits) {
            return Err("errors: at most 32, with a message of 1 to 500 characters each, and 12 KiB together");
        }
        Ok(self)
    }
}

impl Fault {
    /// As many of a partner's as are kept, cut to what is.
    pub(super) fn some(flaws: &[Flaw]) -> Vec<Fault> {
        let cut = |text: &str, most: usize| text.chars().filter(|one| !one.is_control()).take(most).collect();
        let fault = |flaw: &Flaw| Fault {
            message: cut(&flaw.message, THEIR_MESSAGE),
            specifier: flaw.specifier.as_ref().map(|specifier| cut(specifier, THEIR_SPECIFIER)),
        };
        flaws.iter().take(THEIR_ERRORS).map(fault).collect()
    }
}

/// What is open between a member and a partner about one certificate, until the one who got it says what it makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Exchange {
    pub(super) exchange_id: String,
    pub(super) partner: LegalEntity,
    pub(super) certificate_id: String,
    pub(super) opened: Timestamp,
    #[serde(flatten)]
    pub(super) about: About,
}

/// Whose certificate it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "about")]
pub(super) enum About {
    /// The partner's, which told the member of it.
    Theirs {
        /// What the member made of it: an end is the end of the exchange, whatever becomes of the certificate.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        judgement: Option<Judgement>,
    },
    /// The member's, which the partner asked for or was told of.
    Ours {
        revision: u64,
        /// Whether there was one.
        fulfilled: bool,
        /// What the partner made of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<Outcome>,
        /// Why, where it does not accept it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        errors: Vec<Fault>,
    },
}

impl Exchange {
    /// Whether it is open, and the partner told the member of this certificate by it.
    pub(super) fn is_open_about(&self, certificate: &str) -> bool {
        let ended = |judgement: &Option<Judgement>| judgement.as_ref().is_some_and(|one| one.status.is_end());
        matches!(&self.about, About::Theirs { judgement } if self.certificate_id == certificate && !ended(judgement))
    }
}

impl Kept for Exchange {
    const KIND: Kind =
        Kind { name: "certificate-exchanges", values: 512, value_bytes: 16 * 1024, all_bytes: 4 * 1024 * 1024 };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn foreign(status: &str, revision: Option<u64>) -> Foreign {
        let evidence =
            serde_json::json!({"id": "c", "revision": revision, "status": status, "claimed": "iso9001", "sites": []});
        let partner = "BPNL0000000001AB".parse().unwrap();
        Foreign::told(partner, serde_json::from_value(evidence).unwrap(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn events_in_any_order_come_to_the_same() {
        let told = [foreign("CREATED", Some(1)), foreign("MODIFIED", Some(2)), foreign("WITHDRAWN", None)];
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for order in orders {
            let [first, rest @ ..] = order.map(|index| told[index].clone());
            let last = rest.into_iter().fold(first, Foreign::after);
            assert_eq!(last.evidence.status.as_deref(), Some(WITHDRAWN), "{order:?}");
        }
        let newer = foreign("MODIFIED", Some(2)).after(foreign("CREATED", Some(1)));
        assert_eq!(newer.evidence.revision, Some(2));
    }

    #[test]
    fn a_judgement_is_of_one_issue() {
        let judged = |revision| Foreign {
            judgement: Some(Judgement { status: Outcome::Accepted, errors: Vec::new() }),
            ..foreign("CREATED", Some(revision))
        };
        assert!(judged(1).after(foreign("CREATED", Some(1))).judgement.is_some(), "told once more");
        assert!(judged(1).after(foreign("MODIFIED", Some(2))).judgement.is_none(), "another issue");
        assert!(judged(1).after(foreign("MODIFIED", Some(1))).judgement.is_none(), "something else under its number");
    }

    #[test]
    fn only_what_is_not_accepted_says_why() {
        let why = |count: usize, message: &str| vec![Fault { message: message.to_owned(), specifier: None }; count];
        let rows = [
            (Outcome::Accepted, Vec::new(), true),
            (Outcome::Accepted, why(1, "x"), false),
            (Outcome::Rejected, Vec::new(), false),
            (Outcome::Rejected, why(1, "expired"), true),
            (Outcome::Errored, why(32, "x"), true),
            (Outcome::Errored, why(33, "x"), false),
            (Outcome::Rejected, why(1, ""), false),
        ];
        for (status, errors, taken) in rows {
            let judgement = Judgement { status, errors };
            assert_eq!(judgement.clone().checked().is_ok(), taken, "{judgement:?}");
        }
    }
}
