//! What every registry ought to recognise, worked out again from nothing but logs and what peers disclosed, by the pure rules.
//!
//! The nodes have ended. Each log is read from its journal as at a start without an index. A pair that has an arrangement in force
//! is judged by the *whole* log of the issuing registry: nothing may be missing. Where none is, the issuing registry owes nothing
//! any more, and what it disclosed before is in the mirror.

use std::collections::BTreeMap;
use std::sync::Arc;

use conformity::arrangement::ArrangementRecord;
use conformity::effect::Effect;
use conformity::ids::{RegistryId, SchemeRef, VerdictRef};
use conformity::in_force::{Force, Pair, footing, terms_in_force};
use conformity::recognised::{Recognition, RecognitionOutcome, RecognitionRecord};
use conformity::recognition::{Foreign, Unseen, reassess, recognise};
use conformity::records::{Facts, Register};
use conformity::resting::Resting;
use conformity::statement::Claim;
use conformity::verdict::VerdictRecord;
use credential::statement::read_unverified;
use federation::follow::Scope;
use federation::mirror::Mirror;
use jiff::Timestamp;
use ledger::entry::Kind;
use ledger::journal::Stored;
use ledger::jws::Unverified;
use ledger::log::LogReader;
use ledger::log_keys::LogKeys;
use registry_node::core::replay::restore;
use tests::Registry;

use super::pact::SCHEMES;

/// A log, and all that it says.
pub(super) struct Own {
    pub(super) registry: Arc<Registry>,
    pub(super) id: RegistryId,
    pub(super) register: Register,
    log: LogReader,
    keys: LogKeys,
}

/// How many pairs of verdict and registry were judged, so that nobody believes a judge who had nothing to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Judged {
    /// By what they came to, where an arrangement is in force.
    pub(super) in_force: BTreeMap<&'static str, usize>,
    /// Where none is any more.
    pub(super) lapsed: usize,
}

/// Entries of a log by what they are.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// What people of the registry said.
    pub(super) own: usize,
    /// Notes of what others did.
    pub(super) notes: usize,
    /// What became of verdicts because of what they rest on.
    pub(super) cascades: usize,
    pub(super) recognitions: usize,
    pub(super) seals: usize,
}

impl Own {
    /// Reads the log of a registry that is not served.
    pub(super) fn read(registry: &Arc<Registry>, keys: LogKeys) -> Own {
        let (log, index) = (registry.log(), tempfile::tempdir().unwrap());
        let (register, _) = restore(&log, index.path(), |_| true).expect("the log carries its register");
        let id = registry.id().parse().unwrap();
        Own { registry: Arc::clone(registry), id, register, log, keys }
    }

    /// Counts its entries.
    pub(super) fn entries(&self) -> Entries {
        let mut counted = Entries::default();
        for (index, entry) in (0..).zip(self.log.entries(0..self.log.size()).unwrap()) {
            match entry.kind {
                Kind::Genesis => {}
                Kind::Seal => counted.seals += 1,
                Kind::Recognition => counted.recognitions += 1,
                Kind::Statement => match self.claim(index) {
                    Claim::ArrangementCountersigned(_) => counted.notes += 1,
                    Claim::BasisChanged(_) => counted.cascades += 1,
                    _ => counted.own += 1,
                },
            }
        }
        counted
    }

    fn claim(&self, index: u64) -> Claim {
        let Stored::Bytes(compact) = self.log.statement(index).unwrap() else { panic!("nothing at {index}") };
        read_unverified(&Unverified::parse(compact).unwrap()).unwrap().claim
    }

    /// What it mirrored of another's log: the statements that this one disclosed.
    fn mirror(&self, other: &Own) -> Option<Mirror> {
        let folder = self.registry.folder().peer(&other.id);
        let mut files = std::fs::read_dir(folder).ok()?.flatten().map(|file| file.path());
        let file = files.find(|file| file.extension().is_some_and(|extension| extension == "ranges"))?;
        let scope: Scope = SCHEMES.iter().map(|id| format!("{id}@1").parse::<SchemeRef>().unwrap()).collect();
        let digest = self.register.peer(&other.id)?.genesis_digest;
        Some(Mirror::open(&file, other.keys.clone(), &digest, scope, u64::MAX).unwrap())
    }
}

