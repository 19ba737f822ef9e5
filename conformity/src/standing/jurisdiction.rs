//! Where a supplier is established, and whether this registry, or one that it follows, would know a verdict on it.

use super::{About, Inquiry, Sight};
use crate::arrangement::{Issuers, Rule};
use crate::identifiers::Identifier;
use crate::ids::{CountryCode, RegistryId};
use crate::in_force::{self, Pair};
use crate::records::Facts;

/// The member states of the European Union (ISO 3166-1 alpha-2), for which a registry of `EU` stands.
const EUROPEAN_UNION: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Where the supplier is established, as far as the question, its identifier or anything visible here says.
pub(super) fn country<F: Facts>(inquiry: &Inquiry<'_, F>) -> Option<CountryCode> {
    let question = inquiry.question;
    let stated = question.country.clone();
    stated.or_else(|| implied(&question.supplier)).or_else(|| visible(inquiry))
}

/// The country whose register an identifier belongs to.
fn implied(identifier: &Identifier) -> Option<CountryCode> {
    match identifier {
        Identifier::CorporateNumber(_) | Identifier::StandardCompanyCode(_) => "JP".parse().ok(),
        Identifier::Eori(eori) => eori.country().parse().ok(),
        Identifier::Lei(_) | Identifier::Gln(_) | Identifier::Duns(_) | Identifier::Uei(_) | Identifier::Local(_) => {
            None
        }
    }
}

/// The country that a verdict under whatever scheme states, if the viewer may see it. One that states none says nothing:
/// nobody concludes from silence where a supplier is.
fn visible<F: Facts>(inquiry: &Inquiry<'_, F>) -> Option<CountryCode> {
    let own = inquiry.own(Sight::Whole).iter().find_map(|record| record.terms.supplier.country.clone());
    own.or_else(|| {
        let mut foreign = inquiry.seen.recognitions_of(&inquiry.question.supplier);
        foreign.sort_by(|one, other| one.recognition.verdict.cmp(&other.recognition.verdict));
        foreign.iter().find_map(|record| record.recognition.supplier.country.clone())
    })
}

/// Whether this registry or one that it follows for what is asked would hold a verdict on suppliers of `country`.
pub(super) fn would_know<F: Facts>(inquiry: &Inquiry<'_, F>, country: &CountryCode) -> bool {
    holds(inquiry, country) || follows(inquiry, country)
}

fn holds<F: Facts>(inquiry: &Inquiry<'_, F>, country: &CountryCode) -> bool {
    let genesis = inquiry.seen.genesis();
    let home = genesis.and_then(|record| record.genesis.country.clone());
    let applies =
        inquiry.schemes.iter().any(|record| record.scheme.countries.iter().any(|place| stands_for(place, country)));
    // A registry that only recognises verdicts under a foreign scheme holds none under it.
    let publishes = matches!(inquiry.question.about, About::Everything) || !inquiry.schemes.is_empty();
    publishes && (applies || home.is_some_and(|home| stands_for(&home, country)))
}

fn follows<F: Facts>(inquiry: &Inquiry<'_, F>, country: &CountryCode) -> bool {
    let Some(own) = inquiry.seen.genesis() else {
        return false;
    };
    inquiry.seen.peers().iter().any(|peer| {
        let home = peer.genesis.country.as_ref();
        peer.expelled.is_none()
            && home.is_some_and(|home| stands_for(home, country))
            && covers(inquiry, Pair { from: &peer.registry, to: &own.genesis.registry })
    })
}

/// Whether a rule in force for `pair` is about what is asked.
fn covers<F: Facts>(inquiry: &Inquiry<'_, F>, pair: Pair<'_>) -> bool {
    inquiry.seen.arrangements().iter().any(|record| {
        let terms = in_force::terms_in_force(record, pair, inquiry.seen.at());
        let rules = terms.into_iter().flat_map(|signed| &signed.terms.rules);
        rules.into_iter().any(|rule| goes(rule, pair) && concerns(inquiry, rule))
    })
}

fn goes(rule: &Rule, pair: Pair<'_>) -> bool {
    names(&rule.from, pair.from) && rule.to.contains(pair.to)
}

fn names(issuers: &Issuers, registry: &RegistryId) -> bool {
    match issuers {
        Issuers::Registries(registries) => registries.contains(registry),
        Issuers::Any(_) => true,
    }
}

/// Whether a rule is about what is asked, by the scheme of the issuing side or by the one it counts as here.
pub(super) fn concerns<F: Facts>(inquiry: &Inquiry<'_, F>, rule: &Rule) -> bool {
    let here = rule.counts_as.as_ref().map(|target| &target.scheme);
    inquiry.asks_about(&rule.scheme) || here.is_some_and(|scheme| inquiry.asks_about(scheme))
}

fn stands_for(place: &CountryCode, country: &CountryCode) -> bool {
    place == country || (place.as_str() == "EU" && EUROPEAN_UNION.contains(&country.as_str()))
}
