//! Refusals about self-declarations, and what takes their place.

/// Hands its rows on, behind those of the groups before it.
macro_rules! declarations {
    ($next:ident $($later:ident)*; $($rows:tt)*) => { $next! { $($later)*; $($rows)*

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
    /// Nothing that the speaker could take back.
    NoConfirmation {
        /// Who tried.
        iss: PartyId,
        /// Which verdict.
        verdict: VerdictId,
    } = "no-confirmation" Rules
        "no confirmation of {verdict} by {iss} stands; who gave one takes it back, and nobody else";
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

    } };
}
