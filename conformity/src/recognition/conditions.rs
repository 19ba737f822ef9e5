//! What a rule asks of a verdict beside what it is about: that somebody looked at it lately, in which country its supplier
//! is, for which sectors, for which sites.
//!
//! Surveillance is judged by days, as validity is: time alone can make it too old, and only a conforming report where the
//! verdict was granted makes it good again. Sectors and sites are judged as they are stated: no country is read out of a
//! site's name, and no sector is held to be part of another.

use jiff::Timestamp;

use super::Foreign;
use super::gap::GapKind;
use crate::arrangement::{Requirement, Rule, SiteRule};
use crate::ids::{CountryCode, SectorCode};
use crate::site::Site;
use crate::time::Day;

/// What of the conditions of `rule` the verdict does not meet.
pub(super) fn gaps(foreign: &Foreign<'_>, rule: &Rule) -> impl Iterator<Item = GapKind> {
    let verdict = foreign.verdict;
    let surveillance = rule.requires.and_then(|required| surveillance_gap(foreign, required));
    let country = country_gap(rule, verdict.terms.supplier.country.as_ref());
    let sectors = sector_gap(&rule.sectors, &verdict.terms.sectors);
    let sites = rule.sites.as_ref().and_then(|covered| site_gap(covered, &verdict.now.sites));
    [surveillance, country, sectors, sites].into_iter().flatten()
}

fn surveillance_gap(foreign: &Foreign<'_>, required: Requirement) -> Option<GapKind> {
    if foreign.verdict.now.marks.surveillance_overdue {
        return Some(GapKind::SurveillanceOverdue);
    }
    required.against(foreign.verdict.found_conforming(), foreign.at)
}

fn country_gap(rule: &Rule, country: Option<&CountryCode>) -> Option<GapKind> {
    let covered = rule.countries.is_empty() || rule.is_for(country);
    (!covered).then(|| GapKind::CountryNotCovered { country: country.cloned(), covered: rule.countries.clone() })
}

fn sector_gap(covered: &[SectorCode], stated: &[SectorCode]) -> Option<GapKind> {
    if covered.is_empty() {
        return None;
    }
    let outside: Vec<SectorCode> = stated.iter().filter(|sector| !covered.contains(sector)).cloned().collect();
    match outside.len() {
        _ if stated.is_empty() => Some(GapKind::SectorsNotStated),
        0 => None,
        all if all == stated.len() => Some(GapKind::NoSectorCovered { covered: covered.to_vec() }),
        _ => Some(GapKind::SectorsNotCovered(outside)),
    }
}

fn site_gap(covered: &SiteRule, stated: &[Site]) -> Option<GapKind> {
    let outside: Vec<Site> = stated.iter().filter(|site| !covered.covers(site)).cloned().collect();
    match outside.len() {
        _ if stated.is_empty() => Some(GapKind::SitesNotStated),
        0 => None,
        all if all == stated.len() => Some(GapKind::NoSiteCovered),
        _ => Some(GapKind::SitesNotCovered(outside)),
    }
}

/// The instants at which, by what is known now, the verdict becomes too old for a rule that may be asked about it.
pub(super) fn due<'a>(foreign: &'a Foreign<'_>) -> impl Iterator<Item = Timestamp> + use<'a> {
    let terms = foreign.arrangements.iter().flat_map(|record| &record.terms);
    let rules = terms.flat_map(|signed| &signed.terms.rules);
    let required = rules.filter(|rule| rule.goes(foreign.origin, foreign.own)).filter_map(|rule| rule.requires);
    required.map(|required| required.due(foreign.verdict.found_conforming()))
}

impl Requirement {
    /// What stands against a verdict that was last found conforming on `last`.
    pub(super) fn against(self, last: Day, at: Timestamp) -> Option<GapKind> {
        let months = self.surveillance_within_months;
        (self.due(last) <= at).then_some(GapKind::SurveillanceTooOld { last, months })
    }

    /// From when on that is too long ago: the last day on which it counts is the same day so many months later.
    pub(super) fn due(self, last: Day) -> Timestamp {
        last.plus_months(self.surveillance_within_months).end()
    }
}

impl SiteRule {
    fn covers(&self, site: &Site) -> bool {
        self.named.contains(&site.name) || site.country.as_ref().is_some_and(|country| self.countries.contains(country))
    }
}
