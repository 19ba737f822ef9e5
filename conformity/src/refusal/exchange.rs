//! Refusals about arrangements, peers, and what is recognised of them.

/// Hands its rows on, behind those of the groups before it.
macro_rules! exchange {
    ($next:ident $($later:ident)*; $($rows:tt)*) => { $next! { $($later)*; $($rows)*

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

    } };
}
