//! Whether the terms of an arrangement are sound in themselves and fit the registry that signs them.

use std::collections::BTreeSet;

use super::case::{Case, in_order};
use crate::accreditation::Lapse;
use crate::arrangement::{AnyIssuing, Arrangement, ArrangementRole, ArrangementSigned, Issuers, LevelRule, Mode, Rule};
use crate::consent::Part;
use crate::country::is_country;
use crate::doubts::issuing;
use crate::ids::{LevelCode, Origin, PartyId, RegistryId, SchemeRef};
use crate::records::{Facts, View};
use crate::refusal::Refusal;
use crate::scheme::Scheme;

/// Most parties of an arrangement, and most rules.
const MAX_PARTS: usize = 64;
/// Most members of a list of a rule.
const MAX_LISTED: usize = 64;
/// Most countries that a list of a rule names: there are no more.
const MAX_COUNTRIES: usize = 256;
/// Most bodies that all rules of an arrangement name: each is looked up for whoever asks what is in doubt.
const MAX_BODIES: usize = 256;

/// Refuses terms that contradict themselves, whoever signs them, and a digest that is not theirs.
pub(super) fn sound(claim: &ArrangementSigned) -> Result<(), Refusal> {
    let terms = &*claim.terms;
    few_enough(terms)?;
    parties(terms).map_err(|because| Refusal::UnsoundTerms { rule: None, because })?;
    let mut ids = BTreeSet::new();
    for rule in &terms.rules {
        let because = if ids.insert(&rule.id) { self::rule(terms, rule) } else { Err("two rules have this id") };
        let because = because.and_then(|()| alone_in_asking_levels(terms, rule));
        because.map_err(|because| Refusal::UnsoundTerms { rule: Some(rule.id.clone()), because })?;
    }
    if let Some(until) = terms.until {
        in_order("arrangement", terms.from, until)?;
    }
    digest(claim)
}

/// What a peer proposes is read, compared and shown as often as anybody asks, before any of us agreed to it.
fn few_enough(terms: &Arrangement) -> Result<(), Refusal> {
    let within = |what, count: usize, max| if count > max { Err(Refusal::TooMany { what, max }) } else { Ok(()) };
    within("parties of an arrangement", terms.parties.len(), MAX_PARTS)?;
    within("rules of an arrangement", terms.rules.len(), MAX_PARTS)?;
    for rule in &terms.rules {
        let from = if let Issuers::Registries(from) = &rule.from { from.len() } else { 0 };
        let named = rule.sites.as_ref().map_or(0, |sites| sites.named.len());
        let only = rule.levels.as_ref().map_or(0, |levels| levels.only.len());
        let counted = rule.counts_as.as_ref().map_or(0, |counts_as| counts_as.levels.len());
        let lists =
            [from, rule.to.len(), rule.bodies.len(), rule.issued_by.len(), rule.sectors.len(), named, only, counted];
        within("members of a list of a rule", lists.into_iter().max().unwrap_or_default(), MAX_LISTED)?;
        let lie_in = rule.sites.as_ref().map_or(0, |sites| sites.countries.len());
        within("countries of a list of a rule", rule.countries.len().max(lie_in), MAX_COUNTRIES)?;
    }
    within("bodies in the rules of an arrangement", terms.rules.iter().map(|rule| rule.bodies.len()).sum(), MAX_BODIES)
}

fn digest(claim: &ArrangementSigned) -> Result<(), Refusal> {
    let actual = claim
        .terms
        .digest()
        .map_err(|_| Refusal::UnsoundTerms { rule: None, because: "they have no canonical form" })?;
    if actual == claim.digest {
        return Ok(());
    }
    Err(Refusal::TermsDigest { stated: claim.digest, actual })
}

fn parties(terms: &Arrangement) -> Result<(), &'static str> {
    let registries: BTreeSet<_> = terms.parties.iter().map(|party| &party.registry).collect();
    let origins: BTreeSet<_> = terms.parties.iter().map(|party| &party.origin).collect();
    if registries.len() != terms.parties.len() || origins.len() != terms.parties.len() {
        return Err("a registry or a log is named as two parties");
    }
    if terms.parties.iter().any(|party| party.roles.is_empty()) {
        return Err("a party has no role");
    }
    if terms.version == 0 {
        return Err("versions count from 1");
    }
    if terms.rules.is_empty() {
        return Err("there is no rule");
    }
    match (terms.mode, terms.parties.len(), recognising(terms)) {
        (_, 0 | 1, _) => Err("an arrangement has at least two parties"),
        (Mode::Bilateral, 3.., _) => Err("a bilateral arrangement has two parties"),
        (Mode::Unilateral, _, 2..) => Err("a unilateral arrangement has one recognising party"),
        (_, _, 0) => Err("nobody recognises"),
        _ => Ok(()),
    }
}

