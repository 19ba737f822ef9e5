//! A certificate that people read: one page of HTML, made of a bundle that was verified, in English or Japanese.
//!
//! ```text
//! bundle ─credential::bundle::verify▶ Verified ─page▶ HTML: no script, nothing loaded from anywhere, fit to be printed
//! ```
//!
//! The page proves nothing by itself: it says so, and leads back to the registry by its address and a QR code (ISO/IEC 18004)
//! of it. What was found requirement by requirement is never on it, even where the bundle discloses it: a certificate is
//! shown around. In scope: what is on the page. Out of scope: its words, see `words`; whether the bundle holds.

mod words;

use std::fmt::Display;

use conformity::credential::{CredentialStatus, Reach};
use conformity::recognised::{Recognition, RecognitionOutcome};
use conformity::verdict::{Profile, SelfEvaluation, StateName, Supplier};
use credential::attestation::Web;
use credential::bundle::{Finding, Own, Verified};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

pub use words::Language;
use words::Words;

/// Nothing but the page itself: no script, no request, whatever its texts say.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const STYLE: &str = include_str!("certificate/style.css");

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The log's genesis names no web address that a reader could be led to.
    #[error("{0} is not a did:web: the certificate could not lead to the registry")]
    Address(String),
    /// The address is longer than a QR code can hold.
    #[error("the address has {0} bytes, which no QR code holds")]
    TooLong(usize),
}

/// The page.
///
/// # Errors
/// [`CertificateError`]: the registry's address cannot be shown.
pub fn page(verified: &Verified, language: Language) -> Result<String, CertificateError> {
    let words = language.words();
    let did = verified.log.did_web.as_str();
    let web = Web::of(did).ok_or_else(|| CertificateError::Address(did.to_owned()))?;
    let address = web.verdict(&verified.verdict);
    let code = code(&address)?;
    let declared = match &verified.finding {
        Finding::Own(own) => own.terms.provenance.self_declared().is_some(),
        Finding::Foreign(record) => record.recognition.self_declared.is_some(),
    };
    let page = html! {
        (DOCTYPE)
        html lang=(language.tag()) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width";
                meta name="referrer" content="no-referrer";
                title { (if declared { words.declaration } else { words.title }) " " (verified.verdict) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    header { h1 { (if declared { words.declaration } else { words.title }) } p.registry { bdi { (verified.log.name) } } }
                    @if let Some(closed) = &verified.closed { p.warning { (words.closed(closed)) } }
                    @match &verified.finding {
                        Finding::Own(own) => (self::own(verified, own, words)),
                        Finding::Foreign(record) => (foreign(verified, &record.recognition, words)),
                    }
                    (check(verified, &address, &code, words))
                }
            }
        }
    };
    Ok(page.into_string())
}

/// A verdict of the registry itself.
fn own(verified: &Verified, own: &Own, words: &Words) -> Markup {
    let reach = kept_back(own);
    let summary = own.terms.profile == Profile::Summary;
    let level = own.then.level.as_ref().or_else(|| reach.and_then(|reach| reach.level.as_ref()));
    let (sites, exclusions) = match reach {
        Some(reach) => (&reach.sites, &reach.exclusions),
        None => (&own.then.sites, &own.then.exclusions),
    };
    let terms = &own.terms;
    html! {
        @if own.fictional { p.warning { (words.fictional) } }
        (state(own.state, own.in_force, verified, words))
        dl {
            (row(words.verdict, &verified.verdict))
            (row(words.supplier, called(&terms.supplier, words)))
            (row(words.identifier, &terms.supplier.id))
            (row(words.object, object(&terms.object.name, terms.object.version.as_ref())))
            (row(words.scheme, &terms.scheme))
            (row(words.viewpoints, viewpoints(own.then.viewpoints, words)))
            (told(words.level, level.into_iter(), summary, words))
            (row(words.scope, &own.then.scope))
            (told(words.sites, sites.iter(), summary, words))
            (told(words.exclusions, exclusions.iter(), summary, words))
            (row(words.valid_from, terms.valid_from))
            (row(words.valid_until, own.then.valid_until.map_or_else(|| words.until_changed.to_owned(), |day| day.to_string())))
            @if let Some(until) = own.then.lapsed.as_ref().and_then(|lapsed| lapsed.window()) {
                (row(words.window, instant(until)))
            }
            (row(issuer(own, words), own.issuer_name.as_ref().map_or_else(|| own.then.issuer.to_string(), ToString::to_string)))
            @if let Some(answering) = &own.answered_by {
                (row(words.successor, answering.name.as_ref().map_or_else(|| answering.speaking.body.to_string(), ToString::to_string)))
            }
            (row(words.accreditation, own.accreditation.as_ref().map_or_else(|| words.none.to_owned(), ToString::to_string)))
        }
        @if own.terms.provenance.self_declared().is_some() {
            p.warning { (if own.then.confirmed.is_some() { words.confirmed } else { words.self_declared }) }
        }
        @if own.terms.provenance.is_transcribed() { p.warning { (words.transcribed) } }
        @if reach.is_some() || terms.profile == Profile::Restricted { p.note { (words.kept_back) } }
    }
}

/// What whoever answers for the verdict is to it.
fn issuer(own: &Own, words: &Words) -> &'static str {
    match own.terms.provenance.self_declared() {
        None => words.body,
        Some(declared) if declared.mandate.is_some() => words.sponsor,
        Some(_) => words.declarer,
    }
}

