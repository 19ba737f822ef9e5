//! What an event says to people, beside the event: over HTTPS in the language that a reader asks for by `lang`, on NATS, where one message
//! goes to all buyers, in both.
//!
//! In scope: two more members, `text` and `textlang`, or `texten` and `textja`, behind those that everybody gets, whose bytes stay what
//! they are. Out of scope: the sentences (`conformity::words`), which events there are (`core::event`).

use bytes::{BufMut, Bytes, BytesMut};
use conformity::recognised::Recognition;
use conformity::recognition::told;
use conformity::words::{self, Language, Params};
use serde_json::Value;

use super::event::Event;

/// The event with its words in `language`.
pub fn in_words(event: &Event, language: Language) -> Bytes {
    let text = told_by(event).and_then(|envelope| sentence(event, &envelope, language));
    let members = text.map(|text| [("text", text), ("textlang", language.to_string())]);
    with_members(&event.json, members.as_ref().map_or(&[], |members| members))
}

/// The event with its words in every language: who reads a message that all get cannot say which.
pub fn in_all_languages(event: &Event) -> Bytes {
    let Some(envelope) = told_by(event) else { return event.json.clone() };
    let told = |language| Some((member(language), sentence(event, &envelope, language)?));
    with_members(&event.json, &Language::ALL.into_iter().filter_map(told).collect::<Vec<_>>())
}

/// Names of attributes of CloudEvents have no hyphen (CloudEvents 1.0.2, "Attribute Naming Convention").
const fn member(language: Language) -> &'static str {
    match language {
        Language::English => "texten",
        Language::Japanese => "textja",
    }
}

fn told_by(event: &Event) -> Option<Value> {
    serde_json::from_slice(&event.json).ok()
}

/// The event with these members behind its own, which stay as they are, to the byte.
pub(crate) fn with_members(json: &Bytes, members: &[(&str, String)]) -> Bytes {
    let Some(open) = json.strip_suffix(b"}").filter(|_| !members.is_empty()) else { return json.clone() };
    let mut told = BytesMut::with_capacity(json.len() + members.iter().map(|(_, text)| text.len() + 24).sum::<usize>());
    told.put_slice(open);
    for (name, text) in members {
        // A string always has a JSON form.
        let text = serde_json::to_string(text).unwrap_or_default();
        told.put_slice(format!(",\"{name}\":{text}").as_bytes());
    }
    told.put_slice(b"}");
    told.freeze()
}

fn sentence(event: &Event, envelope: &Value, language: Language) -> Option<String> {
    let data = &envelope["data"];
    let about = if data["recognition"].is_object() { &data["recognition"] } else { data };
    let named = [
        ("verdict", about["verdict"].as_str()),
        ("supplier", about["supplier"]["name"].as_str()),
        ("scheme", about["scheme"].as_str()),
        ("arrangement", data["arrangement"].as_str()),
        ("bulletin", data["name"].as_str()),
        ("crosswalk", data["crosswalk"].as_str()),
        ("predecessor", data["predecessor"].as_str()),
        ("successor", data["successor"].as_str()),
        ("url", data["httpUrl"].as_str()),
    ];
    let given = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let params = given.fold(Params::default(), |params, (name, value)| params.with(name, value));
    let sentence = words::event(&event.kind, language, &params)?;
    let recognition: Option<Recognition> = serde_json::from_value(data["recognition"].clone()).ok();
    let more = recognition.map(|recognition| told(&recognition, language).explanation.to_string());
    Some(match (more, language) {
        (None, _) => sentence,
        (Some(more), Language::English) => format!("{sentence} {more}"),
        (Some(more), Language::Japanese) => format!("{sentence}{more}"),
    })
}
