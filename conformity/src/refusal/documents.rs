//! Refusals about documents, crosswalks, bulletins and schemes.

/// Hands its rows on, behind those of the groups before it.
macro_rules! documents {
    ($next:ident $($later:ident)*; $($rows:tt)*) => { $next! { $($later)*; $($rows)*

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
    /// Title and text are not in the same languages.
    LanguagesDiffer {
        /// Which.
        bulletin: BulletinId,
    } = "languages-differ" Submitter
        "title and text of {bulletin} are not in the same languages; give both in each";
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

    } };
}
