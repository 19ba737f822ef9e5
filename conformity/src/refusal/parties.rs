//! Refusals about parties, their keys, and steps that need two persons.

/// Hands its rows on, behind those of the groups before it.
macro_rules! parties {
    ($next:ident $($later:ident)*; $($rows:tt)*) => { $next! { $($later)*; $($rows)*

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
    /// A natural person in a role that only organizations have.
    PersonMisplaced {
        /// The role.
        role: Role,
    } = "person-misplaced" Submitter
        "only an expert, a buyer or a supplier is registered as a natural person; leave person out for {role}";
    /// What could be a person's name where only a handle may stand.
    NamesAPerson {
        /// The member that is no handle.
        member: &'static str,
    } = "names-a-person" Submitter
        "a natural person stands in the log by a handle alone, and {member} is none: a party's id is its role with a number (expert-17); an identifier is what a list numbers the person with (local:members:17), or a gln, duns or standard-company-code, or a lei of digits alone; the name is one of the identifiers, and so is that of the object if it is an organization; an object that is a person is a number (p-17) without a version";
    /// The same identifier stands for a person elsewhere in this log.
    PersonNotSaid {
        /// Which identifier.
        supplier: Identifier,
    } = "person-not-said" Submitter
        "{supplier} is known here as a natural person; say so with person, and leave the name out of everything";
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

    } };
}
