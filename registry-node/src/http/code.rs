//! Stable codes of the problems that this edge itself has to tell, and how errors from inside become problems.
//!
//! Together with the codes of `conformity` these are all that a caller can meet; `docs/spec/problems.md` lists them and a
//! test holds the two equal. Out of scope: how a problem is written (`crate::problem`).

use std::sync::{LazyLock, Mutex, PoisonError};

use conformity::refusal::Refusal as RuleRefusal;
use conformity::statement::Malformed;
use conformity::words::Language;
use credential::sd_jwt::KeyBindingError;
use credential::statement::StatementError;
use federation::hush::Hushes;
use federation::witness::Refusal;
use jiff::Timestamp;
use ledger::jws::JwsError;

use super::ask::cut;
use crate::buyer::dispatch::Headroom;
use crate::buyer::shelf::ShelfError;
use crate::core::intake::IntakeError;
use crate::core::sequencer::SequenceError;
use crate::core::submit::SubmitError;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::witness::NotCosigned;

/// Declares the codes.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $code:literal)+) => {
        /// A problem that this edge tells.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $variant,)+
        }

        impl Code {
            /// Every code of this edge.
            pub const ALL: &'static [Code] = &[$(Self::$variant),+];

            /// The code as it is sent.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }
    };
}

codes! {
    /// Nothing there, or nothing that the caller may know of.
    NotFound "not-found"
    /// A known path with another method.
    MethodNotAllowed "method-not-allowed"
    /// A path or query beyond the limit.
    UriTooLong "uri-too-long"
    /// Percent-encoding that is broken.
    BadEncoding "bad-encoding"
    /// A parameter that the path does not take.
    UnknownParameter "unknown-parameter"
    /// A parameter given twice.
    RepeatedParameter "repeated-parameter"
    /// Too many parameters.
    TooManyParameters "too-many-parameters"
    /// A parameter whose value does not fit.
    BadParameter "bad-parameter"
    /// A question as of an instant to come.
    TimeNotCome "time-not-come"
    /// A question as of a size that the log has not reached.
    SizeNotReached "size-not-reached"
    /// A question as of an instant and as of a size.
    AsOfTwice "as-of-twice"
    /// A question about the past that rests on more of the log than one answer reads.
    TooMuchPast "too-much-past"
    /// No client certificate.
    CertificateRequired "certificate-required"
    /// The statement is somebody else's.
    OtherIssuer "other-issuer"
    /// A change to a log key that this registry does not hold.
    LogKeyNotHeld "log-key-not-held"
    /// Not both log keys signed that one takes over from the other.
    BadHandover "bad-handover"
    /// The word of a successor that its operator did not sign.
    BadAcceptance "bad-acceptance"
    /// A body of another type.
    UnsupportedMediaType "unsupported-media-type"
    /// A body, or a line of one, beyond the limit.
    TooLarge "too-large"
    /// A body that did not come in time.
    TooSlow "too-slow"
    /// A body that is not what its type says.
    BadBody "bad-body"
    /// A question that is not one by its schema, or about a time to come.
    BadQuestion "bad-question"
    /// A document of a trading network that is broken.
    BadDocument "bad-document"
    /// Documents that have no one answer in the form that is asked for.
    NoSuchAnswer "no-such-answer"
    /// Too many or too large attachments, or one that is not base64.
    BadAttachment "bad-attachment"
    /// A credential that is not whole, contradicts itself, or shows what it must keep back.
    MalformedCredential "malformed-credential"
    /// A nonce that does not wait for this party: used, too old, or another's.
    UnknownNonce "unknown-nonce"
    /// A presentation for somebody else.
    OtherAudience "other-audience"
    /// A presentation that is not bound to its holder and to this occasion.
    NotBound "not-bound"
    /// A credential that this log does not hold.
    UnknownCredential "unknown-credential"
    /// A credential that is over, suspended or not valid any more.
    CredentialNotValid "credential-not-valid"
    /// A status slot that does not wait for this body.
    SlotNotHandedOut "slot-not-handed-out"
    /// Not a compact JWS.
    NotAJws "not-a-jws"
    /// Another header than the one defined.
    BadHeader "bad-jws-header"
    /// Certificates with another statement than a credential.
    CertificatesMisplaced "x5c-misplaced"
    /// An empty list of certificates.
    CertificatesEmpty "x5c-empty"
    /// More certificates than are looked at.
    CertificatesTooMany "x5c-too-many"
    /// A certificate that is too large.
    CertificateTooLarge "x5c-too-large"
    /// A certificate that is not in base64.
    CertificateNotBase64 "x5c-not-base64"
    /// The signature is not the issuer's.
    BadSignature "bad-signature"
    /// The issuer's key does not pass the strict rule.
    BadKey "bad-key"
    /// What is kept is not as the asker had it.
    Changed "changed-meanwhile"
    /// A change that must say to which version it is made.
    ConditionRequired "condition-required"
    /// A party keeps as much of something as it may.
    KeptFull "kept-full"
    /// A cursor on NATS where buyers are served by HTTPS alone.
    NoBuyersOnNats "no-buyers-on-nats"
    /// A path that is not for partners behind a connector.
    ThroughAConnector "through-a-connector"
    /// Somebody asks on behalf of a member that did not let it.
    NotRepresented "not-represented"
    /// An event of somebody else than the partner that the connector let in.
    OtherSender "other-sender"
    /// A search beyond what CX-0135 asks for.
    SearchNotOffered "search-not-offered"
    /// This registry sends no webhooks.
    WebhooksOff "webhooks-off"
    /// Too much waits already.
    Busy "busy"
    /// The disk takes nothing.
    NotDurable "not-durable"
    /// An erasure is recorded, the bytes are still there.
    NotErased "not-erased"
    /// Nothing is acknowledged until a restart.
    Stopped "stopped"
    /// The registry is served by another node.
    Moved "registry-moved"
    /// Too many event streams.
    TooManyStreams "too-many-streams"
    /// No published checkpoint covers it yet.
    NotPublished "not-published"
    /// What it rests on is too much, or not all there, for one bundle.
    NotProvable "not-provable"
    /// The connection's certificate ended while it was used.
    CutOff "cut-off"
    /// No log of that origin is witnessed.
    UnknownLog "unknown-log"
    /// A checkpoint that is not signed by a trusted key of its log.
    UntrustedCheckpoint "untrusted-checkpoint"
    /// A checkpoint that its log signed for a commit, and not to be published.
    CommitCheckpoint "commit-checkpoint"
    /// An old size beyond the checkpoint.
    OldSizeBeyond "old-size-beyond"
    /// A checkpoint of nothing with a root of something.
    EmptyRoot "empty-root"
    /// A checkpoint that is not shown to continue the one cosigned last.
    Inconsistent "inconsistent"
    /// A size that was cosigned, or seen signed, with another root.
    OtherRoot "other-root"
    /// Our own fault.
    Internal "internal"
}

