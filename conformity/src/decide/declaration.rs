//! Self-declarations 自己適合宣言: a supplier says that it conforms, or a sponsor says so for it by a written mandate; an expert may
//! confirm that; and a body's verdict may take its place.
//!
//! Nobody independent looked, so the rules see to it that a declaration is never taken for more: only where the scheme says so,
//! for a shorter time, at no level but those that the scheme leaves to declarations, and about nobody but whom the register or a
//! mandate ties to whoever signs. Whether the mandate is true no rule can know: it names a paper, and whoever relies on the
//! declaration sees that a sponsor made it.

use std::sync::Arc;

use super::accreditation::Needed;
use super::case::{Case, in_order};
use super::verdict::validity;
use super::verdict_change::{illegal_move, not_yours, room_left, same_supplier};
use crate::accreditation::{AccreditationRecord, AccreditedAs};
use crate::party::Role;
use crate::records::{Facts, Record, View};
use crate::refusal::Refusal;
use crate::scheme::{ExpertNeed, Scheme, SelfDeclaration};
use crate::standing::is_supplier;
use crate::verdict::{
    Change, Confirmation, ConfirmationWithdrawn, Happening, HistoryItem, SelfDeclared, Supplier, Verdict, VerdictRecord,
};

impl<F: Facts> Case<'_, F> {
    pub(super) fn may_declare(&self) -> Result<(), Refusal> {
        if self.speaker.party.declares {
            return Ok(());
        }
        Err(Refusal::NotADeclarer { iss: self.iss().clone(), role: self.role() })
    }

    /// Whether the declaration is one that the scheme admits, about whom the speaker may speak for.
    pub(super) fn declarable(&self, verdict: &Verdict, how: SelfDeclared, scheme: &Scheme) -> Result<(), Refusal> {
        let Some(terms) = &scheme.self_declaration else {
            return Err(Refusal::NoSelfDeclarations { scheme: verdict.scheme.clone() });
        };
        admitted(verdict, how, terms)?;
        self.speaks_for(&verdict.supplier, how)?;
        // What was never signed was never declared.
        in_order("declaration", self.today(), verdict.valid_from)?;
        validity(terms.validity_months, verdict.valid_from, verdict.valid_until)
    }

    /// The supplier as the operator registered it; a sponsor names one identifier and nothing that ties it to others.
    fn speaks_for(&self, supplier: &Supplier, how: SelfDeclared) -> Result<(), Refusal> {
        let own = &self.speaker.party;
        let rows = if how.mandate.is_some() {
            let another = !own.identifiers.contains(&supplier.id);
            [("others", supplier.others.is_empty()), ("id", another), ("person", true), ("name", true)]
        } else {
            let known = |identifier| own.identifiers.contains(identifier);
            [
                ("others", own.role == Role::Supplier && supplier.others.iter().all(known)),
                ("id", own.role == Role::Supplier && known(&supplier.id)),
                ("person", supplier.person == own.person),
                ("name", supplier.name == own.name && (own.country.is_none() || supplier.country == own.country)),
            ]
        };
        match rows.into_iter().find(|(_, fits)| !fits) {
            Some((member, _)) => Err(Refusal::NotAsRegistered { iss: self.iss().clone(), member }),
            None => Ok(()),
        }
    }

    /// What a verdict takes the place of, superseded by it; nothing where it upgrades nothing.
    pub(super) fn upgraded(&self, verdict: &Verdict) -> Result<Option<Record>, Refusal> {
        let Some(id) = &verdict.upgrades else { return Ok(None) };
        let Some(known) = self.facts.verdict(id).filter(|known| self.may_upgrade(known, &verdict.supplier)) else {
            return match self.facts.view() {
                View::Part => Ok(None),
                View::Whole => Err(Refusal::UnknownVerdict { verdict: id.clone() }),
            };
        };
        upgradable(&known, verdict, self.iss() == &known.now.issuer)?;
        self.under_same_scheme(&known, verdict)?;
        let by = verdict.verdict.clone();
        let superseded = known.after(self.happened(Happening::Changed(Change::Superseded { by })));
        let superseded = superseded.map_err(|illegal| illegal_move(id, illegal))?;
        Ok(Some(Record::Verdict(Arc::new(superseded))))
    }

    /// Whoever is shown the one is shown the other, else a peer would go on counting what was replaced; unless the scheme itself was
    /// replaced, for then what is under it ends anyway.
    fn under_same_scheme(&self, known: &VerdictRecord, verdict: &Verdict) -> Result<(), Refusal> {
        let old = &known.terms.scheme;
        let successor = self.facts.scheme(old).and_then(|record| record.replaced.as_ref().map(|one| one.with.clone()));
        if *old == verdict.scheme || successor.as_ref() == Some(&verdict.scheme) {
            return Ok(());
        }
        let because = "it is under another scheme, or a version that does not take that one's place";
        Err(Refusal::NotAnUpgrade { verdict: known.id().clone(), because })
    }

    /// A body that names supplier and declaration was told of it, also where it is restricted. Of a restricted verdict that a body decided it
    /// learns nothing by naming it.
    fn may_upgrade(&self, known: &VerdictRecord, supplier: &Supplier) -> bool {
        let declared = known.terms.provenance.self_declared().is_some();
        self.may_know(known) || (declared && same_supplier(&known.terms.supplier, supplier))
    }

    pub(super) fn declaration_confirmed(&self, claim: &Arc<Confirmation>) -> Result<Vec<Record>, Refusal> {
        self.only(&[Role::Expert], "an expert")?;
        let known = self.facts.verdict(&claim.verdict).filter(|known| self.may_know(known) || self.advises(known));
        let known = known.ok_or_else(|| Refusal::UnknownVerdict { verdict: claim.verdict.clone() })?;
        if known.terms.provenance.self_declared().is_none() {
            return Err(Refusal::NotADeclaration { verdict: claim.verdict.clone() });
        }
        self.independent(&known)?;
        self.accredited(
            self.iss(),
            &Needed {
                role: AccreditedAs::Expert,
                scheme: &known.terms.scheme,
                viewpoints: known.now.viewpoints,
                object: known.terms.object.kind,
            },
        )?;
        if let Some(confirmed) = &known.now.confirmed {
            return Err(Refusal::AlreadyConfirmed { verdict: claim.verdict.clone(), by: confirmed.by.clone() });
        }
        in_order("confirmation", claim.on, self.today())?;
        self.not_over(known.now.valid_until)?;
        room_left(&known)?;
        let confirmed = known.after(self.happened(Happening::Confirmed(Arc::clone(claim))));
        let confirmed = confirmed.map_err(|illegal| illegal_move(&claim.verdict, illegal))?;
        Ok(vec![Record::Verdict(Arc::new(confirmed))])
    }

    /// Who confirmed takes it back, accredited or not: a word that its speaker does not stand by any more counts for nobody.
    pub(super) fn confirmation_withdrawn(&self, claim: &ConfirmationWithdrawn) -> Result<Vec<Record>, Refusal> {
        self.only(&[Role::Expert], "an expert")?;
        let own = |known: &VerdictRecord| known.now.confirmed.as_ref().is_some_and(|one| one.by == *self.iss());
        let known = self.facts.verdict(&claim.verdict);
        let known = known.filter(|known| own(known) || self.may_know(known) || self.advises(known));
        let known = known.ok_or_else(|| Refusal::UnknownVerdict { verdict: claim.verdict.clone() })?;
        if !own(&known) {
            return Err(Refusal::NoConfirmation { iss: self.iss().clone(), verdict: claim.verdict.clone() });
        }
        let happened = self.happened(Happening::ConfirmationWithdrawn);
        let without = known.after(HistoryItem { reason: Some(claim.reason.clone()), ..happened });
        let without = without.map_err(|illegal| illegal_move(&claim.verdict, illegal))?;
        Ok(vec![Record::Verdict(Arc::new(without))])
    }

    /// Whether the speaker is an expert for what is declared like this: it was shown to him to be confirmed.
    fn advises(&self, known: &VerdictRecord) -> bool {
        if known.terms.provenance.self_declared().is_none() {
            return false;
        }
        let for_scheme = |record: &AccreditationRecord| {
            let held = &record.accreditation;
            held.role == AccreditedAs::Expert && held.scheme == known.terms.scheme
        };
        let records = self.facts.accreditations(self.iss());
        records.iter().any(|record| for_scheme(record) && record.in_force_at(self.at()).is_ok())
    }

    /// Nobody confirms what he declared, or what is declared of himself, be it under another name.
    fn independent(&self, known: &VerdictRecord) -> Result<(), Refusal> {
        let own = &self.speaker.party.identifiers;
        let declarer = known.history.first().and_then(|declared| self.facts.party(&declared.by));
        let same = declarer.is_some_and(|record| record.party.identifiers.iter().any(|one| own.contains(one)));
        if same || is_supplier(own, known) {
            return Err(Refusal::NotIndependent { iss: self.iss().clone(), verdict: known.id().clone() });
        }
        Ok(())
    }

    /// Whether the speaker may change a declaration so: whoever declared it, and the supplier, in whose name a sponsor did, once it is
    /// registered in public: peers must be able to check its signature. What gives something is declared anew, and confirmed anew.
    pub(super) fn declarer_acts(&self, known: &VerdictRecord, change: &Change) -> Result<(), Refusal> {
        let takes = matches!(
            change,
            Change::ScopeReduced(_)
                | Change::Surrendered
                | Change::Withdrawn
                | Change::Superseded { .. }
                | Change::Annulled
                | Change::Historical
        );
        let is_own = *self.iss() == known.now.issuer
            || (self.role() == Role::Supplier && is_supplier(&self.speaker.party.identifiers, known));
        if is_own {
            self.may_declare()?;
            words_stay(known, change)?;
        }
        match (is_own, takes) {
            (true, true) => Ok(()),
            (true, false) => Err(Refusal::NotByDeclarer { verdict: known.id().clone(), change: change.as_str() }),
            (false, _) => Err(not_yours(known)),
        }
    }
}