/// Judges what `to` makes of all verdicts of `from`.
pub(super) fn judge(from: &Own, to: &Own, judged: &mut Judged) {
    let pair = Pair { from: &from.id, to: &to.id };
    let (at, arrangements) = (Timestamp::now(), to.register.arrangements());
    let scope = agreed(&arrangements, pair, at);
    assert_eq!(scope, agreed(&from.register.arrangements(), pair, at), "both logs say what is in force: {pair:?}");
    let mirror = to.mirror(from);
    for verdict in from.register.verdicts_after(None) {
        let reference = VerdictRef { registry: from.id.clone(), id: verdict.id().clone() };
        let existing = to.register.recognition(&reference);
        let case = Case { pair, at, arrangements: &arrangements, from, verdict };
        if scope.contains(&verdict.terms.scheme) {
            let existing = existing.unwrap_or_else(|| panic!("nothing is made of {reference} at {}", to.id));
            case.holds(&existing);
            *judged.in_force.entry(existing.recognition.outcome.as_str()).or_default() += 1;
            case.said_once_per_cause(&existing);
        } else if let Some(existing) = existing {
            case.lapsed(&existing, mirror.as_ref());
            judged.lapsed += 1;
            case.said_once_per_cause(&existing);
        }
    }
    let foreign = to.register.recognitions_after(None).filter(|one| one.recognition.verdict.registry == from.id);
    for one in foreign {
        let id = &one.recognition.verdict.id;
        assert!(from.register.verdict(id).is_some(), "{id} was never granted at {}", from.id);
    }
}

/// The schemes that arrangements in force speak of, one way.
fn agreed(arrangements: &[Arc<ArrangementRecord>], pair: Pair<'_>, at: Timestamp) -> Scope {
    let in_force = arrangements.iter().filter_map(|record| terms_in_force(record, pair, at));
    let rules = in_force.flat_map(|signed| &signed.terms.rules).filter(|rule| rule.goes(pair.from, pair.to));
    rules.map(|rule| rule.scheme.clone()).collect()
}

/// One verdict and the registry that is to say what it makes of it.
struct Case<'a> {
    pair: Pair<'a>,
    at: Timestamp,
    arrangements: &'a [Arc<ArrangementRecord>],
    from: &'a Own,
    /// As it stands at the end of its log.
    verdict: &'a VerdictRecord,
}

impl<'a> Case<'a> {
    /// By what `register` holds of the verdict's scheme and of that on which it rests.
    fn foreign(
        &'a self,
        verdict: &'a VerdictRecord,
        scheme: Option<&'a conformity::scheme::Scheme>,
        register: &Register,
    ) -> Foreign<'a> {
        let (origin, own) = (self.pair.from, self.pair.to);
        let resting = Resting::of(register, verdict, self.at);
        let arrangements = self.arrangements;
        Foreign { verdict, origin, own, scheme, arrangements, disclosed: None, resting, at: self.at }
    }

    /// Under an arrangement in force the answer follows from both logs; from nothing else, unless something is kept.
    fn holds(&self, existing: &RecognitionRecord) {
        let scheme = self.from.register.scheme(&self.verdict.terms.scheme);
        let foreign = self.foreign(self.verdict, scheme.as_ref().map(|record| &*record.scheme), &self.from.register);
        same(&existing.recognition, &reassess(Some(existing), &foreign).recognition);
        if !self.keeps_something() {
            same(&existing.recognition, &recognise(&foreign));
        }
    }

    /// Without one, what was disclosed before is all that is known; and where it was to cease, it ceased.
    fn lapsed(&self, existing: &RecognitionRecord, mirror: Option<&Mirror>) {
        let unseen = Unseen {
            existing: &existing.recognition,
            pair: self.pair,
            arrangements: self.arrangements,
            at: self.at,
            all_shown: false,
        };
        let shown = mirror.and_then(|mirror| mirror.followed().register().verdict(self.verdict.id()));
        let expected = match (&shown, mirror) {
            (Some(verdict), Some(mirror)) => {
                let register = mirror.followed().register();
                let scheme = register.scheme(&verdict.terms.scheme);
                let scheme = scheme.as_ref().map(|record| &*record.scheme);
                reassess(Some(existing), &self.foreign(verdict, scheme, register))
            }
            _ => unseen.reassess(),
        };
        // A mirror that was lost and may not be pulled again shows less than was shown.
        if *existing.recognition != unseen.reassess().recognition {
            same(&existing.recognition, &expected.recognition);
        }
        if !self.keeps_something() {
            assert_eq!(existing.recognition.outcome, RecognitionOutcome::Refused, "{:?}", existing.recognition);
        }
    }

    /// Whether a rule under which it may have counted lapsed and lets stay what counted.
    fn keeps_something(&self) -> bool {
        self.arrangements.iter().any(|record| {
            let Some(footing) = footing(record, self.pair, self.at) else { return false };
            let mut rules = footing.terms.terms.rules.iter();
            rules.any(|rule| match footing.force {
                Force::Suspended { .. } => rule.on_suspension != Effect::Cease,
                Force::Ended { .. } => rule.on_end != Effect::Cease,
                _ => false,
            })
        })
    }

    /// Nothing was said about it more often than something happened: to it, or to what the two registries agreed.
    fn said_once_per_cause(&self, existing: &RecognitionRecord) {
        let between =
            self.arrangements.iter().flat_map(|record| &record.acts).filter(|act| self.pair.has(&act.registry));
        let causes = self.verdict.history.len() + between.count();
        let said = existing.entries.len();
        assert!(said <= causes, "{said} times for {causes} causes: {:?}", existing.recognition);
    }
}

fn same(stated: &Recognition, expected: &Recognition) {
    assert_eq!(stated, expected, "stated, and what follows from the logs");
}
