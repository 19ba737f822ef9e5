//! Why a statement is refused: one reason per variant, with what is needed to explain it.
//!
//! In scope: refusals of well-formed statements. Out of scope: statements that cannot be read at all, see
//! [`crate::statement::Malformed`], and how an answer over HTTP looks.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::accreditation::{Hold, Lapse};
use crate::credential::StatusSlot;
use crate::digest::Digest;
use crate::ids::{
    AcceptanceId, AccreditationId, ArrangementId, BulletinId, BulletinRef, ConsentId, CrosswalkRef, DesignationId,
    DocumentRef, LevelCode, Origin, PartyId, RegistryId, ReportId, RuleId, SchemeId, SchemeRef, StatementId, VerdictId,
    VerdictRef,
};
use crate::key::KeyId;
use crate::party::Role;
use crate::statement::Kind;
use crate::time::Day;
use crate::verdict::StateName;
use crate::viewpoint::{ObjectKind, ObjectKinds, Viewpoints};
use crate::words::{Language, Params, refusal_in_japanese};

/// Who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The statement is wrong in itself: whoever signed it can mend it.
    Submitter,
    /// The statement is sound, but the rules of the registry do not allow it as things stand.
    Rules,
}

/// Declares the refusals: variant, members, code, blame, message.
macro_rules! refusals {
    ($(
        $(#[$doc:meta])*
        $variant:ident $({ $($(#[$mdoc:meta])* $member:ident: $type:ty),+ $(,)? })?
        = $code:literal $blame:ident $message:literal $(, $arg:expr)*;
    )+) => {
        /// Why a statement is refused.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum Refusal {
            $(
                $(#[$doc])*
                #[error($message $(, $arg)*)]
                $variant $({ $($(#[$mdoc])* $member: $type),+ })?,
            )+
        }

        impl Refusal {
            /// Every code there is.
            pub const CODES: &'static [&'static str] = &[$($code),+];

            /// The members of each, by code.
            #[cfg(test)]
            pub(crate) const MEMBERS: &'static [(&'static str, &'static [&'static str])] =
                &[$(($code, &[$($(stringify!($member)),+)?])),+];

            /// A stable code for machines.
            pub const fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant $({ $($member: _),+ })? => $code,)+
                }
            }

            /// What it is about, for machines: its members by name.
            pub fn params(&self) -> Params {
                match self {
                    $(Self::$variant $({ $($member),+ })? =>
                        Params::default() $($(.with(stringify!($member), particular($member)))+)?,)+
                }
            }

            /// Who can mend it.
            pub const fn blame(&self) -> Blame {
                match self {
                    $(Self::$variant $({ $($member: _),+ })? => Blame::$blame,)+
                }
            }
        }
    };
}

refusals! {
    // The envelope.

    /// The log has not begun.
    NoGenesis = "no-genesis" Rules
        "the log has no genesis yet; initialise the registry first";
    /// A genesis after the first entry.
    GenesisMisplaced {
        /// Where it would stand.
        index: u64,
    } = "genesis-misplaced" Rules
        "a genesis stands at index 0 only, not at {index}; a log begins once";
    /// A genesis that contradicts itself.
    UnsoundGenesis {
        /// What is wrong.
        because: &'static str,
    } = "unsound-genesis" Submitter
        "the genesis cannot stand: {because}";
    /// A key that cannot take over the checkpoints, or not so.
    UnsoundLogKey {
        /// What is wrong.
        because: &'static str,
    } = "unsound-log-key" Submitter
        "this key does not take over the log: {because}";
    /// The checkpoints are signed with another key than the change begins with.
    LogKeyNotCurrent {
        /// The key that signs now.
        current: String,
    } = "log-key-not-current" Rules
        "checkpoints are signed with {current} now, which alone can hand over";
    /// A root that is or was a root of this registry.
    CaRootKnown {
        /// SHA-256 of its certificate.
        root: Digest,
    } = "ca-root-known" Rules
        "{root} is or was a root of this registry already; make a new one";
    /// A root that is larger than any that is needed.
    CaRootTooLong
        = "ca-root-too-long" Rules
        "a root has at most 2,048 bytes of DER";
    /// More roots than one log may name.
    TooManyCaRoots
        = "too-many-ca-roots" Rules
        "this log has named 64 roots since it began; it can name no more";
    /// No root of this registry, or not any more.
    UnknownCaRoot {
        /// SHA-256 of its certificate.
        root: Digest,
    } = "unknown-ca-root" Rules
        "{root} is no root that is trusted now; see /v1/log-keys";
    /// A certificate in `x5c` that cannot be read.
    CertificateUnreadable {
        /// Which one, from 0.
        place: usize,
    } = "x5c-unreadable" Submitter
        "certificate {place} in x5c is not one X.509 certificate in DER that says what it must";
    /// A certificate of another key than the one that signed.
    CertificateOfOtherKey {
        /// The key that signed.
        kid: KeyId,
    } = "x5c-other-key" Submitter
        "the first certificate in x5c is not of the key {kid}, which signed";
    /// A certificate that names somebody else.
    CertificateOfOtherParty {
        /// Whom it must name.
        expected: String,
    } = "x5c-other-party" Submitter
        "the first certificate in x5c must name {expected} in its one URI, and names somebody else";
    /// A certificate outside of its time.
    CertificateNotValidThen {
        /// The time of the entry.
        at: Timestamp,
    } = "x5c-not-valid-then" Rules
        "a certificate of the chain in x5c was not valid at {at}, the time of the entry";
    /// A chain that ends nowhere.
    CertificateWithoutRoot {
        /// What path validation says.
        because: String,
    } = "x5c-no-root" Rules
        "the certificates in x5c lead to no root of this registry, or not for signing: {because}";
    /// A chain to a root that is trusted no more.
    CertificateOfRetiredRoot {
        /// SHA-256 of its certificate.
        root: Digest,
    } = "x5c-retired-root" Rules
        "the certificates in x5c lead to {root}, a root that was retired; get a new certificate";
    /// The last root.
    LastCaRoot
        = "last-ca-root" Rules
        "this is the last root, without which nobody could reach the registry; add another one first";
    /// An address at which nobody could be reached.
    UnsoundAddress {
        /// What is wrong.
        because: &'static str,
    } = "unsound-address" Submitter
        "the registry cannot be reached there: {because}";
    /// The registry is said to be there already.
    NotMoved
        = "not-moved" Rules
        "this log says already that the registry is there";
    /// More moves than one log may name.
    TooManyMoves
        = "too-many-moves" Rules
        "this log has named 64 addresses since it began; it can name no more";
    /// A registry that would host itself.
    HostsItself
        = "hosts-itself" Submitter
        "a registry does not host itself; name the other one";
    /// The peer of that name is another registry.
    HostingOfAnother {
        /// The name.
        registry: RegistryId,
    } = "hosting-of-another" Submitter
        "{registry} is pinned here with another genesis or origin; see /v1/peers";
    /// A consent that would end before it began.
    HostingOver {
        /// Its last day.
        until: Day,
    } = "hosting-over" Submitter
        "the consent would have ended on {until}; name a later day";
    /// The same is in the log and holds.
    HostingStands {
        /// With whom.
        registry: RegistryId,
    } = "hosting-stands" Rules
        "that is stated of {registry} already, and holds; end it first";
    /// Nothing of the kind holds.
    NoHosting {
        /// With whom.
        registry: RegistryId,
    } = "no-hosting" Rules
        "nothing is stated here of hosting with {registry} that could end";
    /// More statements about hosting than one log may hold.
    TooManyHostings
        = "too-many-hostings" Rules
        "this log has 64 statements about hosting since it began; it can hold no more";
    /// The registry ended.
    RegistryIsClosed {
        /// Who goes on.
        successor: RegistryId,
        /// Where.
        http_url: String,
    } = "registry-is-closed" Rules
        "this registry has ended and takes nothing more; {successor} goes on, at {http_url}";
    /// An arrangement that nobody ended.
    ArrangementStands {
        /// Which.
        arrangement: ArrangementId,
    } = "arrangement-stands" Rules
        "this registry is bound by arrangement {arrangement}; end it first, so that its rules say what becomes of what others recognised";
    /// Formats that this program does not speak.
    UnknownFormat {
        /// Version of the entry.
        entry: u8,
        /// Version of the statement.
        statement: u8,
    } = "unknown-format" Submitter
        "entry format {entry} and statement format {statement} are not known here; use 1 and 1";
    /// Signed by nobody we know.
    UnknownIssuer {
        /// Who says it signed.
        iss: PartyId,
    } = "unknown-issuer" Submitter
        "no party {iss} is registered here; ask the operator to register it";
    /// Signed with a key that is not the issuer's.
    UnknownKey {
        /// Who says it signed.
        iss: PartyId,
        /// With which key.
        kid: KeyId,
    } = "unknown-key" Submitter
        "{iss} has no key {kid}; sign with a registered key or have this one added";
    /// Signed with a key that came later.
    KeyNotYetValid {
        /// The key.
        kid: KeyId,
        /// When it was added.
        added: Timestamp,
    } = "key-not-yet-valid" Rules
        "key {kid} was added at {added} and signs nothing before";
    /// Signed with a key that has ended.
    KeyRevoked {
        /// The key.
        kid: KeyId,
        /// When it was revoked.
        revoked: Timestamp,
    } = "key-revoked" Rules
        "key {kid} was revoked at {revoked}; sign with another key";
    /// Meant for another registry.
    WrongRegistry {
        /// For which log it is meant.
        aud: Origin,
        /// Which log this is.
        origin: Origin,
    } = "wrong-registry" Submitter
        "the statement is meant for {aud}, this is {origin}; sign one for this registry";
    /// The issuer's clock is ahead.
    IssuedInFuture {
        /// What the issuer's clock said, seconds since 1970.
        iat: i64,
        /// The time of the log.
        at: Timestamp,
    } = "issued-in-future" Submitter
        "iat {iat} lies more than five minutes after {at}; set the clock and sign again";
    /// A time before 1970.
    IssuedBeforeTime {
        /// What the statement says, seconds since 1970.
        iat: i64,
    } = "issued-before-time" Submitter
        "iat {iat} lies before 1970; set the clock and sign again";
    /// The same statement once more. Not a failure: the first answer holds.
    Duplicate {
        /// Where the first one stands.
        index: u64,
    } = "duplicate" Submitter
        "this very statement is already in the log at index {index}";
    /// Another statement of the same id.
    StatementIdTaken {
        /// Its issuer.
        iss: PartyId,
        /// The id.
        jti: StatementId,
        /// Where the first one stands.
        index: u64,
    } = "statement-id-taken" Submitter
        "{iss} already used the id {jti} for another statement, at index {index}; use a new id";
    /// Somebody else claims what only the node derives.
    NodeOnly {
        /// Who tried.
        iss: PartyId,
        /// What.
        kind: Kind,
    } = "node-only" Rules
        "{kind} is derived by the node itself; {iss} cannot state it";
    /// A role that may not say this.
    RoleNotEntitled {
        /// Who tried.
        iss: PartyId,
        /// What it is.
        role: Role,
        /// What it tried.
        kind: Kind,
        /// Who may.
        may: &'static str,
    } = "role-not-entitled" Rules
        "{iss} is registered as {role}; {kind} may be stated by {may} only";
    /// Anyone but a certification body decides.
    NotADecider {
        /// Who tried.
        iss: PartyId,
        /// What it is.
        role: Role,
    } = "not-a-decider" Rules
        "{iss} is registered as {role}; only a certification body decides verdicts. An audit body reports and recommends: file a report";
    /// A body wants to transcribe.
    TranscribedByOthers {
        /// Who tried.
        iss: PartyId,
        /// What it is.
        role: Role,
    } = "transcribed-by-others" Rules
        "{iss} is registered as {role}; only the operator transcribes lists";

    // Parties and keys.

    /// The id is taken.
    PartyExists {
        /// The id.
        party: PartyId,
    } = "party-exists" Rules
        "party {party} is already registered; to give it a key, state key-added";
    /// A role that nobody is registered in.
    RoleNotRegistrable {
        /// The role.
        role: Role,
    } = "role-not-registrable" Rules
        "nobody is registered as {role}: the genesis names the operator and the node";
    /// A party that is not there.
    UnknownParty {
        /// Which.
        party: PartyId,
    } = "unknown-party" Submitter
        "no party {party} is registered here; have it registered first";
    /// A party that is something else.
    WrongRole {
        /// Which.
        party: PartyId,
        /// What it is.
        role: Role,
        /// What it would have to be.
        needed: Role,
    } = "wrong-role" Rules
        "{party} is registered as {role}; it would have to be {needed}";
    /// No key at all.
    NoKeys {
        /// Whose.
        party: PartyId,
    } = "no-keys" Submitter
        "{party} is given no key; give it at least one";
    /// A key that is already there, perhaps revoked.
    KeyExists {
        /// Whose.
        party: PartyId,
        /// Which.
        kid: KeyId,
    } = "key-exists" Rules
        "{party} already has or had key {kid}; make a new key";
    /// The last key of the operator or of the node.
    LastKey {
        /// Whose.
        party: PartyId,
    } = "last-key" Rules
        "this is the last key of {party}, without which the log could not go on; add another key first";
    /// Fewer keys of the operator than persons that a step needs.
    TooFewKeys {
        /// Whose.
        party: PartyId,
        /// How many persons are needed.
        persons: usize,
    } = "too-few-keys" Rules
        "{party} would have fewer than {persons} keys that sign, and a step needs as many persons; add another key first";
    /// A sensitive step that nobody else approved.
    SecondPersonNeeded {
        /// What kind of statement it is.
        kind: Kind,
        /// Its digest.
        step: Digest,
    } = "second-person-needed" Rules
        "this {kind} needs two persons, and no other one approved the statement {step}; sign it with --prepare, have it approved, and submit it then";
    /// Only the key that signed the step approved it, too.
    ApprovedBySamePerson {
        /// The key.
        kid: KeyId,
    } = "approved-by-same-person" Rules
        "the step was signed and approved with the same key, {kid}; another person of the operator must approve it";
    /// Approved too long ago.
    ApprovalExpired {
        /// Of which statement.
        step: Digest,
        /// Its last day.
        until: Day,
    } = "approval-expired" Rules
        "the approval of the statement {step} was good until {until}; have it approved anew";
    /// An approval counts once.
    ApprovalUsed {
        /// Of which statement.
        step: Digest,
        /// For the step at this index.
        index: u64,
    } = "approval-used" Rules
        "the statement {step} was approved, and taken at index {index}; sign a new one";
    /// The same person approved it already.
    ApprovalStands {
        /// Which statement.
        step: Digest,
    } = "approval-stands" Rules
        "this key has approved the statement {step} already";
    /// An approval that nothing asks for.
    ApprovalNeedless {
        /// Of which kind of statement.
        kind: Kind,
    } = "approval-needless" Rules
        "no {kind} of this registry needs the approval of a second person";
    /// An approval that would lie about for long.
    ApprovalTooLong {
        /// Its last day.
        until: Day,
        /// The last day that it may have.
        latest: Day,
    } = "approval-too-long" Submitter
        "the approval is good until {until}; it may be so until {latest} at most";
    /// As many persons as are needed now.
    PersonsAlready {
        /// How many.
        persons: usize,
    } = "persons-already" Rules
        "a sensitive step needs {persons} already";
    /// Compromised from a moment that has not come.
    CompromisedInFuture {
        /// From when.
        since: Timestamp,
        /// The time of the log.
        at: Timestamp,
    } = "compromised-in-future" Submitter
        "compromised since {since}, which is after {at}; a revoked key signs nothing any more, so name the time of the theft";
    /// Compromised before it was there.
    CompromisedBeforeAdded {
        /// The key.
        kid: KeyId,
        /// From when.
        since: Timestamp,
        /// When it was added.
        added: Timestamp,
    } = "compromised-before-added" Submitter
        "key {kid} was added at {added} and signed nothing before; {since} is earlier: name that time, or a later one";
    /// Declared compromised already, from then or earlier on.
    CompromisedAlready {
        /// The key.
        kid: KeyId,
        /// From when.
        declared: Timestamp,
    } = "compromised-already" Rules
        "key {kid} is declared compromised since {declared}; the moment can be moved back, never forward: what is void stays so";
    /// What a key of this role signed carries others.
    NotVoidable {
        /// Whose key.
        party: PartyId,
        /// Its role.
        role: Role,
    } = "not-voidable" Rules
        "{party} is {role}, and what it signed cannot be voided from a moment on: others have built on it. Revoke the key without that, and undo what the thief did with another key: {}", undo_words(*role);
    /// More statements than one declaration voids.
    TooManyVoided {
        /// How many it may void.
        max: usize,
        /// From when on it is not more.
        since: Timestamp,
    } = "too-many-voided" Submitter
        "the key signed more than {max} statements since then; declare it compromised since {since} first, and then since earlier, as often as it takes";

    // Documents and schemes.

    /// Already published.
    DocumentExists {
        /// Which.
        document: DocumentRef,
    } = "document-exists" Rules
        "{document} is already published and never changes; publish a new version";
    /// Not published.
    UnknownDocument {
        /// Which.
        document: DocumentRef,
    } = "unknown-document" Submitter
        "document {document} is not published here; publish it first";
    /// A profile that tailors what it cannot.
    TailoringUnsound {
        /// What it says that it tailors.
        document: DocumentRef,
        /// Why not.
        because: &'static str,
    } = "tailoring-unsound" Submitter
        "{document} cannot be tailored so: {because}";
    /// Already published.
    CrosswalkExists {
        /// Which.
        crosswalk: CrosswalkRef,
    } = "crosswalk-exists" Rules
        "{crosswalk} is already published and never changes; publish a new version";
    /// The maps did not come with the statement.
    CrosswalkMissing {
        /// Their digest.
        digest: Digest,
    } = "crosswalk-missing" Submitter
        "the maps {digest} of the crosswalk are not attached";
    /// Other maps, or none.
    CrosswalkUnreadable {
        /// Why.
        because: String,
    } = "crosswalk-unreadable" Submitter
        "the attached maps cannot be used: {because}";
    /// No crosswalk of that name.
    UnknownCrosswalk {
        /// Which.
        crosswalk: CrosswalkRef,
    } = "unknown-crosswalk" Rules
        "no crosswalk {crosswalk} is published here";
    /// The bulletin is there already.
    BulletinExists {
        /// Which.
        bulletin: BulletinRef,
    } = "bulletin-exists" Rules
        "{bulletin} is issued already and never changes; issue another that replaces it";
    /// No bulletin of that name.
    UnknownBulletin {
        /// Which.
        bulletin: BulletinRef,
    } = "unknown-bulletin" Rules
        "there is no bulletin {bulletin}";
    /// Another bulletin took its place already.
    BulletinReplaced {
        /// Which.
        bulletin: BulletinRef,
        /// What took its place.
        by: BulletinId,
    } = "bulletin-replaced" Rules
        "{bulletin} was replaced by {by} already; replace that one";
    /// A body replaces what somebody else issued.
    AnotherIssuersBulletin {
        /// Which.
        bulletin: BulletinRef,
        /// Who issued it.
        by: PartyId,
    } = "another-issuers-bulletin" Rules
        "{bulletin} was issued by {by}: only that party, the operator or an authority may replace it";
    /// A bulletin tells of another last day than that which it brings about.
    BulletinContradicts {
        /// Which bulletin.
        bulletin: BulletinId,
        /// The last day of the transition that it tells of.
        says: Day,
        /// The one that it brings about.
        enacts: Day,
    } = "bulletin-contradicts" Submitter
        "bulletin {bulletin} says that the transition ends on {says}, and enacts that it ends on {enacts}";
    /// Title and text are not in the same languages.
    LanguagesDiffer {
        /// Which.
        bulletin: BulletinId,
    } = "languages-differ" Submitter
        "title and text of {bulletin} are not in the same languages; give both in each";
    /// Already published.
    SchemeExists {
        /// Which.
        scheme: SchemeRef,
    } = "scheme-exists" Rules
        "{scheme} is already published and never changes; publish a new version";
    /// Another scheme took, or takes, its place.
    SchemeIsReplaced {
        /// Which.
        scheme: SchemeRef,
        /// By which other.
        by: SchemeRef,
        /// The last day on which verdicts under it are in force.
        until: Day,
    } = "scheme-is-replaced" Rules
        "{scheme} is replaced by {by}, and verdicts under it are in force until {until}; use {by}";
    /// A scheme that would take its own place.
    ReplacedByItself {
        /// Which.
        scheme: SchemeRef,
    } = "replaced-by-itself" Submitter
        "{scheme} cannot take its own place; name the scheme or version that does";
    /// Not published, in this version.
    UnknownScheme {
        /// Which.
        scheme: SchemeRef,
    } = "unknown-scheme" Submitter
        "scheme {scheme} is not published here; check id and version";
    /// Not published, in any version.
    UnknownSchemeId {
        /// Which.
        scheme: SchemeId,
    } = "unknown-scheme-id" Submitter
        "no version of scheme {scheme} is published here; publish it first";
    /// More members than are kept.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are kept.
        max: usize,
    } = "too-many" Submitter
        "at most {max} {what} are kept";
    /// A set that must have members has none.
    Empty {
        /// Which set.
        what: &'static str,
    } = "empty" Submitter
        "{what} must not be empty";

    // Self-declarations.

    /// Declarations of no time at all, or of one as long as that of what a body decides.
    DeclarationsTooLong {
        /// How many months they may be valid.
        months: u16,
    } = "declarations-too-long" Submitter
        "self-declarations valid for {months} months: give them at least one, and fewer than the verdicts of the scheme";
    /// A party of a role that declares nothing.
    DeclaresMisplaced {
        /// The role.
        role: Role,
    } = "declares-misplaced" Submitter
        "only a supplier or a buyer declares conformity, its own or as a sponsor; leave declares out for {role}";
    /// A party that was not registered to declare.
    NotADeclarer {
        /// Who tried.
        iss: PartyId,
        /// What it is.
        role: Role,
    } = "not-a-declarer" Rules
        "{iss} is registered as {role}, and not to declare conformity; ask the operator to register a party that declares, whose registration everybody sees";
    /// The scheme does not admit them.
    NoSelfDeclarations {
        /// Which.
        scheme: SchemeRef,
    } = "no-self-declarations" Rules
        "{scheme} admits no self-declarations; a body has to decide";
    /// The scheme wants an expert.
    ExpertRequired {
        /// Which.
        scheme: SchemeRef,
    } = "expert-required" Submitter
        "under {scheme} a self-declaration counts only once an expert confirmed it; declare it with awaitsExpert";
    /// A level that only a body gives.
    LevelNotDeclarable {
        /// Which scheme.
        scheme: SchemeRef,
        /// Which level.
        level: LevelCode,
    } = "level-not-declarable" Rules
        "{scheme} leaves level {level} to bodies; a self-declaration cannot take it";
    /// What is still to be met is not declared.
    ConditionsDeclared
        = "conditions-declared" Submitter
        "a self-declaration says what holds and takes no conditions; declare what is met, and leave the rest out of its scope";
    /// Somebody whom the speaker may not speak for.
    NotAsRegistered {
        /// Who tried.
        iss: PartyId,
        /// The member that does not fit.
        member: &'static str,
    } = "not-as-registered" Submitter
        "the supplier's {member} is not one that {iss} may declare for: a supplier declares itself, with identifiers, name and country as registered; a sponsor declares another, with its mandate and one identifier";
    /// No self-declaration.
    NotADeclaration {
        /// Which verdict.
        verdict: VerdictId,
    } = "not-a-declaration" Rules
        "{verdict} is no self-declaration: it is neither confirmed by experts nor upgraded";
    /// Confirmed before.
    AlreadyConfirmed {
        /// Which verdict.
        verdict: VerdictId,
        /// By whom.
        by: PartyId,
    } = "already-confirmed" Rules
        "{verdict} was confirmed by {by} already; it is confirmed once";
    /// The expert is the supplier or the sponsor.
    NotIndependent {
        /// Who tried.
        iss: PartyId,
        /// Which verdict.
        verdict: VerdictId,
    } = "not-independent" Rules
        "{iss} shares an identifier with whom {verdict} is about or who declared it; somebody else must confirm it";
    /// A change that gives something.
    NotByDeclarer {
        /// Which verdict.
        verdict: VerdictId,
        /// What was asked for.
        change: &'static str,
    } = "not-by-declarer" Rules
        "who declared {verdict} can reduce it or give it up, but not make it {change}; declare anew instead";
    /// Something that takes no declaration's place.
    NotAnUpgrade {
        /// Which declaration.
        verdict: VerdictId,
        /// Why not.
        because: &'static str,
    } = "not-an-upgrade" Submitter
        "the verdict cannot take the place of {verdict}: {because}";

    // Designations and accreditations.

    /// The id is taken.
    DesignationExists {
        /// The id.
        designation: DesignationId,
    } = "designation-exists" Rules
        "designation {designation} already exists; use a new id";
    /// No such designation.
    UnknownDesignation {
        /// Which.
        designation: DesignationId,
    } = "unknown-designation" Submitter
        "there is no designation {designation} here";
    /// A change that its state does not allow.
    IllegalDesignationMove {
        /// Which.
        designation: DesignationId,
        /// As it is.
        from: Hold,
        /// What was asked for.
        change: &'static str,
    } = "illegal-designation-move" Rules
        "designation {designation} is {} and cannot become {change}", hold(from);
    /// Never designated for the scheme.
    NotDesignated {
        /// Who.
        body: PartyId,
        /// For which scheme.
        scheme: SchemeId,
    } = "not-designated" Rules
        "{body} is not designated to accredit under {scheme}; an authority would have to designate it";
    /// Designated, but not now.
    DesignationNotInForce {
        /// Who.
        body: PartyId,
        /// By which designation.
        designation: DesignationId,
        /// Why not.
        lapse: Lapse,
    } = "designation-not-in-force" Rules
        "designation {designation} of {body} is not in force: {}", lapse_words(lapse);
    /// The id is taken.
    AccreditationExists {
        /// The id.
        accreditation: AccreditationId,
    } = "accreditation-exists" Rules
        "accreditation {accreditation} already exists; use a new id, or renew it";
    /// No such accreditation.
    UnknownAccreditation {
        /// Which.
        accreditation: AccreditationId,
    } = "unknown-accreditation" Submitter
        "there is no accreditation {accreditation} here";
    /// A change that its state does not allow.
    IllegalAccreditationMove {
        /// Which.
        accreditation: AccreditationId,
        /// As it is.
        from: Hold,
        /// What was asked for.
        change: &'static str,
    } = "illegal-accreditation-move" Rules
        "accreditation {accreditation} is {} and cannot become {change}", hold(from);
    /// Reduced to something it did not cover, or to all that it covers.
    NotAReduction {
        /// Which.
        accreditation: AccreditationId,
        /// What it covers.
        covers: Viewpoints,
    } = "not-a-reduction" Rules
        "accreditation {accreditation} covers {covers}; a reduction leaves some of these";
    /// Somebody else granted it.
    AnotherBodysAccreditation {
        /// Which.
        accreditation: AccreditationId,
        /// Who granted it.
        by: PartyId,
    } = "another-bodys-accreditation" Rules
        "accreditation {accreditation} was granted by {by}; only {by} or an authority changes it";
    /// No accreditation at all in this capacity.
    NotAccredited {
        /// Who.
        body: PartyId,
    } = "not-accredited" Rules
        "{body} holds no accreditation in this capacity; have it accredited first";
    /// Accredited, but for other schemes or versions.
    NotAccreditedForScheme {
        /// Who.
        body: PartyId,
        /// For which scheme it would need one.
        scheme: SchemeRef,
    } = "not-accredited-for-scheme" Rules
        "{body} is accredited, but not under {scheme}";
    /// Accredited for the scheme, but not for the viewpoints.
    NotAccreditedForViewpoint {
        /// By which accreditation.
        accreditation: AccreditationId,
        /// What is missing.
        missing: Viewpoints,
    } = "not-accredited-for-viewpoint" Rules
        "accreditation {accreditation} does not cover {missing}";
    /// Accredited for the scheme, but not for the kind of object.
    NotAccreditedForObject {
        /// By which accreditation.
        accreditation: AccreditationId,
        /// The kind.
        object: ObjectKind,
    } = "not-accredited-for-object" Rules
        "accreditation {accreditation} does not cover objects of kind {object}";
    /// Its first day has not come.
    AccreditationNotYet {
        /// Which.
        accreditation: AccreditationId,
        /// Its first day.
        from: Day,
    } = "accreditation-not-yet" Rules
        "accreditation {accreditation} begins on {from}";
    /// Its last day is past.
    AccreditationExpired {
        /// Which.
        accreditation: AccreditationId,
        /// Its last day.
        until: Day,
    } = "accreditation-expired" Rules
        "accreditation {accreditation} ended on {until}; have it renewed";
    /// It rests.
    AccreditationSuspended {
        /// Which.
        accreditation: AccreditationId,
    } = "accreditation-suspended" Rules
        "accreditation {accreditation} is suspended; a body whose accreditation rests may take away, not give";
    /// It is gone.
    AccreditationWithdrawn {
        /// Which.
        accreditation: AccreditationId,
    } = "accreditation-withdrawn" Rules
        "accreditation {accreditation} is withdrawn; the body may take away, not give";

    // Succession.

    /// Another body took its place.
    BodyIsSucceeded {
        /// Which.
        body: PartyId,
        /// Who did.
        by: PartyId,
    } = "body-is-succeeded" Rules
        "{by} took the place of {body}, which says nothing more here and is given nothing; turn to {by}";
    /// A body that would take its own place.
    SucceedsItself {
        /// Which.
        body: PartyId,
    } = "succeeds-itself" Submitter
        "{body} cannot take its own place; name the body that does";
    /// Somebody whom it does not concern.
    NotInSuccession {
        /// Who tried.
        iss: PartyId,
    } = "not-in-succession" Submitter
        "{iss} is neither of the two; each body agrees for itself";
    /// Who has to agree does not, or no longer.
    SuccessionNotAgreed {
        /// Who would be succeeded.
        predecessor: PartyId,
        /// By whom.
        successor: PartyId,
        /// Who does not agree.
        by: PartyId,
    } = "succession-not-agreed" Rules
        "{by} does not agree, or no longer, that {successor} takes the place of {predecessor}; have it say so";
    /// Before the day that was agreed.
    SuccessionNotYet {
        /// Who agreed.
        by: PartyId,
        /// The first day.
        from: Day,
    } = "succession-not-yet" Rules
        "{by} agreed to it from {from} on; confirm it then, it takes effect at once";
    /// Too many bodies behind one.
    SuccessionTooLong {
        /// Who would stand for them.
        successor: PartyId,
        /// The longest line.
        line: usize,
        /// The most bodies.
        bodies: usize,
    } = "succession-too-long" Rules
        "{successor} would stand for more than {bodies} bodies, or for a line of more than {line}; register a new body and transfer the verdicts";

    // Verdicts.

    /// The id is taken.
    VerdictExists {
        /// The id.
        verdict: VerdictId,
    } = "verdict-exists" Rules
        "verdict {verdict} already exists; use a new id, or change it";
    /// No such verdict.
    UnknownVerdict {
        /// Which.
        verdict: VerdictId,
    } = "unknown-verdict" Submitter
        "there is no verdict {verdict} here";
    /// Detail in a statement that everyone reads.
    DetailInTheOpen {
        /// What was in it.
        member: &'static str,
    } = "detail-in-the-open" Submitter
        "a summary verdict keeps its {member} for its credentials; leave it out here";
    /// A credential that says something else than the verdict.
    CredentialDiffers {
        /// Which verdict.
        verdict: VerdictId,
        /// What differs.
        member: &'static str,
    } = "credential-differs" Rules
        "the credential's {member} is not that of verdict {verdict} as it stands; make it from the verdict again";
    /// A credential of a verdict that holds nothing.
    NothingToDocument {
        /// Which verdict.
        verdict: VerdictId,
        /// The state it is in.
        state: StateName,
    } = "nothing-to-document" Rules
        "verdict {verdict} is {state}; credentials are issued for verdicts in force";
    /// The slot of another credential.
    SlotTaken {
        /// Which slot.
        slot: StatusSlot,
    } = "slot-taken" Rules
        "status slot {slot} is used already; ask the registry for another one";
    /// A consent about somebody else's verdict.
    NotTheSupplier {
        /// Who tried.
        iss: PartyId,
        /// Which verdict.
        verdict: VerdictId,
    } = "not-the-supplier" Rules
        "verdict {verdict} is not about {iss}; only its supplier consents to what may be seen of it";
    /// Parts of verdicts where it is about how a supplier stands.
    PartsMisplaced = "parts-misplaced" Submitter
        "how a supplier stands is shown as a whole; name no parts, or consent about the scheme or a verdict";
    /// A consent for longer than one is given.
    ConsentTooLong {
        /// Its last day.
        until: Day,
        /// The latest that it could be.
        latest: Day,
    } = "consent-too-long" Submitter
        "{until} is more than three years ahead; consent until {latest} at the latest, and again later";
    /// The id is taken.
    ConsentExists {
        /// The id.
        consent: ConsentId,
    } = "consent-exists" Rules
        "you gave a consent {consent} before; use a new id";
    /// The same is consented to already.
    ConsentStands {
        /// By which consent.
        consent: ConsentId,
    } = "consent-stands" Rules
        "consent {consent} about the same, to the same party, still stands; withdraw it to give another";
    /// No such consent of this supplier.
    UnknownConsent {
        /// Which.
        consent: ConsentId,
    } = "unknown-consent" Submitter
        "you gave no consent {consent}; list those that you gave";
    /// Taken back already.
    ConsentWithdrawn {
        /// Which.
        consent: ConsentId,
        /// When it was.
        at: Timestamp,
    } = "consent-withdrawn" Rules
        "consent {consent} was withdrawn at {at} and shows nothing any more";
    /// A body that decides must know whom it assessed.
    CountryNotStated {
        /// Which verdict.
        verdict: VerdictId,
    } = "country-not-stated" Submitter
        "verdict {verdict} does not say where the supplier is established; only a list may keep silent about it";
    /// Somebody else decides it.
    AnotherBodysVerdict {
        /// Which.
        verdict: VerdictId,
        /// Who decides it.
        issuer: PartyId,
    } = "another-bodys-verdict" Rules
        "verdict {verdict} is decided by {issuer}; nobody else changes it";
    /// The registry acts, and the scheme does not let it.
    RegistryMayNotAct {
        /// Which verdict.
        verdict: VerdictId,
        /// What was asked for.
        change: &'static str,
    } = "registry-may-not-act" Rules
        "the registry itself cannot make verdict {verdict} {change}: the scheme does not give it that power";
    /// The registry suspends, and does not say on which recommendation.
    RecommendationNotNamed {
        /// Which verdict.
        verdict: VerdictId,
    } = "recommendation-not-named" Rules
        "the scheme lets the registry suspend verdict {verdict} only where a report recommends it: name that report";
    /// A change that follows a recommendation which is not there, was answered, or recommends something else.
    NotRecommended {
        /// Which verdict.
        verdict: VerdictId,
        /// Which report.
        report: ReportId,
        /// What was asked for.
        change: &'static str,
    } = "not-recommended" Rules
        "report {report} on verdict {verdict} does not recommend that it be {change}, or its recommendation is answered";
    /// The registry suspended it on a report, and nobody looked again since.
    ReportNeeded {
        /// Which verdict.
        verdict: VerdictId,
        /// The report on which it was suspended.
        report: ReportId,
    } = "report-needed" Rules
        "the registry suspended verdict {verdict} on report {report}; it is restored once a later report recommends nothing";
    /// A move that the state does not allow.
    IllegalMove {
        /// Which verdict.
        verdict: VerdictId,
        /// The state it is in.
        from: StateName,
        /// What was asked for.
        change: &'static str,
    } = "illegal-move" Rules
        "verdict {verdict} is {from} and cannot become {change}";
    /// A mark that is already there, or not there.
    IllegalMark {
        /// Which verdict.
        verdict: VerdictId,
        /// What was asked for.
        change: &'static str,
    } = "illegal-mark" Rules
        "verdict {verdict}: {change} does not fit what is pending";
    /// Changed so often that only what takes away is still taken up.
    HistoryFull {
        /// What changed so often.
        what: String,
        /// How often at most.
        max: usize,
    } = "history-full" Rules
        "{what} changed {max} times; only what takes away is still taken up. Make a new one";
    /// Viewpoints that the scheme does not have, or that the verdict does not have.
    UnknownViewpoint {
        /// Which.
        unknown: Viewpoints,
        /// Which there are.
        known: Viewpoints,
    } = "unknown-viewpoint" Submitter
        "viewpoints {unknown} are not among those that apply here: {known}";
    /// A kind of object that the scheme does not assess.
    UnknownObject {
        /// Which.
        unknown: ObjectKinds,
        /// Which it assesses.
        known: ObjectKinds,
    } = "unknown-object" Submitter
        "objects of kind {unknown} are not assessed under this scheme, only {known}";
    /// A level that the scheme does not have.
    UnknownLevel {
        /// The scheme.
        scheme: SchemeRef,
        /// The level.
        level: LevelCode,
    } = "unknown-level" Submitter
        "scheme {scheme} has no level {level}";
    /// Dates that cannot be.
    ImpossibleDates {
        /// What comes first and should not.
        what: &'static str,
        /// The day that should come first.
        first: Day,
        /// The day that should come second.
        second: Day,
    } = "impossible-dates" Submitter
        "{what}: {first} must not be later than {second}";
    /// Valid for longer than the scheme allows.
    ValidityTooLong {
        /// What was asked for; nothing for a validity without end.
        until: Option<Day>,
        /// The last day that the scheme allows.
        latest: Day,
    } = "validity-too-long" Rules
        "{} is longer than the scheme allows; at the latest {latest}", until_words(until);
    /// Over before it was decided.
    AlreadyOver {
        /// Its last day.
        until: Day,
    } = "already-over" Submitter
        "{until} is past; nothing is granted or renewed for days that are over";
    /// Valid from before the body was accredited.
    BeforeAccreditation {
        /// Its first day.
        valid_from: Day,
        /// Since when the body is accredited.
        accredited_from: Day,
    } = "before-accreditation" Rules
        "valid from {valid_from}, but the body is accredited since {accredited_from} only";
    /// Effective later than now.
    EffectiveInFuture {
        /// From when.
        effective: Timestamp,
        /// The time of the log.
        at: Timestamp,
    } = "effective-in-future" Submitter
        "effective from {effective}, which is after {at}; state it when it takes effect";
    /// Effective before the verdict was.
    EffectiveBeforeGrant {
        /// From when.
        effective: Timestamp,
        /// Since when the verdict is.
        granted: Timestamp,
    } = "effective-before-grant" Submitter
        "effective from {effective}, but the verdict exists since {granted} only";
    /// Effective before the state that it changes.
    EffectiveBeforeState {
        /// From when.
        effective: Timestamp,
        /// Since when the verdict is in its state.
        since: Timestamp,
    } = "effective-before-state" Submitter
        "effective from {effective}, but the verdict is in its present state since {since} only; an annulment alone reaches further back";
    /// Says it grows or shrinks, and does not.
    NotAScopeChange {
        /// Which verdict.
        verdict: VerdictId,
        /// What was asked for.
        change: &'static str,
        /// What contradicts it.
        because: &'static str,
    } = "not-a-scope-change" Submitter
        "verdict {verdict} cannot be {change} so: {because}";
    /// Transferred where nothing can be.
    NotATransfer {
        /// Which verdict.
        verdict: VerdictId,
        /// Why not.
        because: &'static str,
    } = "not-a-transfer" Rules
        "verdict {verdict} cannot be transferred so: {because}";
    /// Replaced by itself, or by a verdict on somebody else.
    NotASuccessor {
        /// Which verdict.
        verdict: VerdictId,
        /// By which.
        by: VerdictId,
    } = "not-a-successor" Submitter
        "{by} cannot take the place of {verdict}: it must be another verdict on the same supplier";
    /// Renewed too late.
    RenewalTooLate {
        /// Which verdict.
        verdict: VerdictId,
        /// Until when it could have been.
        latest: Option<Day>,
    } = "renewal-too-late" Rules
        "verdict {verdict} expired and can {}; grant a new one", renewal_words(latest);
    /// The node says it expired, and it did not.
    NotExpired {
        /// Which.
        verdict: VerdictId,
        /// Its last day.
        until: Option<Day>,
    } = "not-expired" Rules
        "verdict {verdict} has not expired: {}", until_words(until);
    /// Listed twice in one statement.
    ListedTwice {
        /// Which.
        verdict: VerdictId,
    } = "listed-twice" Submitter
        "verdict {verdict} is listed twice; list it once";
    /// The node says surveillance is overdue, and it is not.
    NotOverdue {
        /// Which.
        verdict: VerdictId,
    } = "not-overdue" Rules
        "surveillance of verdict {verdict} is not overdue";
    /// The node says that conditions are overdue, and they are not.
    ConditionsNotOverdue {
        /// Which.
        verdict: VerdictId,
    } = "conditions-not-overdue" Rules
        "verdict {verdict} has no conditions whose last day is past, or it is stated already";
    /// The node says something of what a verdict rests on, and the log says something else, or it is stated already.
    BasisNotSo {
        /// Which verdict.
        verdict: VerdictId,
        /// What it says.
        change: &'static str,
    } = "basis-not-so" Rules
        "the log does not say {change} of verdict {verdict} now, or it is stated already";
    /// The node counts the verdicts of a change otherwise than the log does, or counts a restricted one.
    BasisMiscounted {
        /// Under which scheme.
        scheme: SchemeRef,
    } = "basis-miscounted" Rules
        "the verdicts under {scheme} that this change has reached are counted wrongly: public ones are counted, restricted ones are not";
    /// The node does not tell of a change in batches that can be checked.
    BatchUnsound {
        /// Under which scheme.
        scheme: SchemeRef,
        /// What is wrong.
        because: &'static str,
    } = "batch-unsound" Rules
        "this is no batch of verdicts under {scheme}: {because}";
    /// A certification body that reports where only audit bodies do, or recommends something to itself.
    NotTheSurveillant {
        /// Which verdict.
        verdict: VerdictId,
        /// Who tried.
        iss: PartyId,
    } = "not-the-surveillant" Rules
        "{iss} does not surveil verdict {verdict}: an audit body does, or its own issuer where the scheme says so, which acts instead of recommending";
    /// A report id that was used.
    ReportExists {
        /// Which verdict.
        verdict: VerdictId,
        /// Which report.
        report: ReportId,
    } = "report-exists" Rules
        "report {report} on verdict {verdict} is already filed; use a new id";
    /// An acceptance id that was used.
    AcceptanceExists {
        /// Which verdict.
        verdict: VerdictId,
        /// Which acceptance.
        acceptance: AcceptanceId,
    } = "acceptance-exists" Rules
        "acceptance {acceptance} of verdict {verdict} is already stated; state another one under an id of its own";

    // Arrangements and peers.

    /// No such arrangement.
    UnknownArrangement {
        /// Which.
        arrangement: ArrangementId,
    } = "unknown-arrangement" Submitter
        "there is no arrangement {arrangement} here";
    /// A registry that is no party to it.
    NotAParty {
        /// Which arrangement.
        arrangement: ArrangementId,
        /// Which registry.
        registry: RegistryId,
    } = "not-a-party" Rules
        "registry {registry} is not party to arrangement {arrangement}";
    /// The party's log is not the one the terms name.
    PartyOrigin {
        /// Which registry.
        registry: RegistryId,
        /// The log in the terms.
        terms: Origin,
        /// The log as we know it.
        known: Origin,
    } = "party-origin" Submitter
        "the terms name {terms} as log of {registry}; here it is known as {known}";
    /// Terms that contradict themselves.
    UnsoundTerms {
        /// In which rule.
        rule: Option<RuleId>,
        /// What is wrong.
        because: &'static str,
    } = "unsound-terms" Submitter
        "the terms are unsound{}: {because}", rule_words(rule);
    /// Another digest than that of the terms.
    TermsDigest {
        /// What the statement says.
        stated: Digest,
        /// What the terms come to.
        actual: Digest,
    } = "terms-digest" Submitter
        "the terms have digest {actual}, not {stated}; write them in canonical form and sign that digest";
    /// The same version with other terms.
    TermsDiffer {
        /// Which arrangement.
        arrangement: ArrangementId,
        /// Which version.
        version: u32,
        /// The digest signed before.
        digest: Digest,
    } = "terms-differ" Rules
        "this registry already signed version {version} of {arrangement} with digest {digest}; other terms need a higher version";
    /// An older version than the one signed.
    VersionNotHigher {
        /// Which arrangement.
        arrangement: ArrangementId,
        /// Which version was signed already.
        signed: u32,
    } = "version-not-higher" Rules
        "version {signed} of {arrangement} is signed already; a new one needs a higher version";
    /// Suspended, restored or ended before it was signed.
    ArrangementNotSigned {
        /// Which.
        arrangement: ArrangementId,
        /// By which registry.
        registry: RegistryId,
    } = "arrangement-not-signed" Rules
        "registry {registry} has not signed arrangement {arrangement}";
    /// A step that does not fit what this registry did before.
    IllegalArrangementStep {
        /// Which.
        arrangement: ArrangementId,
        /// As it is for this registry.
        from: &'static str,
        /// What was asked for.
        step: &'static str,
    } = "illegal-arrangement-step" Rules
        "arrangement {arrangement} is {from} by this registry and cannot be {step}";
    /// Ended sooner than its notice allows.
    NoticeTooShort {
        /// From which day.
        effective: Day,
        /// The first day that the notice allows.
        earliest: Day,
    } = "notice-too-short" Rules
        "the end on {effective} falls short of the notice agreed; at the earliest {earliest}. A suspension takes effect at once";
    /// A version that begins before the one it replaces.
    TermsReachBack {
        /// Which arrangement.
        arrangement: ArrangementId,
        /// Its first day.
        from: Day,
        /// That of the version it replaces.
        replaced: Day,
    } = "terms-reach-back" Rules
        "the new version of {arrangement} begins on {from}, before the one it replaces ({replaced}); let it begin then or later";
    /// Terms that cannot hold beside those of another arrangement.
    TermsContradict {
        /// By which rule.
        rule: RuleId,
        /// Which arrangement stands against it.
        other: ArrangementId,
        /// By which rule.
        known: RuleId,
        /// Why.
        because: &'static str,
    } = "terms-contradict" Rules
        "rule {rule} contradicts rule {known} of arrangement {other}: {because}. End or amend the other one first";
    /// The foreign statement is not one.
    ForeignStatement {
        /// Why.
        because: String,
    } = "foreign-statement" Submitter
        "the foreign statement cannot be used: {because}";
    /// No such peer.
    UnknownPeer {
        /// Which.
        registry: RegistryId,
    } = "unknown-peer" Submitter
        "{registry} is not a peer of this registry; add it first";
    /// A peer already.
    PeerExists {
        /// Which.
        registry: RegistryId,
    } = "peer-exists" Rules
        "{registry} is already a peer; expel it before adding it anew";
    /// The registry itself.
    PeerIsSelf {
        /// Which.
        registry: RegistryId,
    } = "peer-is-self" Submitter
        "{registry} is this registry, or has its log; a registry is not its own peer";
    /// The genesis is not the one that the rest speaks of.
    PeerGenesis {
        /// What does not agree.
        because: String,
    } = "peer-genesis" Submitter
        "the peer's genesis cannot be pinned: {because}";
    /// A name that is somebody else's, or lies below it.
    PeerName {
        /// The `did:web` that the peer's genesis claims.
        did_web: String,
        /// Whose it is.
        holder: RegistryId,
    } = "peer-name" Submitter
        "the peer's genesis calls it {did_web}, which is the name of {holder}, or of a party there; a name is one registry's";
    /// Cut off already.
    PeerWasExpelled {
        /// Which.
        registry: RegistryId,
    } = "peer-expelled" Rules
        "{registry} was expelled; add it anew first";
    /// Never cut off.
    PeerNotExpelled {
        /// Which.
        registry: RegistryId,
    } = "peer-not-expelled" Submitter
        "{registry} was never expelled; what rests on it has not ended";

    // Recognitions.

    /// The list did not come with the statement.
    ResultsMissing {
        /// Its digest.
        digest: Digest,
    } = "results-missing" Submitter
        "the result list {digest} is not attached";
    /// Too large to be read.
    ResultsTooLarge {
        /// How many bytes.
        bytes: usize,
    } = "results-too-large" Submitter
        "the result list has {bytes} bytes; at most 16 MiB are read";
    /// Another list.
    ResultsDigest {
        /// What the statement says.
        stated: Digest,
        /// What the list comes to.
        actual: Digest,
    } = "results-digest" Submitter
        "the result list has digest {actual}, not {stated}";
    /// More or fewer rows.
    ResultsCount {
        /// What the statement says.
        stated: u32,
        /// What the list has.
        actual: u64,
    } = "results-count" Submitter
        "the result list has {actual} rows, not {stated}";
    /// A row that is none.
    ResultsRow {
        /// Which line, from 1.
        line: u64,
        /// Why.
        because: String,
    } = "results-row" Submitter
        "line {line} of the result list cannot be used: {because}";
    /// The same verdict twice.
    ResultsTwice {
        /// Which.
        verdict: VerdictRef,
    } = "results-twice" Submitter
        "the result list names {verdict} twice";
    /// A range that does not continue the last one.
    RangeGap {
        /// Where the last one ended.
        followed: u64,
        /// Where this one begins.
        from: u64,
        /// Where this one ends.
        to: u64,
    } = "range-gap" Submitter
        "the range {from} to {to} does not fit: the peer was followed up to {followed}";

    // Erasure.

    /// Something else rests on it.
    NotErasable {
        /// Where it stands.
        index: u64,
        /// What rests on it.
        because: &'static str,
    } = "not-erasable" Rules
        "the statement at index {index} cannot be erased: {because}";
    /// Gone already.
    AlreadyErased {
        /// Where it stood.
        index: u64,
    } = "already-erased" Rules
        "the statement at index {index} is erased already";
    /// Nothing there.
    NothingThere {
        /// Which index.
        index: u64,
        /// How many entries precede this statement.
        size: u64,
    } = "nothing-there" Submitter
        "there is no index {index}; the log has {size} entries before this one";
}

const fn hold(hold: &Hold) -> &'static str {
    match hold {
        Hold::None => "in force",
        Hold::Suspended => "suspended",
        Hold::Withdrawn => "withdrawn",
    }
}