/// The path or query is too long.
pub(super) fn uri_too_long(most: usize) -> Problem {
    let detail = format!("a path or query of more than {most} bytes is not read");
    with_status(414, "The address is too long", Problem::malformed(Code::UriTooLong.as_str(), detail))
}

/// The body is of a type that is not taken.
pub(super) fn unsupported_media_type(taken: &[&str]) -> Problem {
    let detail = format!("send {}; see /openapi.json", taken.join(" or "));
    with_status(415, "Unsupported media type", Problem::malformed(Code::UnsupportedMediaType.as_str(), detail))
}

/// The instant asked about has not come.
pub(super) fn time_not_come(instant: Timestamp) -> Problem {
    Problem::malformed(
        Code::TimeNotCome.as_str(),
        format!("as_of: {instant} has not come yet; leave it out to ask of now"),
    )
}

/// The log has never had the size asked about.
pub(super) fn size_not_reached(size: u64, shown: u64) -> Problem {
    let detail = format!("as_of_size: the log has had 1 to {shown} entries, not {size}");
    Problem::malformed(Code::SizeNotReached.as_str(), detail)
}

/// Two times are asked about.
pub(super) fn as_of_twice() -> Problem {
    let detail = "as_of and as_of_size both name a time; give one of them";
    Problem::malformed(Code::AsOfTwice.as_str(), detail)
}

/// What was made of so many foreign verdicts then is not read for one answer.
pub(super) fn too_much_past() -> Problem {
    let detail = "what was made of all these verdicts then stands in more result lists than one answer reads; ask about single verdicts";
    with_status(409, "The past cannot be told in one answer", Problem::malformed(Code::TooMuchPast.as_str(), detail))
}

