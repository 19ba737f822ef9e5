//! Gaps: everything that can stand between a foreign verdict and its full recognition, each with a code that machines
//! compare, a text for people that says what would change the answer, and what it does to the outcome.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;

use super::wording;
use crate::ids::{CountryCode, LevelCode, ListCode, PartyId, RegistryId, SchemeRef, SectorCode};
use crate::lapsed::CauseKind;
use crate::reason::Reason;
use crate::recognised::{Gap, RecognitionOutcome};
use crate::site::Site;
use crate::time::Day;
use crate::verdict::StateName;
use crate::viewpoint::{ObjectKind, ObjectKinds, Viewpoint, Viewpoints};
use crate::words::Language;

/// The code of [`GapKind::PeerExpelled`].
pub(super) const PEER_EXPELLED: &str = "peer-expelled";
/// Those of surveillance: the verdict's own, like its dates.
const SURVEILLANCE_OVERDUE: &str = "surveillance-overdue";
const SURVEILLANCE_TOO_OLD: &str = "surveillance-too-old";

/// The code of [`GapKind::BasisLapsed`].
const BASIS_LAPSED: &str = "basis-lapsed";

/// What a gap does to the outcome. The heaviest gap decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Nothing: it is said, no more.
    Note,
    /// The rest counts: partial.
    Reduces,
    /// What counts is evidence only.
    Evidence,
    /// Nothing counts.
    Refuses,
}

impl Weight {
    /// The outcome of a recognition whose heaviest gap has this weight.
    pub const fn outcome(self) -> RecognitionOutcome {
        match self {
            Self::Note => RecognitionOutcome::Recognised,
            Self::Reduces => RecognitionOutcome::Partial,
            Self::Evidence => RecognitionOutcome::AcceptedAsEvidence,
            Self::Refuses => RecognitionOutcome::Refused,
        }
    }
}