/// What an expert confirmed are these words: no rule can tell whether others say less.
fn words_stay(known: &VerdictRecord, change: &Change) -> Result<(), Refusal> {
    match change {
        Change::ScopeReduced(cover) if known.now.confirmed.is_some() && cover.scope != known.now.scope => {
            Err(Refusal::NotAScopeChange {
                verdict: known.id().clone(),
                change: "scope-reduced",
                because: "the words that an expert confirmed stay; declare other words anew",
            })
        }
        _ => Ok(()),
    }
}

/// What the scheme says of declarations.
fn admitted(verdict: &Verdict, how: SelfDeclared, terms: &SelfDeclaration) -> Result<(), Refusal> {
    let scheme = || verdict.scheme.clone();
    if terms.expert == ExpertNeed::Required && !how.awaits_expert {
        return Err(Refusal::ExpertRequired { scheme: scheme() });
    }
    if verdict.conditions.is_some() {
        return Err(Refusal::ConditionsDeclared);
    }
    match &verdict.level {
        Some(level) if !terms.levels.contains(level) => {
            Err(Refusal::LevelNotDeclarable { scheme: scheme(), level: level.clone() })
        }
        _ => Ok(()),
    }
}

/// Whether `verdict` can take the place of `known`. `again`: whether whoever declared it speaks.
fn upgradable(known: &VerdictRecord, verdict: &Verdict, again: bool) -> Result<(), Refusal> {
    let refuse = |because| Refusal::NotAnUpgrade { verdict: known.id().clone(), because };
    if known.terms.provenance.self_declared().is_none() {
        return Err(Refusal::NotADeclaration { verdict: known.id().clone() });
    }
    if verdict.provenance.is_transcribed() {
        return Err(refuse("a row of a list takes no place"));
    }
    if verdict.provenance.self_declared().is_some() && !again {
        return Err(refuse("another declaration takes its place only where the same party declares again"));
    }
    if !same_supplier(&known.terms.supplier, &verdict.supplier) {
        return Err(refuse("it is about another supplier"));
    }
    if known.terms.object.kind != verdict.object.kind || known.terms.sectors != verdict.sectors {
        return Err(refuse("it is about another kind of object, or other sectors"));
    }
    if known.terms.profile.is_public() != verdict.profile.is_public() {
        return Err(refuse("one of them is restricted and the other is not, and each names the other"));
    }
    Ok(())
}

/// Whether terms on which suppliers may declare themselves can stand.
pub(super) fn sound(scheme: &Scheme) -> Result<(), Refusal> {
    let Some(terms) = &scheme.self_declaration else { return Ok(()) };
    if let Some(level) = terms.levels.iter().find(|level| !scheme.levels.contains(level)) {
        return Err(Refusal::UnknownLevel { scheme: scheme.scheme.clone(), level: level.clone() });
    }
    if terms.validity_months == 0 || scheme.validity_months.is_some_and(|months| months <= terms.validity_months) {
        return Err(Refusal::DeclarationsTooLong { months: terms.validity_months });
    }
    Ok(())
}