fn recognising(terms: &Arrangement) -> usize {
    let recognises = |roles: &[ArrangementRole]| roles.contains(&ArrangementRole::Recognising);
    terms.parties.iter().filter(|party| recognises(&party.roles)).count()
}

fn rule(terms: &Arrangement, rule: &Rule) -> Result<(), &'static str> {
    let plays = |registry: &RegistryId, role| terms.party(registry).is_some_and(|party| party.roles.contains(&role));
    let issuing = match &rule.from {
        Issuers::Any(AnyIssuing::AnyIssuing) => {
            terms.parties.iter().any(|party| party.roles.contains(&ArrangementRole::Issuing))
        }
        Issuers::Registries(from) => !from.is_empty() && from.iter().all(|one| plays(one, ArrangementRole::Issuing)),
    };
    let recognising = |one| plays(one, ArrangementRole::Recognising);
    if !issuing {
        Err("from names nobody who issues under these terms")
    } else if rule.to.is_empty() || !rule.to.iter().all(recognising) {
        Err("to names nobody who recognises under these terms")
    } else if rule.objects.is_empty() || rule.viewpoints.is_empty() {
        Err("objects or viewpoints are empty, so that it covers nothing")
    } else if !rule.issued_by.is_empty() && !rule.accepts_transcribed {
        Err("issuedBy speaks of transcribed verdicts, which the rule does not accept")
    } else if rule.restricted && !rule.discloses.tell_statements() {
        Err("the statements of restricted verdicts tell level and scope; who includes them has to disclose both")
    } else if !goes_somewhere(terms, rule) {
        Err("it goes from a registry to itself only, and nobody recognises verdicts of its own")
    } else {
        conditions(rule)
    }
}

fn goes_somewhere(terms: &Arrangement, rule: &Rule) -> bool {
    let issuing = terms.parties.iter().filter(|party| party.roles.contains(&ArrangementRole::Issuing));
    let mut from = issuing.map(|party| &party.registry);
    from.any(|from| rule.to.iter().any(|to| from != to && rule.goes(from, to)))
}

/// What no verdict could meet, or every one does, is not asked for.
fn conditions(rule: &Rule) -> Result<(), &'static str> {
    let distinct: BTreeSet<_> = rule.sectors.iter().collect();
    let bodies: BTreeSet<_> = rule.bodies.iter().collect();
    let countries: BTreeSet<_> = rule.countries.iter().collect();
    if rule.requires.is_some_and(|required| required.surveillance_within_months == 0) {
        Err("surveillanceWithinMonths is 0, which no verdict could meet")
    } else if rule.sites.as_ref().is_some_and(|sites| sites.countries.is_empty() && sites.named.is_empty()) {
        Err("sites names neither a country nor a site, so that it covers nothing")
    } else if distinct.len() != rule.sectors.len() {
        Err("a sector is listed twice")
    } else if bodies.len() != rule.bodies.len() || countries.len() != rule.countries.len() {
        Err("a body or a country is listed twice")
    } else if !rule.countries.iter().chain(rule.sites.iter().flat_map(|sites| &sites.countries)).all(is_country) {
        Err("a code that it lists as a country is none of ISO 3166-1")
    } else {
        Ok(())
    }
}

/// Which of two rules recognises a verdict would tell everyone its level, where both judge by a level that is disclosed to
/// them alone.
fn alone_in_asking_levels(terms: &Arrangement, rule: &Rule) -> Result<(), &'static str> {
    let judges = |one: &Rule| one.discloses.contains(Part::Level);
    let meets = |other: &Rule| {
        let registries = || terms.parties.iter().map(|party| &party.registry);
        let same_way = registries().any(|from| registries().any(|to| rule.goes(from, to) && other.goes(from, to)));
        let same_kind = !rule.objects.intersection(other.objects).is_empty();
        other.id != rule.id && judges(other) && rule.scheme == other.scheme && same_kind && same_way
    };
    if judges(rule) && terms.rules.iter().any(meets) {
        Err(
            "another rule the same way, under the same scheme and for the same objects, discloses the level, too; which of them holds would tell it",
        )
    } else {
        Ok(())
    }
}