/// No published checkpoint covers it yet; one does within about a second.
pub(super) fn not_published() -> Problem {
    Problem::busy(Code::NotPublished.as_str(), "no published checkpoint covers it yet; ask again in a second", 1)
}

/// No bundle can be made of it.
pub(super) fn not_provable(why: &str) -> Problem {
    with_status(409, "It cannot be proven in one bundle", Problem::malformed(Code::NotProvable.as_str(), why))
}

/// The body did not come in time.
pub(super) fn too_slow(seconds: u64) -> Problem {
    let detail = format!("the body did not come within {seconds} seconds; send it faster, or in smaller parts");
    with_status(408, "The request took too long", Problem::malformed(Code::TooSlow.as_str(), detail))
}

/// The body is not what its type says.
pub(super) fn bad_body(why: impl std::fmt::Display) -> Problem {
    Problem::malformed(Code::BadBody.as_str(), cut(&why.to_string()))
}

/// The question cannot be answered as it stands.
pub(super) fn bad_question(why: impl std::fmt::Display) -> Problem {
    Problem::malformed(Code::BadQuestion.as_str(), cut(&why.to_string()))
}

/// A document of a trading network cannot be read.
pub(super) fn bad_document(refusal: &bridges::Refusal, language: Language) -> Problem {
    let detail = cut(&refusal.words(language));
    with_status(422, "The document is refused", Problem::malformed(Code::BadDocument.as_str(), detail))
}

/// Documents cannot be answered in the form that is asked for.
pub(super) fn no_such_answer(why: &str) -> Problem {
    let problem = Problem::malformed(Code::NoSuchAnswer.as_str(), cut(why));
    with_status(422, "There is no such answer", problem)
}

/// An attachment cannot be taken.
pub(super) fn bad_attachment(why: impl std::fmt::Display) -> Problem {
    Problem::malformed(Code::BadAttachment.as_str(), cut(&why.to_string()))
}

/// What a party keeps here was not read or changed.
pub(super) fn kept(error: &ShelfError) -> Problem {
    match error {
        ShelfError::Changed => {
            let problem = Problem::malformed(Code::Changed.as_str(), error.to_string());
            with_status(412, "It changed meanwhile", problem)
        }
        ShelfError::TooLarge { most, .. } => Problem::too_large(*most as u64),
        ShelfError::TooMany { .. } | ShelfError::NoRoom { .. } => {
            let problem = Problem::malformed(Code::KeptFull.as_str(), error.to_string());
            with_status(409, "There is no room for more of it", problem)
        }
        ShelfError::Vault(cause) => {
            vault("the vault does not keep what parties put there", error, cause.needs_restart())
        }
        ShelfError::Unreadable { .. } => internal("what a party keeps could not be read", error),
    }
}

/// Buyers are not served on NATS here.
pub(super) fn no_buyers_on_nats() -> Problem {
    let detail = "this registry serves buyers by HTTPS alone; read /v1/events";
    with_status(409, "Buyers are not served on NATS", Problem::malformed(Code::NoBuyersOnNats.as_str(), detail))
}

/// The operator did not say by which roots receivers are believed.
pub(super) fn webhooks_off() -> Problem {
    let detail = "this registry sends no webhooks; read /v1/events or /v1/events/pull, or ask its operator to set webhooks.ca_roots";
    with_status(501, "It is not offered here", Problem::malformed(Code::WebhooksOff.as_str(), detail))
}

/// A partner that a connector let in asks for what is its member's alone.
pub(super) fn through_a_connector() -> Problem {
    let detail = "a partner that a data-space connector let in (Edc-Bpn) is answered below /v1/catena-x/ alone";
    Problem::forbidden(Code::ThroughAConnector.as_str(), detail)
}

/// Whoever asks on behalf of a member may not, or not that. A member that does not exist, and one that did not let it, look the same.
pub(super) fn not_represented(why: &'static str) -> Problem {
    Problem::forbidden(Code::NotRepresented.as_str(), why)
}

/// An event names another source than the partner that the connector let in.
pub(super) fn other_sender() -> Problem {
    let detail = "source: send events of your own, urn:bpn: and the number that the connector knows you by";
    Problem::forbidden(Code::OtherSender.as_str(), detail)
}

/// A search by an operator or field that not every provider answers.
pub(super) fn search_not_offered(why: &dyn std::fmt::Display) -> Problem {
    let problem = Problem::malformed(Code::SearchNotOffered.as_str(), cut(&why.to_string()));
    with_status(501, "It is not offered here", problem)
}

