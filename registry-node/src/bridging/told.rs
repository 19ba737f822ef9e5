//! What is told of documents: who was asked about and what was found, for a program; and the answer to each, in its network's form.
//!
//! Evidence is told beside how its holder stands, as what its sender claims. Out of scope: whom is asked about (`partners`).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bridges::{
    Answer, Document, EXPLANATION_MAX, Evidence, Finding as Stating, Network, Party, PartyIdentifier, Stated,
    Unanswerable,
};
use conformity::identifiers::Identifier;
use conformity::standing::Standing;
use conformity::words::{Language, Params, label};
use jiff::Timestamp;
use ledger::digest::Digest;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use procurement::{Advice, Finding, TradingStep};
use serde::Serialize;

use super::{Asked, Partner, Question};

/// What was found of one partner.
#[derive(Debug, Clone)]
pub struct Found {
    /// What the policy makes of it.
    pub finding: Finding,
    /// What it was made from.
    pub standing: Standing,
    /// As of when.
    pub as_of: Timestamp,
}

/// When, for whom and about what it is answered.
#[derive(Debug, Clone)]
pub struct Occasion<'a> {
    /// The network.
    pub network: Network,
    /// The input, which gives an answer its reference.
    pub input: Digest,
    /// When.
    pub made: Timestamp,
    /// In which language.
    pub language: Language,
    /// Where the registry is, without a slash at its end: where proofs are.
    pub url: &'a str,
}

/// An input, answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bridged {
    network: &'static str,
    /// The input.
    pub input: Digest,
    /// The least favourable advice, where anybody was asked about.
    pub advice: Option<Advice>,
    made: Timestamp,
    /// In the order of the input.
    pub documents: Vec<DocumentTold>,
    notices: Vec<String>,
}

/// One document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentTold {
    kind: &'static str,
    /// What its network calls its kind.
    pub form: String,
    /// What its writer calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<TradingStep>,
    place: String,
    parties: Vec<PartyTold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
    /// What was noticed in it.
    pub notices: Vec<String>,
    /// The least favourable advice, where anybody was asked about.
    pub advice: Option<Advice>,
    /// How each partner stands.
    pub findings: Vec<FindingTold>,
    /// The answer in the network's own form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerTold>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<String>,
}

/// Who takes part in it.
#[derive(Debug, Serialize)]
struct PartyTold {
    role: &'static str,
    code: String,
    place: String,
    identifiers: Vec<IdentifierTold>,
}

/// By what it goes.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum IdentifierTold {
    Known { identifier: Identifier },
    Unread { list: String, value: String, why: String },
}

/// How one partner stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingTold {
    /// As it stood in the document.
    pub named: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<Identifier>,
    /// What may be advised at this step.
    pub advice: Advice,
    /// Why, in words.
    pub explanation: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    judged: Option<Judged>,
    /// Where it can be proven or looked up.
    proof: String,
    as_of: Timestamp,
    /// Beside evidence: what the registry knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<Standing>,
}

/// What a policy made of it.
#[derive(Debug, Serialize)]
struct Judged {
    found: Advice,
    rules: Vec<procurement::Ruling>,
    because: Vec<conformity::words::Said>,
}

/// The answer to a document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerTold {
    reference: String,
    /// In lower case.
    pub media_type: &'static str,
    /// Base64.
    content: String,
    /// The same.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

impl Bridged {
    /// What is told of `asked`, with what was `found` of each question.
    #[must_use]
    pub fn new(asked: &Asked, found: &BTreeMap<Question, Found>, occasion: &Occasion<'_>) -> Bridged {
        let documents = asked.reading.documents.iter().zip(&asked.partners).enumerate();
        let documents: Vec<DocumentTold> = documents
            .map(|(position, (document, partners))| {
                let one = One { document, partners, found, occasion };
                one.told(position)
            })
            .collect();
        Bridged {
            network: occasion.network.as_str(),
            input: occasion.input,
            advice: documents.iter().filter_map(|document| document.advice).max(),
            made: occasion.made,
            documents,
            notices: asked.reading.notices.iter().map(|notice| notice.words(occasion.language)).collect(),
        }
    }
}

/// One document with what was found of its partners.
struct One<'a> {
    document: &'a Document,
    partners: &'a [Partner],
    found: &'a BTreeMap<Question, Found>,
    occasion: &'a Occasion<'a>,
}