/// The reach of a verdict that the log shows in summary: only its credential says it, as long as that says what holds.
fn kept_back(own: &Own) -> Option<&Reach> {
    let shown = own.credential.as_ref().filter(|shown| shown.status != CredentialStatus::Invalid)?;
    shown.detail.reach.as_ref().filter(|_| own.terms.profile == Profile::Summary)
}

/// What the registry makes of another's verdict.
fn foreign(verified: &Verified, recognition: &Recognition, words: &Words) -> Markup {
    let over = recognition.valid_until.is_some_and(|day| day.end() <= verified.at);
    let counts = recognition.outcome != RecognitionOutcome::Refused && !over;
    html! {
        @if let Some(declared) = recognition.self_declared {
            p.warning { (if declared == SelfEvaluation::ExpertConfirmed { words.confirmed } else { words.self_declared }) }
        }
        p class=(if counts { "state" } else { "state off" }) {
            span { (words.outcome(recognition.outcome)) @if over { " · " (words.not_in_force) } }
            small { (words.as_of) " " (instant(verified.at)) }
        }
        dl {
            (row(words.verdict, &verified.verdict))
            (row(words.supplier, called(&recognition.supplier, words)))
            (row(words.identifier, &recognition.supplier.id))
            (row(words.object, object(&recognition.object.name, recognition.object.version.as_ref())))
            (row(words.scheme, &recognition.scheme))
            (row(words.viewpoints, viewpoints(recognition.viewpoints, words)))
            @if let Some(level) = &recognition.level { (row(words.level, level)) }
            (row(words.state_there, words.state(recognition.state)))
            @if let Some(day) = recognition.valid_until { (row(words.valid_until, day)) }
            @if let Some(arrangement) = &recognition.arrangement {
                (row(words.arrangement, format_args!("{} ({} {})", arrangement.id, words.version, arrangement.version)))
            }
            @if let Some(counts) = &recognition.counts_as {
                (row(words.counts_as, format_args!("{} {}", counts.scheme, counts.level.as_ref().map_or("", |level| level.as_str()))))
            }
            (row(words.explanation, &recognition.explanation))
        }
    }
}

fn state(state: StateName, in_force: bool, verified: &Verified, words: &Words) -> Markup {
    let class = if in_force { "state" } else { "state off" };
    html! {
        p class=(class) {
            span { (words.state(state)) " · " (if in_force { words.in_force } else { words.not_in_force }) }
            small { (words.as_of) " " (instant(verified.at)) }
        }
    }
}

/// How a reader finds out whether the page is true, and still so.
fn check(verified: &Verified, address: &str, code: &str, words: &Words) -> Markup {
    let witnesses = &verified.checkpoint.witnesses;
    html! {
        footer {
            div.code { (PreEscaped(code)) }
            div {
                h2 { (words.check) }
                p { (words.proves_nothing) }
                p.address { (address) }
                dl {
                    (row(words.log, &verified.origin))
                    (row(words.checkpoint, format_args!("{} · {}", verified.checkpoint.size, instant(verified.checkpoint.at))))
                    (row(words.root, verified.checkpoint.root))
                    (row(words.witnesses, if witnesses.is_empty() { words.none.to_owned() } else { witnesses.join(", ") }))
                }
                pre { "registry-node verify bundle.json --trust policy.toml" }
            }
        }
    }
}

/// As people write it.
fn instant(at: Timestamp) -> impl Display {
    at.strftime("%F %T UTC")
}

/// Texts come from anybody: each is kept from reordering its surroundings.
fn row(name: &str, value: impl Display) -> Markup {
    html! { dt { (name) } dd { bdi { (value.to_string()) } } }
}

/// All values. Where the log shows a verdict in summary, none is no news: whoever made the bundle may have left them out.
fn told<T: Display>(name: &str, values: impl ExactSizeIterator<Item = T>, summary: bool, words: &Words) -> Markup {
    html! {
        @if values.len() > 0 {
            dt { (name) }
            @for value in values { dd { bdi { (value.to_string()) } } }
        } @else if summary {
            (row(name, words.not_shown))
        }
    }
}

/// The name of a supplier; a natural person has none here, and the identifier stands below.
fn called(supplier: &Supplier, words: &Words) -> String {
    if supplier.person { words.person.to_owned() } else { supplier.name.to_string() }
}

fn object(name: &impl Display, version: Option<&impl Display>) -> String {
    version.map_or_else(|| name.to_string(), |version| format!("{name} {version}"))
}

fn viewpoints(viewpoints: conformity::viewpoint::Viewpoints, words: &Words) -> String {
    let names: Vec<&str> = viewpoints.iter().map(|viewpoint| words.viewpoint(viewpoint)).collect();
    names.join(words.comma)
}

fn code(address: &str) -> Result<String, CertificateError> {
    let code = QrCode::with_error_correction_level(address, EcLevel::M)
        .map_err(|_| CertificateError::TooLong(address.len()))?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(160, 160).build();
    // An XML declaration has no place inside HTML.
    Ok(drawn.split_once("?>").map_or(drawn.as_str(), |(_, svg)| svg).to_owned())
}

#[cfg(test)]
mod tests;