/// Whether subscriptions may watch as much.
pub(super) fn has_room(left: Headroom) -> Result<(), Problem> {
    match left {
        Headroom::Enough => Ok(()),
        Headroom::FullOfOwner => Err(watched_full()),
        Headroom::Full => Err(watches_full()),
    }
}

/// All parties together would watch too many suppliers.
pub(super) fn watches_full() -> Problem {
    let detail = "this registry watches as many suppliers as it can for all; try again later, or ask its operator";
    Problem::busy(Code::Busy.as_str(), detail, 60)
}

/// The subscriptions of a party would watch too many suppliers.
pub(super) fn watched_full() -> Problem {
    let detail = "the watchlists of your subscriptions may name 200,000 suppliers in all; take some off";
    with_status(409, "There is no room for more of it", Problem::malformed(Code::KeptFull.as_str(), detail))
}

/// The connection must end.
pub(super) fn cut_off() -> Problem {
    let detail = "the certificate ended or was revoked, or the node stops; nothing more is taken on this connection";
    Problem::forbidden(Code::CutOff.as_str(), detail)
}

/// Our own fault: the cause goes to the operator's log, though not as often as somebody asks.
pub(super) fn internal(what: &'static str, error: &dyn std::fmt::Display) -> Problem {
    static FAULTS: LazyLock<Mutex<Hushes>> = LazyLock::new(Mutex::default);
    if let Some(times) = FAULTS.lock().unwrap_or_else(PoisonError::into_inner).heard(what) {
        tracing::error!(%error, times, "{what}");
    }
    Problem::internal(format!("{what}; the node's log says more"))
}

/// A presentation cannot be read, or shows what its credential does not hold.
pub(super) fn malformed_presentation(error: &dyn std::fmt::Display) -> Problem {
    Problem::malformed(Code::MalformedCredential.as_str(), cut(&error.to_string()))
}

/// A presentation answers no nonce that waits for this party.
pub(super) fn unknown_nonce() -> Problem {
    let detail = "the nonce does not wait for you: it was used, is older than five minutes, or is another's; ask for one \
                  at /v1/presentations/nonces";
    not_shown(Code::UnknownNonce, detail)
}

/// A presentation is not bound as it must be.
pub(super) fn not_bound(error: &KeyBindingError) -> Problem {
    let code = match error {
        KeyBindingError::Audience(_) => Code::OtherAudience,
        _ => Code::NotBound,
    };
    not_shown(code, error)
}

/// The log holds no such credential.
pub(super) fn unknown_credential() -> Problem {
    not_shown(Code::UnknownCredential, "this log holds no such credential; present it where it was issued")
}

/// The credential does not count now.
pub(super) fn does_not_hold(error: &dyn std::fmt::Display) -> Problem {
    not_shown(Code::CredentialNotValid, error)
}

fn not_shown(code: Code, why: impl std::fmt::Display) -> Problem {
    let problem = Problem::malformed(code.as_str(), cut(&why.to_string()));
    with_status(422, "The presentation is not accepted", problem)
}

/// A checkpoint was not cosigned.
pub(super) fn not_cosigned(error: &NotCosigned) -> Problem {
    let refusal = match error {
        NotCosigned::Refused(refusal) => refusal,
        NotCosigned::TooOften => return Problem::busy(Code::Busy.as_str(), error.to_string(), 1),
        NotCosigned::NotStored(cause) if cause.needs_restart() => return sequence(&SequenceError::Stopped),
        NotCosigned::NotStored(_) | NotCosigned::NotSigned(_) => {
            return Problem::busy(Code::NotDurable.as_str(), error.to_string(), 10);
        }
    };
    let code = match refusal {
        Refusal::Malformed(_) | Refusal::Conflict { .. } => Code::BadBody,
        Refusal::UnknownLog => Code::UnknownLog,
        Refusal::Untrusted(_) => Code::UntrustedCheckpoint,
        Refusal::Commit => Code::CommitCheckpoint,
        Refusal::OldBeyond { .. } => Code::OldSizeBeyond,
        Refusal::EmptyRoot => Code::EmptyRoot,
        Refusal::Inconsistent => Code::Inconsistent,
        Refusal::OtherRoot { .. } => Code::OtherRoot,
    };
    let problem = Problem::malformed(code.as_str(), cut(&refusal.to_string()));
    with_status(refusal.status(), "The checkpoint is not cosigned", problem)
}

