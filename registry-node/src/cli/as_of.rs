//! Of which time a question is: the same three options wherever one can be asked of the past.

use clap::Args;
use conformity::as_of::Known;
use conformity::words::{Language, Params, label};
use jiff::Timestamp;
use serde_json::Value;

use super::standing::escape;

/// The time of a question.
#[derive(Debug, Default, Args)]
pub(super) struct AsOf {
    /// As of this instant [default: now]
    #[arg(long, value_name = "TIME", conflicts_with = "as_of_size")]
    as_of: Option<Timestamp>,
    /// As of when the log had so many entries
    #[arg(long, value_name = "ENTRIES")]
    as_of_size: Option<u64>,
    /// then: as the registry knew at that time; now: as it is known today to have been [default: then]
    #[arg(long, value_name = "WHEN")]
    known: Option<Known>,
}

impl AsOf {
    /// As members of a query.
    pub(super) fn members(&self) -> [(&'static str, Option<String>); 3] {
        [
            ("as_of", self.as_of.map(|time| time.to_string())),
            ("as_of_size", self.as_of_size.map(|size| size.to_string())),
            ("known", self.known.map(|known| known.to_string())),
        ]
    }

    /// Appended to the path of a question; whatever members it has.
    pub(super) fn appended(&self, path: &str) -> String {
        let given = self.members().into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.fold(path.to_owned(), |path, (name, value)| {
            let joint = if path.contains('?') { '&' } else { '?' };
            format!("{path}{joint}{name}={}", escape(&value))
        })
    }
}

/// Of which time an answer is, where it says so.
pub(super) fn told(answer: &Value, language: Language) -> Option<String> {
    let (at, known) = (answer["asOf"].as_str()?, answer["known"].as_str()?);
    let params = Params::default().with("at", at);
    let params = answer["asOfSize"].as_u64().into_iter().fold(params, |params, size| params.with("size", size));
    Some(label(if known == "now" { "as-of-now" } else { "as-of-then" }, language, &params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_question_is_of_a_time_in_the_words_of_http() {
        let now = AsOf::default();
        let size = AsOf { as_of_size: Some(7), known: Some(Known::Now), ..AsOf::default() };
        let rows = [
            (now.appended("/v1/schemes"), "/v1/schemes"),
            (size.appended("/v1/schemes"), "/v1/schemes?as_of_size=7&known=now"),
            (size.appended("/v1/schemes?limit=3"), "/v1/schemes?limit=3&as_of_size=7&known=now"),
        ];
        for (path, expected) in rows {
            assert_eq!(path, expected);
        }
    }

    #[test]
    fn an_answer_says_whose_knowledge_it_is() {
        let past = json!({"asOf": "2026-06-30T00:00:00Z", "asOfSize": 7, "known": "then"});
        let words = "as of 2026-06-30T00:00:00Z, 7 entries, as the registry then knew";
        assert_eq!(told(&past, Language::English).as_deref(), Some(words));
        let present = json!({"asOf": "2026-06-30T00:00:00Z"});
        assert_eq!(told(&present, Language::Japanese), None, "the present says nothing");
    }
}
