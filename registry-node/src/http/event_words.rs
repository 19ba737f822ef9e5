//! What an event says to people, beside the event: for readers who ask for it by `lang`.
//!
//! In scope: two more members, `text` and `textlang`, behind those that everybody gets, whose bytes stay what they are. Out of scope: the
//! sentences (`conformity::words`), which events there are (`core::event`).

use bytes::{BufMut, Bytes, BytesMut};
use conformity::recognised::Recognition;
use conformity::recognition::told;
use conformity::words::{self, Language, Params};
use serde_json::Value;

use crate::core::event::Event;

/// The event with its words in `language`.
pub(super) fn in_words(event: &Event, language: Language) -> Bytes {
    let Some((open, sentence)) = event.json.strip_suffix(b"}").zip(sentence(event, language)) else {
        return event.json.clone();
    };
    let mut json = BytesMut::with_capacity(event.json.len() + sentence.len() + 48);
    json.put_slice(open);
    // A string always has a JSON form.
    let text = serde_json::to_string(&sentence).unwrap_or_default();
    json.put_slice(format!(",\"text\":{text},\"textlang\":\"{language}\"}}").as_bytes());
    json.freeze()
}

fn sentence(event: &Event, language: Language) -> Option<String> {
    let envelope: Value = serde_json::from_slice(&event.json).ok()?;
    let data = &envelope["data"];
    let about = if data["recognition"].is_object() { &data["recognition"] } else { data };
    let named = [
        ("verdict", about["verdict"].as_str()),
        ("supplier", about["supplier"]["name"].as_str()),
        ("scheme", about["scheme"].as_str()),
        ("arrangement", data["arrangement"].as_str()),
        ("bulletin", data["name"].as_str()),
        ("crosswalk", data["crosswalk"].as_str()),
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