pub(super) fn with_status(status: u16, title: &'static str, problem: Problem) -> Problem {
    Problem { status, title, ..problem }
}

/// A party asks for more than is its share, where a standard names a status for that (SSF 1.0, section 8.1).
pub(super) fn too_often(detail: &str, retry_after: u64) -> Problem {
    with_status(429, "Try again later", Problem::busy(Code::Busy.as_str(), detail, retry_after))
}

/// What a submitter is told, counted unless the sequencer counted it already.
pub(super) fn submission(error: &SubmitError, metrics: &Metrics) -> Problem {
    let problem = match error {
        SubmitError::Intake(error) => intake(error),
        SubmitError::OtherIssuer { .. } => Problem::forbidden(Code::OtherIssuer.as_str(), error.to_string()),
        SubmitError::LogKeyNotHeld => with_status(
            409,
            "The log key is not changed",
            Problem::malformed(Code::LogKeyNotHeld.as_str(), error.to_string()),
        ),
        SubmitError::Sequence(error) => return sequence(error),
        SubmitError::Unreadable(error) => internal("catalogues of the log could not be read", error),
        SubmitError::Disclosures(error) => vault("the vault failed a credential", error, error.needs_restart()),
    };
    metrics.refuse(problem.code());
    problem
}

pub(super) fn vault(what: &'static str, error: &dyn std::fmt::Display, needs_restart: bool) -> Problem {
    tracing::error!(%error, "{what}");
    let later = "the vault cannot store anything now; send it again later";
    if needs_restart { sequence(&SequenceError::Stopped) } else { Problem::busy(Code::NotDurable.as_str(), later, 10) }
}

fn intake(error: &IntakeError) -> Problem {
    let code = match error {
        IntakeError::Unknown(refusal) | IntakeError::Refused(refusal) => return refused(refusal),
        IntakeError::Malformed(StatementError::LogKey(_) | StatementError::Handover(_)) => Code::BadHandover.as_str(),
        IntakeError::Malformed(StatementError::Acceptance(_)) => Code::BadAcceptance.as_str(),
        IntakeError::Malformed(malformed) => malformed.code(),
        IntakeError::NotWhole | IntakeError::Credential(_) => Code::MalformedCredential.as_str(),
        IntakeError::Slot(_) => Code::SlotNotHandedOut.as_str(),
        IntakeError::TooLong(_) => Code::TooLarge.as_str(),
        // The limit is the same on either layer, so the code is too.
        IntakeError::Jws(JwsError::TooLong(bytes)) => Malformed::TooLarge { bytes: *bytes }.code(),
        IntakeError::Jws(JwsError::Malformed(_)) => Code::NotAJws.as_str(),
        IntakeError::Jws(JwsError::Header(_)) => Code::BadHeader.as_str(),
        IntakeError::Jws(JwsError::Certificates(error)) => error.code(),
        IntakeError::Key(_) => Code::BadKey.as_str(),
        IntakeError::Signature(_) => Code::BadSignature.as_str(),
        IntakeError::Attachments => Code::BadAttachment.as_str(),
    };
    Problem::malformed(code, cut(&error.to_string()))
}

/// Errors of the disk name files, which are nobody's business outside.
fn sequence(error: &SequenceError) -> Problem {
    let (code, detail, retry_after) = match error {
        SequenceError::Refused(refusal) => return refused(refusal),
        SequenceError::Busy => (Code::Busy, "too many statements wait for the next commit; send it again", 1),
        SequenceError::NotDurable(_) => {
            (Code::NotDurable, "nothing can be stored now, and nothing was; reading goes on. Send it again later", 10)
        }
        SequenceError::NotErased(_) => (
            Code::NotErased,
            "the erasure is recorded; the bytes go when it is sent again, at the latest with the next start of the node",
            60,
        ),
        // It is about to end; the next question finds nobody here.
        SequenceError::Moved { .. } => {
            (Code::Moved, "the registry is served by another node now; ask its operator where", 60)
        }
        SequenceError::Stopped => {
            (Code::Stopped, "nothing is acknowledged until an operator restarts the node; reading goes on", 60)
        }
    };
    Problem::busy(code.as_str(), detail, retry_after)
}

fn refused(refusal: &RuleRefusal) -> Problem {
    let problem = Problem::refused(refusal);
    Problem { detail: cut(&problem.detail), ..problem }
}
