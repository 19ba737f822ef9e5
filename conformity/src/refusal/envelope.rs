//! Refusals about a statement as it is signed: by whom, with which key and certificate, for which log, when, and whether that role may.

/// Hands its rows on, behind those of the groups before it.
macro_rules! envelope {
    ($next:ident $($later:ident)*; $($rows:tt)*) => { $next! { $($later)*; $($rows)*

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

    } };
}
