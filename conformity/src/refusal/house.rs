//! Refusals about what an operator states of the registry itself: its beginning, keys, roots, addresses, hosts and end, and erasure.

/// Hands its rows on, behind those of the groups before it.
macro_rules! house {
    ($next:ident $($later:ident)*; $($rows:tt)*) => { $next! { $($later)*; $($rows)*

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
    /// The registry that is to go on did not say that it does.
    ClosingNotAccepted {
        /// Which.
        successor: RegistryId,
        /// What is missing.
        because: &'static str,
    } = "closing-not-accepted" Rules
        "{successor} goes on only by its own word: {because}; its operator gives it with `succession accept`";
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

    } };
}
