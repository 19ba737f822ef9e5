//! Why there is nothing under a name: one verdict, a document or a scheme that somebody asked for as such.
//!
//! In scope: which absence it is, in the sentence that says so. Out of scope: the buyer's question about a supplier, which
//! [`standing`](super::standing) answers.
//!
//! A sentence never repeats the name of a verdict, and whoever may not know of one is told what he would be told if it had never been
//! granted: same absence, same words.

use super::viewer::{Sight, Viewer, sight};
use super::{About, Absence};
use crate::as_of::{AsOf, Seen};
use crate::ids::{DocumentRef, RegistryId, SchemeRef, VerdictRef};
use crate::records::Facts;
use crate::words::{Params, Said};

/// Why there is nothing, with the sentence that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nothing {
    /// Which absence it is.
    pub absence: Absence,
    /// What is said of it.
    pub because: Said,
}

impl Nothing {
    fn new(absence: Absence, code: &'static str, params: Params) -> Self {
        Self { absence, because: Said::new(code, params) }
    }
}

/// Why `viewer` is shown no verdict of that name as of a time.
///
/// Of this registry's: `withheld` to those who may know that it exists, `not-assessed` to everybody else. Of another's:
/// `unknown`, since only what arrangements let through is known here.
pub fn no_verdict(facts: &impl Facts, viewer: &Viewer, verdict: &VerdictRef, as_of: AsOf) -> Nothing {
    let (home, seen) = (facts.genesis(), Seen::new(facts, as_of));
    if home.is_none_or(|record| record.genesis.registry != verdict.registry) {
        return no_foreign_verdict(&seen, &verdict.registry);
    }
    let known = facts.verdict(&verdict.id).filter(|record| sight(facts, viewer, record) == Sight::Existence);
    if known.is_some_and(|record| seen.verdict(&record).is_some()) {
        return Nothing::new(Absence::Withheld, "restricted-verdict", Params::default());
    }
    Nothing::new(Absence::NotAssessed, "no-such-verdict", Params::default())
}

fn no_foreign_verdict<F: Facts>(seen: &Seen<'_, F>, registry: &RegistryId) -> Nothing {
    let followed = seen.peer(registry).is_some_and(|peer| peer.expelled.is_none());
    let code = if followed { "not-let-through" } else { "registry-not-followed" };
    Nothing::new(Absence::Unknown, code, Params::default().with("registry", registry))
}

/// Why nothing is said of a document that is not published here.
pub fn no_document(document: &DocumentRef) -> Nothing {
    Nothing::new(Absence::NoScheme, "document-not-known", Params::default().with("document", document))
}

/// Why nothing is said of a scheme that is not published here.
pub fn no_scheme(scheme: &SchemeRef) -> Nothing {
    no_scheme_about(&About::SchemeVersion(scheme.clone()))
}

/// Why a list of this registry's own verdicts under such schemes has nothing in it: none of them is published here.
pub fn no_scheme_about(about: &About) -> Nothing {
    Nothing::new(Absence::NoScheme, "scheme-not-published", Params::default().with("about", about))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use serde_json::json;

    use super::super::tests::{jp, own, party_asks, peer, with};
    use super::*;
    use crate::recognition::fixture::{at, organization, verdict};
    use crate::words::Language;

    #[test]
    fn a_name_without_anything_says_which_absence_and_never_tells_hidden_from_absent() {
        let restricted = own(verdict(&organization(), &json!({"profile": "restricted"})));
        let rows = [
            ("", "jp:V-0", Absence::NotAssessed, "no-such-verdict"),
            ("", "jp:V-1", Absence::NotAssessed, "no-such-verdict"),
            ("buyer", "jp:V-1", Absence::NotAssessed, "no-such-verdict"),
            ("other-body", "jp:V-1", Absence::NotAssessed, "no-such-verdict"),
            ("audit-body", "jp:V-1", Absence::NotAssessed, "no-such-verdict"),
            ("authority", "jp:V-1", Absence::Withheld, "restricted-verdict"),
            ("accreditation-body", "jp:V-1", Absence::Withheld, "restricted-verdict"),
            ("authority", "jp:V-0", Absence::NotAssessed, "no-such-verdict"),
            ("authority", "us:V-1", Absence::Unknown, "registry-not-followed"),
            ("authority", "eu:V-1", Absence::Unknown, "not-let-through"),
        ];
        let register = with(jp(), vec![restricted, peer("eu", "EU")]);
        for (viewer, wanted, absence, code) in rows {
            let viewer = if viewer.is_empty() { Viewer::Public } else { party_asks(viewer) };
            let wanted: VerdictRef = wanted.parse().unwrap();
            let nothing = no_verdict(&register, &viewer, &wanted, AsOf::known_then(at("2026-08-01")));
            let before = no_verdict(&register, &viewer, &wanted, AsOf::known_then(at("2025-08-01")));
            assert_ne!(before.absence, Absence::Withheld, "it was not there yet");
            assert_eq!((nothing.absence, nothing.because.code.as_str()), (absence, code), "{viewer:?} {wanted}");
            for language in Language::ALL {
                let words = nothing.because.words(language);
                assert!(!words.is_empty() && !words.contains("V-"), "{words}");
            }
        }
        let scheme = no_scheme(&"moon@1".parse().unwrap());
        assert_eq!((scheme.absence, scheme.because.code.as_str()), (Absence::NoScheme, "scheme-not-published"));
        let document = no_document(&"moon@1".parse().unwrap());
        assert_eq!((document.absence, document.because.code.as_str()), (Absence::NoScheme, "document-not-known"));
    }
}
