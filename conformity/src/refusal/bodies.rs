//! Refusals about designations, accreditations, and bodies that succeed each other.

/// Hands its rows on, behind those of the groups before it.
macro_rules! bodies {
    ($next:ident $($later:ident)*; $($rows:tt)*) => { $next! { $($later)*; $($rows)*

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

    } };
}