const fn undo_words(role: Role) -> &'static str {
    match role {
        Role::AccreditationBody => "restore or withdraw the accreditations that he changed or granted",
        Role::Authority => "restore or withdraw the designations, arrangements and verdicts that he touched",
        _ => "what they signed is the log itself, which witnesses and peers hold",
    }
}

const fn lapse_words(lapse: &Lapse) -> &'static str {
    match lapse {
        Lapse::NotYet => "its first day has not come",
        Lapse::Expired => "its last day is past",
        Lapse::Suspended => "it is suspended",
        Lapse::Withdrawn => "it is withdrawn",
    }
}

fn until_words(until: &Option<Day>) -> String {
    match until {
        Some(day) => format!("validity until {day}"),
        None => "validity without end".to_owned(),
    }
}

fn renewal_words(latest: &Option<Day>) -> String {
    match latest {
        Some(day) => format!("be renewed until {day} only"),
        None => "not be renewed under this scheme".to_owned(),
    }
}

fn rule_words(rule: &Option<RuleId>) -> String {
    match rule {
        Some(rule) => format!(" in rule {rule}"),
        None => String::new(),
    }
}

impl Refusal {
    /// The refusal in words.
    pub fn words(&self, language: Language) -> String {
        let japanese = (language == Language::Japanese).then(|| refusal_in_japanese(self.code(), &self.params()));
        japanese.flatten().unwrap_or_else(|| self.to_string())
    }
}

/// A member as parameters have it: sets as lists, what is absent as `none`.
fn particular(member: &impl Serialize) -> String {
    match serde_json::to_value(member).unwrap_or_default() {
        Value::Null => "none".to_owned(),
        Value::String(text) => text,
        Value::Array(items) => items.iter().map(particular).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