impl One<'_> {
    fn told(&self, position: usize) -> DocumentTold {
        let Self { document, occasion, .. } = self;
        let language = occasion.language;
        let findings: Vec<FindingTold> =
            self.partners.iter().filter_map(|partner| self.finding(partner, language)).collect();
        let (answer, unanswered) = match self.answer(position, &findings) {
            Ok(answer) => (Some(answer), None),
            Err(why) => (None, Some(why)),
        };
        DocumentTold {
            kind: document.kind.as_str(),
            form: document.form.clone(),
            reference: document.reference.clone(),
            step: document.step,
            place: document.place.words(language),
            parties: document.parties.iter().map(|party| told_party(party, language)).collect(),
            evidence: document.evidence.clone(),
            notices: document.notices.iter().map(|notice| notice.words(language)).collect(),
            advice: findings.iter().map(|finding| finding.advice).max(),
            findings,
            answer,
            unanswered,
        }
    }

    /// What is told of a partner. Of one that cannot be looked up: that it must be known first, so that leaving a number out is no
    /// way to pass.
    fn finding(&self, partner: &Partner, language: Language) -> Option<FindingTold> {
        let (named, code, why) = match partner {
            Partner::Known { named, question } => return self.judged(named, question, language),
            Partner::Unread { named, why } => (named, "partner-unread", why.words(language)),
            Partner::Unidentified { named } => (named, "partner-unidentified", String::new()),
        };
        let params = Params::default().with("partner", named);
        let params = if why.is_empty() { params } else { params.with("why", why) };
        Some(FindingTold {
            named: named.clone(),
            partner: None,
            advice: self.document.step?.allows(Advice::Conditional),
            explanation: label(code, language, &params),
            judged: None,
            proof: self.occasion.url.to_owned(),
            as_of: self.occasion.made,
            standing: None,
        })
    }

    fn judged(&self, named: &str, question: &Question, language: Language) -> Option<FindingTold> {
        let Found { finding, standing, as_of } = self.found.get(question)?;
        let finding = finding.clone().told(language);
        Some(FindingTold {
            named: named.to_owned(),
            partner: Some(question.partner.clone()),
            advice: finding.advice,
            explanation: words(&finding, language),
            proof: proof(&finding, &question.partner, self.occasion.url),
            judged: Some(Judged { found: finding.found, rules: finding.rules, because: finding.because }),
            as_of: *as_of,
            standing: self.document.evidence.is_some().then(|| standing.clone()),
        })
    }

    /// The answer in the network's form; in English where the asker's character set does not have the letters of the language.
    fn answer(&self, position: usize, findings: &[FindingTold]) -> Result<AnswerTold, String> {
        let language = self.occasion.language;
        if self.document.step.is_none() {
            return Err(label("bridge-no-step", language, &Params::default()));
        }
        if findings.is_empty() {
            return Err(label("bridge-no-partner", language, &Params::default()));
        }
        let written = match self.write(position, findings) {
            Err(Unanswerable::Characters { .. }) if language != Language::English => {
                let again = self.partners.iter().filter_map(|partner| self.finding(partner, Language::English));
                self.write(position, &again.collect::<Vec<_>>())
            }
            written => written,
        };
        written.map_err(|why| why.words(language))
    }

    fn write(&self, position: usize, findings: &[FindingTold]) -> Result<AnswerTold, Unanswerable> {
        let answer = self.named(position, findings.iter().map(stating).collect());
        let bytes = bridges::bridge(self.document.network).answer(self.document, &answer)?;
        let content = BASE64_STANDARD.encode(&bytes);
        Ok(AnswerTold { reference: answer.reference, media_type: self.document.answer_type(), content, bytes })
    }

    /// An answer whose names follow from the input, its place in it, and the time: sent twice, it is seen to be one.
    fn named(&self, position: usize, findings: Vec<Stating>) -> Answer {
        let Occasion { input, made, .. } = self.occasion;
        let digest = Digest::of(format!("{input} {position} {made}").as_bytes());
        let mut name = [0; 16];
        name.copy_from_slice(&digest.as_bytes()[16..]);
        Answer {
            reference: digest.to_string()[..14].to_uppercase(),
            uuid: uuid::Builder::from_custom_bytes(name).into_uuid().to_string(),
            made: *made,
            findings,
        }
    }
}

/// All that a finding says, in `language`.
pub fn words(finding: &Finding, language: Language) -> String {
    let sentences: Vec<String> = finding.said().map(|said| said.words(language)).collect();
    sentences.join(match language {
        Language::English => " ",
        Language::Japanese => "",
    })
}

fn stating(told: &FindingTold) -> Stating {
    let stated = Stated {
        advice: told.advice,
        explanation: shortened(&told.explanation),
        proof: told.proof.clone(),
        as_of: told.as_of,
    };
    Stating { party: told.named.clone(), stated }
}

/// As much of it as a form carries, on one line; whoever wants all of it asks for JSON.
fn shortened(text: &str) -> String {
    const MORE: &str = " ...";
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if line.chars().count() <= EXPLANATION_MAX {
        return line;
    }
    line.chars().take(EXPLANATION_MAX - MORE.len()).chain(MORE.chars()).collect()
}

/// The bundle of the first verdict that it rests on; where it rests on none, how the partner stands, for absence is proven to the
/// partner alone.
fn proof(finding: &Finding, partner: &Identifier, url: &str) -> String {
    match finding.rests_on().first() {
        Some(verdict) => format!("{url}/v1/verdicts/{verdict}/proof"),
        None => {
            let partner = partner.to_string();
            format!("{url}/v1/suppliers/{}/standing", utf8_percent_encode(&partner, NON_ALPHANUMERIC))
        }
    }
}

fn told_party(party: &Party, language: Language) -> PartyTold {
    let identifiers = party.identifiers.iter().map(|identifier| match identifier {
        PartyIdentifier::Known(identifier) => IdentifierTold::Known { identifier: identifier.clone() },
        PartyIdentifier::Unread { list, value, why } => {
            IdentifierTold::Unread { list: list.clone(), value: value.clone(), why: why.words(language) }
        }
    });
    PartyTold {
        role: party.role.as_str(),
        code: party.code.clone(),
        place: party.place.words(language),
        identifiers: identifiers.collect(),
    }
}