/// One gap, with what it is about.
///
/// Those that refuse are listed from the nearest (a verdict that only has to be restored) to the farthest (no arrangement
/// at all). Of several rules that refuse, the answer names the one whose farthest gap is nearest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GapKind {
    /// The rule makes a verdict evidence.
    EvidenceOnly,
    /// The rule makes a verdict evidence that shortens a procedure of our own.
    SimplifiedProcedure,
    /// A viewpoint of the verdict lies outside the rule.
    ViewpointNotCovered(Viewpoint),
    /// The level counts as a lower one.
    LevelCapped {
        /// The verdict's.
        level: LevelCode,
        /// What it counts as.
        cap: LevelCode,
    },
    /// Sectors of the verdict lie outside the rule.
    SectorsNotCovered(Vec<SectorCode>),
    /// Sites of the verdict lie outside the rule.
    SitesNotCovered(Vec<Site>),
    /// The arrangement is suspended, and the rule keeps what was recognised before.
    KeptWhileSuspended {
        /// Since when it is suspended.
        since: Timestamp,
    },
    /// The arrangement is over, and the rule keeps what was recognised before.
    KeptAfterEnd {
        /// Since when it is over.
        since: Timestamp,
    },
    /// The arrangement is suspended or over, and the rule keeps for a while what was recognised before.
    TransferWindow {
        /// When that while is over.
        until: Timestamp,
    },
    /// Something was added to the verdict after the arrangement lapsed.
    AddedSinceLapse,
    /// What it rests on lapsed where it was granted, and its scheme keeps it in force.
    BasisKept {
        /// What lapsed.
        what: CauseKind,
        /// Since when.
        since: Timestamp,
    },
    /// What it rests on lapsed where it was granted, and its scheme keeps it in force for a while.
    BasisWindow {
        /// What lapsed.
        what: CauseKind,
        /// When that while is over.
        until: Timestamp,
    },
    /// Nobody said in time that its conditions are met, and its scheme says nothing of that.
    ConditionsOverdue {
        /// Their last day.
        deadline: Day,
    },

    /// The issuing side does not stand behind the verdict (now).
    NotInForce {
        /// Its state there.
        state: StateName,
        /// Since when.
        since: Timestamp,
    },
    /// Its first day has not come.
    NotYetValid {
        /// Its first day.
        from: Day,
    },
    /// Its last day is past.
    NoLongerValid {
        /// Its last day.
        until: Day,
    },
    /// What it rests on lapsed where it was granted, and it is not in force there any more.
    BasisLapsed {
        /// What lapsed.
        what: CauseKind,
        /// Since when it is not in force.
        since: Timestamp,
    },
    /// The issuing registry showed it once and does not show it any more: it withholds or has erased it.
    NotShown,
    /// Nobody looked again in time, as its own scheme asks, and the rule asks for surveillance.
    SurveillanceOverdue,
    /// Nobody found it without fault within the months that the rule asks for.
    SurveillanceTooOld {
        /// When somebody last did.
        last: Day,
        /// The rule's months.
        months: u16,
    },
    /// It is not for everyone's eyes.
    Restricted,
    /// It was transcribed from a list, and the rule asks for decided ones.
    Transcribed,
    /// The supplier declared it itself, and the rule asks for a body's.
    SelfDeclared,
    /// No expert confirmed what the supplier declared, and the rule asks for one.
    NotConfirmed,
    /// The body that issued it, by the list's code, is none of those the rule names.
    IssuerNotAccepted {
        /// Which body, where the list says.
        issuer: Option<ListCode>,
        /// Which ones the rule names.
        accepted: Vec<ListCode>,
    },
    /// The body that answers for it is none of those the rule names.
    BodyNotNamed {
        /// Which body.
        body: PartyId,
        /// Which ones the rule names.
        named: Vec<PartyId>,
    },
    /// The rule is about levels, and the verdict has none.
    LevelNotStated,
    /// The verdict keeps its level back, and none that the rule recognises was disclosed. Whether none was disclosed or another
    /// one is not told apart.
    LevelKeptBack,
    /// The level is not at least the minimum.
    LevelBelowMinimum {
        /// The verdict's.
        level: LevelCode,
        /// The rule's.
        min: LevelCode,
    },
    /// The level is none of those the rule names.
    LevelNotListed {
        /// The verdict's.
        level: LevelCode,
        /// The rule's.
        only: Vec<LevelCode>,
    },
    /// Neither the level nor the cap is at least the other.
    LevelNotComparable {
        /// The verdict's.
        level: LevelCode,
        /// The rule's.
        cap: LevelCode,
    },
    /// The rule names no level of ours for it.
    LevelWithoutCounterpart {
        /// The verdict's.
        level: LevelCode,
    },
    /// No viewpoint of the verdict is one of the rule's.
    NoViewpointCovered {
        /// The rule's.
        covered: Viewpoints,
    },
    /// The kind of object is none of the rule's.
    ObjectNotCovered {
        /// The verdict's.
        kind: ObjectKind,
        /// The rule's.
        covered: ObjectKinds,
    },
    /// The supplier is established in none of the countries the rule names.
    CountryNotCovered {
        /// Where it is established, where the verdict says.
        country: Option<CountryCode>,
        /// The rule's.
        covered: Vec<CountryCode>,
    },
    /// The rule is about sectors, and the verdict names none.
    SectorsNotStated,
    /// No sector of the verdict is one of the rule's.
    NoSectorCovered {
        /// The rule's.
        covered: Vec<SectorCode>,
    },
    /// The rule is about sites, and the verdict names none.
    SitesNotStated,
    /// No site of the verdict is one of the rule's.
    NoSiteCovered,
    /// The arrangement is suspended.
    ArrangementSuspended {
        /// Since when.
        since: Timestamp,
        /// By whom.
        by: BTreeSet<RegistryId>,
    },
    /// The arrangement is over.
    ArrangementEnded {
        /// Since when.
        since: Timestamp,
        /// By whom; nobody where its last day came.
        by: Option<RegistryId>,
    },
    /// The arrangement's first day has not come.
    ArrangementNotYetInForce {
        /// Its first day.
        from: Day,
    },
    /// Signatures are missing.
    ArrangementUnsigned {
        /// Whose.
        missing: BTreeSet<RegistryId>,
    },
    /// The rule is about another version of the scheme.
    SchemeVersionNotCovered {
        /// The rule's.
        covered: SchemeRef,
    },
    /// The rule is about another scheme.
    SchemeNotCovered {
        /// The rule's.
        covered: SchemeRef,
    },
    /// A later version of the arrangement by which it was recognised leaves its scheme out.
    NoLongerCovered {
        /// The verdict's.
        scheme: SchemeRef,
        /// The version that leaves it out.
        version: u32,
    },
    /// No rule goes from the one registry to the other.
    DirectionNotCovered {
        /// The issuing registry.
        from: RegistryId,
        /// The recognising registry.
        to: RegistryId,
    },
    /// The registry is party to the arrangement, but not as one that issues.
    DoesNotIssue(RegistryId),
    /// The registry is party to the arrangement, but not as one that recognises.
    DoesNotRecognise(RegistryId),
    /// No arrangement names both registries.
    NoArrangement {
        /// The issuing registry.
        from: RegistryId,
        /// The recognising registry.
        to: RegistryId,
    },
    /// It is one of our own verdicts.
    OwnVerdict,
    /// This registry has expelled the one that issued it.
    PeerExpelled {
        /// The issuing registry.
        registry: RegistryId,
        /// Since when.
        since: Timestamp,
        /// Why.
        reason: Reason,
    },
}