impl<F: Facts> Case<'_, F> {
    /// Whether a party's log is the one that the terms name, and the registry a party at all.
    pub(super) fn is_party(&self, terms: &Arrangement, registry: &RegistryId, known: &Origin) -> Result<(), Refusal> {
        let party = terms
            .party(registry)
            .ok_or_else(|| Refusal::NotAParty { arrangement: terms.id.clone(), registry: registry.clone() })?;
        if party.origin == *known {
            return Ok(());
        }
        Err(Refusal::PartyOrigin { registry: registry.clone(), terms: party.origin.clone(), known: known.clone() })
    }

    /// Whether all parties that we know are who the terms say they are.
    pub(super) fn parties_known(&self, terms: &Arrangement) -> Result<(), Refusal> {
        let own = &self.genesis.genesis;
        self.is_party(terms, &own.registry, &own.origin)?;
        for party in &terms.parties {
            if let Some(peer) = self.facts.peer(&party.registry) {
                self.is_party(terms, &party.registry, &peer.origin)?;
            }
        }
        Ok(())
    }

    /// Whether what the rules say about our own schemes is true: of the scheme we issue under, and of the one that a
    /// foreign verdict counts as here.
    pub(super) fn own_schemes_known(&self, terms: &Arrangement) -> Result<(), Refusal> {
        let own = &self.genesis.genesis.registry;
        for rule in &terms.rules {
            if issues(terms, rule, own) {
                let scheme = self.scheme(&rule.scheme)?;
                for level in rule.levels.iter().flat_map(levels) {
                    has_level(&scheme.scheme, level)?;
                }
            }
            if let Some(counts_as) = rule.counts_as.as_ref().filter(|_| rule.to.contains(own)) {
                let scheme = self.scheme(&counts_as.scheme)?;
                for level in counts_as.levels.values() {
                    has_level(&scheme.scheme, level)?;
                }
            }
        }
        Ok(())
    }

    /// Whether the bodies that rules name are there and accredited, where only this registry issues by them. Those of others cannot be
    /// known here, see [`crate::doubts`].
    pub(super) fn own_bodies_known(&self, terms: &Arrangement) -> Result<(), Refusal> {
        let own = &self.genesis.genesis.registry;
        // What the bodies rest on is no part of what the arrangement does.
        if self.facts.view() == View::Part {
            return Ok(());
        }
        for rule in terms.rules.iter().filter(|rule| issuing(terms, rule).all(|from| from == own)) {
            for body in &rule.bodies {
                // What was decided before another took its place may go on counting.
                if self.party(body)?.succeeded.is_none() {
                    self.assesses(body, &rule.scheme)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a body is, or was and may be again, or will be accredited under a scheme.
    fn assesses(&self, body: &PartyId, scheme: &SchemeRef) -> Result<(), Refusal> {
        let all = self.facts.accreditations(body);
        let mut refusal = match all.is_empty() {
            true => Refusal::NotAccredited { body: body.clone() },
            false => Refusal::NotAccreditedForScheme { body: body.clone(), scheme: scheme.clone() },
        };
        for record in all.iter().filter(|record| record.accreditation.scheme == *scheme) {
            match record.in_force_at(self.at()) {
                Err(lapse @ (Lapse::Withdrawn | Lapse::Expired)) => refusal = self.lapsed(record, lapse),
                Err(Lapse::NotYet | Lapse::Suspended) | Ok(()) => return Ok(()),
            }
        }
        Err(refusal)
    }
}

fn issues(terms: &Arrangement, rule: &Rule, registry: &RegistryId) -> bool {
    match &rule.from {
        Issuers::Registries(from) => from.contains(registry),
        Issuers::Any(AnyIssuing::AnyIssuing) => {
            terms.party(registry).is_some_and(|party| party.roles.contains(&ArrangementRole::Issuing))
        }
    }
}

fn levels(rule: &LevelRule) -> impl Iterator<Item = &LevelCode> {
    rule.min.iter().chain(&rule.max).chain(&rule.only)
}

fn has_level(scheme: &Scheme, level: &LevelCode) -> Result<(), Refusal> {
    if scheme.levels.contains(level) {
        return Ok(());
    }
    Err(Refusal::UnknownLevel { scheme: scheme.scheme.clone(), level: level.clone() })
}
