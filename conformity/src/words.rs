//! What answers say, in English and Japanese: a code with parameters for machines, worded from tables for people.
//!
//! In scope: languages, parameters, how a row of a table becomes a sentence. The tables are in `gaps` (what keeps a verdict from
//! counting), `remedies` (what would change the answer), `answers` (standing and absences), `refusals` (statements), `events` (what
//! happened), `procurement` (what a buyer's policy makes of a standing), `labels` (what stands around answers), `commands` (the same of operators' and bodies' commands), `trust_query` (messages of that protocol), `steps` (what was checked of a bundle), `hindrances` (why
//! subscribers are not told something).
//! Out of scope: who asks in which language; the edge knows.
//!
//! ```text
//! {name}    the parameter as it is
//! {=name}   the parameter, word by word, as `phrases` has it in the language; as it is where that has none
//! {#name}   so many verdicts
//! ```
//!
//! A code may have several rows: the first whose parameters are all given is used.

mod answers;
mod commands;
mod events;
mod gaps;
mod hindrances;
mod labels;
mod phrases;
mod procurement;
mod refusals;
mod remedies;
mod steps;
#[cfg(test)]
mod tests;
mod trust_query;

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::ReasonCode;
use crate::text::Text;

pub(crate) use answers::{DECLARED, DECLARED_AND_CONFIRMED, ROWS as ANSWERS};
pub(crate) use commands::ROWS as COMMANDS;
pub(crate) use events::ROWS as EVENTS;
pub(crate) use gaps::ROWS as GAPS;
pub(crate) use hindrances::ROWS as HINDRANCES;
pub(crate) use labels::ROWS as LABELS;
pub(crate) use phrases::phrase;
pub(crate) use procurement::ROWS as PROCUREMENT;
pub(crate) use refusals::ROWS as REFUSALS;
pub(crate) use remedies::ROWS as REMEDIES;
pub(crate) use steps::ROWS as STEPS;
pub(crate) use trust_query::ROWS as TRUST_QUERY;

/// A language that answers are given in (RFC 5646).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Language {
    /// `en`
    #[default]
    English,
    /// `ja`
    Japanese,
}

impl Language {
    /// Every language that answers are given in.
    pub const ALL: [Self; 2] = [Self::English, Self::Japanese];

    /// The tag.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }

    /// The best of a list of languages with weights (RFC 9110, section 12.5.4); English where none of them is ours, and among equals
    /// the first.
    pub fn preferred(list: &str) -> Self {
        let mut best = (Self::English, 0.0);
        for range in list.split(',').take(MAX_RANGES) {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok()).unwrap_or(0.0);
            if let Ok(language) = tag.parse()
                && weight > best.1
            {
                best = (language, weight);
            }
        }
        best.0
    }
}

/// Most ranges of a list of languages that are looked at.
const MAX_RANGES: usize = 16;

impl Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A language that no answer is given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("answers are given in en and ja")]
pub struct UnknownLanguage;

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads a tag; its region does not matter.
    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        let primary = text.trim().split(['-', '_', '.', '@']).next().unwrap_or_default();
        let known = Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.as_str()));
        known.ok_or(UnknownLanguage)
    }
}

/// A sentence in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence {
    /// What it says, for machines. Stable.
    pub code: &'static str,
    /// In English, with the names of parameters in braces.
    pub en: &'static str,
    /// In Japanese.
    pub ja: &'static str,
    /// The code of what would change the answer; empty where that is part of the sentence or nothing would.
    pub remedy: &'static str,
}

impl Sentence {
    /// The wording of `language`.
    pub const fn wording(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Japanese => self.ja,
        }
    }
}

/// A row that names no remedy.
pub(crate) const fn plain(code: &'static str, en: &'static str, ja: &'static str) -> Sentence {
    Sentence { code, en, ja, remedy: "" }
}

/// What a sentence is about, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(BTreeMap<ReasonCode, Text<280>>);

impl Params {
    /// Adds a parameter; an underscore in its name becomes a hyphen. A value of more than 280 bytes is cut.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        self.0.insert(certain(&name.replace('_', "-"), "parameter"), text(&value.to_string()));
        self
    }

    /// The value of a parameter.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.as_str() == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What would change the answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Remedy {
    /// What would, for machines.
    pub code: ReasonCode,
    /// The same in words, in an answer. What is recorded has the code only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<560>>,
}

impl Remedy {
    /// The remedy of that code, without words; nothing for an empty one.
    pub(crate) fn of(code: &'static str) -> Option<Self> {
        (!code.is_empty()).then(|| Self { code: certain(code, "remedy"), text: None })
    }

    /// The remedy in words.
    pub(crate) fn told(&self, language: Language) -> Self {
        let words = say(REMEDIES, self.code.as_str(), language, &Params::default());
        Self { code: self.code.clone(), text: words.map(|words| text(&words)) }
    }
}

/// One thing that an answer says: for machines, and the words are those of its explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Said {
    /// What is said.
    pub code: ReasonCode,
    /// What about.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// What would change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
}

impl Said {
    /// A sentence of `answers`.
    pub(crate) fn new(code: &'static str, params: Params) -> Self {
        Self::of(ANSWERS, code, params)
    }

    /// What a buyer's policy makes of a standing: a sentence of `procurement`.
    pub fn judged(code: &'static str, params: Params) -> Self {
        Self::of(PROCUREMENT, code, params)
    }

