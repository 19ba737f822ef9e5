//! Refusals about verdicts: granting and changing them, credentials, consents, and what the node derives of them.

/// Hands its rows on, behind those of the groups before it.
macro_rules! verdicts {
    ($next:ident $($later:ident)*; $($rows:tt)*) => { $next! { $($later)*; $($rows)*

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

    } };
}