impl GapKind {
    /// The code that results carry. Stable: once published, a code keeps its meaning.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::EvidenceOnly => "evidence-only",
            Self::SimplifiedProcedure => "simplified-procedure",
            Self::ViewpointNotCovered(Viewpoint::Organization) => "organization-not-covered",
            Self::ViewpointNotCovered(Viewpoint::Process) => "process-not-covered",
            Self::ViewpointNotCovered(Viewpoint::PeopleAndThings) => "people-and-things-not-covered",
            Self::LevelCapped { .. } => "level-capped",
            Self::SectorsNotCovered(_) => "sector-not-covered",
            Self::SitesNotCovered(_) => "site-not-covered",
            Self::KeptWhileSuspended { .. } => "kept-while-suspended",
            Self::KeptAfterEnd { .. } => "kept-after-end",
            Self::TransferWindow { .. } => "transfer-window",
            Self::AddedSinceLapse => "added-since-lapse",
            Self::BasisKept { .. } => "basis-kept",
            Self::BasisWindow { .. } => "basis-window",
            Self::ConditionsOverdue { .. } => "conditions-overdue",
            Self::BasisLapsed { .. } => BASIS_LAPSED,
            Self::NotInForce { state, .. } => not_in_force(*state),
            Self::NotYetValid { .. } => "verdict-not-yet-valid",
            Self::NoLongerValid { .. } => "verdict-expired",
            Self::NotShown => "verdict-not-shown",
            Self::SurveillanceOverdue => SURVEILLANCE_OVERDUE,
            Self::SurveillanceTooOld { .. } => SURVEILLANCE_TOO_OLD,
            Self::Restricted => "restricted",
            Self::Transcribed => "transcribed",
            Self::SelfDeclared => "self-declared",
            Self::NotConfirmed => "not-confirmed",
            Self::IssuerNotAccepted { .. } => "issuer-not-accepted",
            Self::BodyNotNamed { .. } => "body-not-named",
            Self::LevelNotStated => "level-not-stated",
            Self::LevelKeptBack => "level-kept-back",
            Self::LevelBelowMinimum { .. } => "level-below-minimum",
            Self::LevelNotListed { .. } => "level-not-listed",
            Self::LevelNotComparable { .. } => "level-not-comparable",
            Self::LevelWithoutCounterpart { .. } => "level-without-counterpart",
            Self::NoViewpointCovered { .. } => "no-viewpoint-covered",
            Self::ObjectNotCovered { .. } => "object-not-covered",
            Self::CountryNotCovered { .. } => "country-not-covered",
            Self::SectorsNotStated => "sectors-not-stated",
            Self::NoSectorCovered { .. } => "no-sector-covered",
            Self::SitesNotStated => "sites-not-stated",
            Self::NoSiteCovered => "no-site-covered",
            Self::ArrangementSuspended { .. } => "arrangement-suspended",
            Self::ArrangementEnded { .. } => "arrangement-ended",
            Self::ArrangementNotYetInForce { .. } => "arrangement-not-yet-in-force",
            Self::ArrangementUnsigned { .. } => "arrangement-unsigned",
            Self::SchemeVersionNotCovered { .. } => "scheme-version-not-covered",
            Self::SchemeNotCovered { .. } => "scheme-not-covered",
            Self::NoLongerCovered { .. } => "no-longer-covered",
            Self::DirectionNotCovered { .. } => "direction-not-covered",
            Self::DoesNotIssue(_) => "does-not-issue",
            Self::DoesNotRecognise(_) => "does-not-recognise",
            Self::NoArrangement { .. } => "no-arrangement",
            Self::OwnVerdict => "own-verdict",
            Self::PeerExpelled { .. } => PEER_EXPELLED,
        }
    }

    /// What it does to the outcome.
    pub const fn weight(&self) -> Weight {
        match self {
            Self::KeptWhileSuspended { .. }
            | Self::KeptAfterEnd { .. }
            | Self::TransferWindow { .. }
            | Self::BasisKept { .. }
            | Self::BasisWindow { .. }
            | Self::ConditionsOverdue { .. } => Weight::Note,
            Self::ViewpointNotCovered(_)
            | Self::LevelCapped { .. }
            | Self::SectorsNotCovered(_)
            | Self::SitesNotCovered(_)
            | Self::AddedSinceLapse => Weight::Reduces,
            Self::EvidenceOnly | Self::SimplifiedProcedure => Weight::Evidence,
            _ => Weight::Refuses,
        }
    }

    /// How far a gap that refuses is from being closed; 0 for those that do not refuse.
    pub(super) const fn distance(&self) -> u8 {
        match self {
            Self::NotInForce { .. }
            | Self::NotYetValid { .. }
            | Self::NoLongerValid { .. }
            | Self::BasisLapsed { .. }
            | Self::NotShown
            | Self::SurveillanceOverdue
            | Self::SurveillanceTooOld { .. }
            | Self::Restricted => 1,
            Self::Transcribed
            | Self::IssuerNotAccepted { .. }
            | Self::SelfDeclared
            | Self::NotConfirmed
            | Self::BodyNotNamed { .. } => 2,
            Self::LevelNotStated
            | Self::LevelKeptBack
            | Self::LevelBelowMinimum { .. }
            | Self::LevelNotListed { .. }
            | Self::LevelNotComparable { .. }
            | Self::LevelWithoutCounterpart { .. } => 3,
            Self::NoViewpointCovered { .. } => 4,
            Self::ObjectNotCovered { .. }
            | Self::CountryNotCovered { .. }
            | Self::SectorsNotStated
            | Self::NoSectorCovered { .. }
            | Self::SitesNotStated
            | Self::NoSiteCovered => 5,
            Self::ArrangementSuspended { .. }
            | Self::ArrangementEnded { .. }
            | Self::ArrangementNotYetInForce { .. }
            | Self::ArrangementUnsigned { .. } => 6,
            Self::SchemeVersionNotCovered { .. } => 7,
            Self::SchemeNotCovered { .. } | Self::NoLongerCovered { .. } => 8,
            Self::DirectionNotCovered { .. } | Self::DoesNotIssue(_) | Self::DoesNotRecognise(_) => 9,
            Self::NoArrangement { .. } | Self::OwnVerdict => 10,
            Self::PeerExpelled { .. } => 11,
            _ => 0,
        }
    }

    /// The gap as results record it.
    pub fn recorded(&self) -> Gap {
        wording::recorded(self)
    }

    /// Whether a gap of this code comes from the verdict itself, and goes when the verdict changes.
    pub(super) fn is_of_verdict(code: &str) -> bool {
        let others =
            ["verdict-not-yet-valid", "verdict-expired", SURVEILLANCE_OVERDUE, SURVEILLANCE_TOO_OLD, BASIS_LAPSED];
        let states = StateName::ALL.into_iter().map(not_in_force);
        others.into_iter().chain(states).any(|known| known == code)
    }

    /// Whether a gap of this code leaves something that counts.
    pub(super) fn leaves_something(code: &str) -> bool {
        const LIGHT: [&str; 15] = [
            "evidence-only",
            "simplified-procedure",
            "organization-not-covered",
            "process-not-covered",
            "people-and-things-not-covered",
            "level-capped",
            "sector-not-covered",
            "site-not-covered",
            "kept-while-suspended",
            "kept-after-end",
            "transfer-window",
            "added-since-lapse",
            "basis-kept",
            "basis-window",
            "conditions-overdue",
        ];
        LIGHT.contains(&code)
    }
}

/// The code for a verdict that its own side does not stand behind.
const fn not_in_force(state: StateName) -> &'static str {
    match state {
        StateName::Granted | StateName::Conditional => "verdict-not-in-force",
        StateName::Suspended => "verdict-suspended",
        StateName::Surrendered => "verdict-surrendered",
        StateName::Withdrawn => "verdict-withdrawn",
        StateName::Expired => "verdict-expired",
        StateName::Superseded => "verdict-superseded",
        StateName::Annulled => "verdict-annulled",
        StateName::Historical => "verdict-historical",
        StateName::Void => "verdict-void",
        StateName::Unconfirmed => "verdict-unconfirmed",
    }
}

impl GapKind {
    /// The gap in words, as [`Display`](fmt::Display) has it in English.
    pub fn words(&self, language: Language) -> String {
        wording::gap(self, language)
    }
}

impl fmt::Display for GapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&wording::gap(self, Language::English))
    }
}