    fn of(rows: &[Sentence], code: &'static str, params: Params) -> Self {
        let remedy = row(rows, code, &params).and_then(|row| Remedy::of(row.remedy));
        Self { code: certain(code, "said"), params, remedy }
    }

    /// The sentence; empty for a code that has none.
    pub fn words(&self, language: Language) -> String {
        let told = |rows| say(rows, self.code.as_str(), language, &self.params);
        told(ANSWERS).or_else(|| told(PROCUREMENT)).unwrap_or_default()
    }

    /// The same, with the remedy in words.
    #[must_use]
    pub fn told(&self, language: Language) -> Self {
        Self { remedy: self.remedy.as_ref().map(|remedy| remedy.told(language)), ..self.clone() }
    }
}

/// The first row of `code` whose parameters are all given.
pub(crate) fn row<'r>(rows: &'r [Sentence], code: &str, params: &Params) -> Option<&'r Sentence> {
    let given = |row: &&Sentence| names(row.en).all(|(_, name)| params.value(name).is_some());
    rows.iter().filter(|row| row.code == code).find(given)
}

/// The sentence of `code` in `language`.
pub(crate) fn say(rows: &[Sentence], code: &str, language: Language, params: &Params) -> Option<String> {
    fill(row(rows, code, params)?.wording(language), language, params)
}

/// What an event of this kind says, such as `verdict.suspended`; by the words of its family where the kind has none of its own, and
/// nothing where neither fits what is given.
pub fn event(kind: &str, language: Language, params: &Params) -> Option<String> {
    let family = || kind.split('.').next().and_then(|family| say(EVENTS, family, language, params));
    say(EVENTS, kind, language, params).or_else(family)
}

/// Every kind of event that has words of its own, such as `verdict.suspended`.
pub fn event_kinds() -> impl Iterator<Item = &'static str> {
    let own = EVENTS.iter().map(|row| row.code).filter(|code| code.contains('.'));
    // One kind may have several rows, which stand together.
    let mut last = "";
    own.filter(move |code| std::mem::replace(&mut last, code) != *code)
}

/// The English sentence of a kind of event, its parameters in braces.
pub fn event_sentence(kind: &str) -> Option<&'static str> {
    EVENTS.iter().find(|row| row.code == kind).map(|row| row.en)
}

/// What stands around an answer under this code; empty where there is no such label, or not with these parameters.
pub fn label(code: &str, language: Language, params: &Params) -> String {
    say(LABELS, code, language, params).or_else(|| say(COMMANDS, code, language, params)).unwrap_or_default()
}

/// The message of an answer of the Trust Registry Query Protocol; empty where the code has none with these parameters.
pub fn trust_query(code: &str, language: Language, params: &Params) -> String {
    say(TRUST_QUERY, code, language, params).unwrap_or_default()
}

/// What was found by checking a bundle; empty where the code has none with these parameters.
pub fn step(code: &str, language: Language, params: &Params) -> String {
    say(STEPS, code, language, params).unwrap_or_default()
}

/// Why a subscriber is not told something; empty where the code has no words.
pub fn hindrance(code: &str, language: Language) -> String {
    say(HINDRANCES, code, language, &Params::default()).unwrap_or_default()
}

/// A refusal of that code in Japanese; nothing for a code that is not of the rules.
pub fn refusal_in_japanese(code: &str, params: &Params) -> Option<String> {
    let (_, ja) = REFUSALS.iter().find(|(known, _)| *known == code)?;
    fill(ja, Language::Japanese, params)
}

/// A template with its parameters filled in; nothing where one is missing.
fn fill(template: &str, language: Language, params: &Params) -> Option<String> {
    let (mut words, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}')?;
        words.push_str(before);
        words.push_str(&filled(name, language, params)?);
        rest = behind;
    }
    words.push_str(rest);
    Some(words)
}

fn filled(placeholder: &str, language: Language, params: &Params) -> Option<String> {
    let value = |name: &str| params.value(name).map(str::to_owned);
    if let Some(name) = placeholder.strip_prefix('=') {
        return value(name).map(|value| phrases::worded(&value, language));
    }
    match placeholder.strip_prefix('#') {
        Some(name) => value(name).map(|count| verdicts(&count, language)),
        None => value(placeholder),
    }
}

fn verdicts(count: &str, language: Language) -> String {
    match (language, count) {
        (Language::English, "1") => "1 verdict".to_owned(),
        (Language::English, _) => format!("{count} verdicts"),
        (Language::Japanese, _) => format!("{count} 件"),
    }
}

/// The placeholders of a template, each with its mark.
fn names(template: &str) -> impl Iterator<Item = (Option<char>, &str)> {
    template.split('{').skip(1).filter_map(|piece| piece.split_once('}')).map(|(name, _)| {
        let mark = name.chars().next().filter(|first| ['=', '#'].contains(first));
        (mark, name.trim_start_matches(['=', '#']))
    })
}

/// Text of at most `MAX` bytes. What does not fit is cut after a whole character and marked.
pub fn text<const MAX: usize>(words: &str) -> Text<MAX> {
    const MARK: &str = "…";
    if words.len() <= MAX {
        return certain(words, "-");
    }
    let mut end = MAX.saturating_sub(MARK.len());
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    certain(&format!("{}{MARK}", &words[..end]), "-")
}

/// Parses what this crate itself wrote; `spare` stands in for what does not parse, and always parses.
pub(crate) fn certain<T: FromStr>(words: &str, spare: &'static str) -> T {
    let mut words = words;
    loop {
        match words.parse() {
            Ok(parsed) => return parsed,
            Err(_) => words = spare,
        }
    }
}
