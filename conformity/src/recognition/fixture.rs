//! Arrangements, verdicts and schemes for the tests of this crate, written so that the tests read as tables.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{DisclosedLevels, Foreign, recognise};
use crate::arrangement::{Act, Arrangement, ArrangementAct, ArrangementRecord, SignedTerms};
use crate::digest::Digest;
use crate::ids::RegistryId;
use crate::lapsed::Lapsed;
use crate::reason::Reason;
use crate::recognised::{Recognition, RecognitionRecord};
use crate::resting::Resting;
use crate::scheme::Scheme;
use crate::time::Moment;
use crate::verdict::{Change, Happening, HistoryItem, Verdict, VerdictRecord};

/// Parses a name, day, instant …
pub(crate) fn name<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// The first moment of a day, or the instant itself when a time is given.
pub(crate) fn at(text: &str) -> Timestamp {
    let full = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    full.parse().unwrap()
}

pub(crate) fn reason() -> Reason {
    Reason { code: name("for-the-test"), text: None }
}

/// An arrangement out of its JSON form; `changes` replaces whole members.
pub(crate) fn arrangement(base: &Value, changes: &Value) -> Arrangement {
    let mut value = base.clone();
    for (member, new) in changes.as_object().unwrap() {
        value[member] = new.clone();
    }
    serde_json::from_value(value).unwrap()
}

/// The Common Criteria Recognition Arrangement of 2014 as far as rules can say it: certificates against a collaborative
/// protection profile in full, others as far as EAL2; `asean` stands in for a participant that consumes only.
pub(crate) fn ccra() -> Value {
    let party = |registry: &str, roles: &[&str]| {
        json!({"registry": registry, "origin": format!("{registry}.registry.example"),
               "authority": format!("Authority of {registry}"), "roles": roles})
    };
    let both = ["issuing", "recognising"];
    let all = ["jp", "eu", "us", "asean"];
    let rule = |id: &str, levels: Value| {
        json!({"id": id, "from": "any-issuing", "to": all, "scheme": "common-criteria@3.1",
               "objects": ["product"], "viewpoints": ["people-and-things"], "levels": levels,
               "acceptsTranscribed": true, "grants": "full",
               "onSuspension": "keep", "onEnd": {"transfer-window": {"days": 30}}})
    };
    json!({
        "id": "ccra", "version": 1, "title": "Arrangement on the Recognition of Common Criteria Certificates",
        "mode": "multilateral",
        "parties": [party("jp", &both), party("eu", &both), party("us", &both), party("asean", &["recognising"])],
        "rules": [rule("cpp", json!({"only": ["cPP"]})), rule("eal", json!({"min": "EAL1", "max": "EAL2"}))],
        "from": "2014-09-08",
        "source": {"url": "https://www.commoncriteriaportal.org/ccra/", "date": "2014-07-02"},
    })
}

/// A bilateral arrangement on an invented scheme, with different rules for the two directions.
pub(crate) fn jp_eu() -> Value {
    let party = |registry: &str| {
        json!({"registry": registry, "origin": format!("{registry}.registry.example"),
               "authority": format!("Authority of {registry}"), "roles": ["issuing", "recognising"]})
    };
    let rule = |id: &str, from: &str, to: &str, objects: Value, viewpoints: Value| {
        json!({"id": id, "from": [from], "to": [to], "scheme": "star@1",
               "objects": objects, "viewpoints": viewpoints, "grants": "full",
               "onSuspension": {"transfer-window": {"days": 90}}, "onEnd": "cease"})
    };
    json!({
        "id": "jp-eu", "version": 1, "title": "Exchange of letters", "mode": "bilateral",
        "parties": [party("jp"), party("eu")],
        "rules": [
            rule("to-eu", "jp", "eu", json!(["organization"]), json!(["organization", "process"])),
            rule("to-jp", "eu", "jp", json!(["organization"]), json!(["organization"])),
        ],
        "from": "2026-01-01", "until": "2027-12-31", "noticeDays": 60,
    })
}

/// Common Criteria with the levels the tests need: EAL1 to EAL4+, and two that are compared with none of them.
pub(crate) fn common_criteria() -> Scheme {
    let level = |code: &str, at_least: &[&str]| json!({"code": code, "name": code, "atLeast": at_least});
    serde_json::from_value(json!({
        "scheme": "common-criteria@3.1", "title": "Common Criteria", "owner": "CCRA", "fictional": false,
        "documents": [], "viewpoints": ["people-and-things"], "objects": ["product"], "evaluation": "third-party",
        "levels": [level("EAL1", &[]), level("EAL2", &["EAL1"]), level("EAL2+", &["EAL2"]),
                   level("EAL3", &["EAL2"]), level("EAL4", &["EAL3"]), level("EAL4+", &["EAL4"]),
                   level("cPP", &[]), level("PP", &[])],
    }))
    .unwrap()
}

/// An invented scheme without levels, for organizations.
pub(crate) fn star() -> Scheme {
    serde_json::from_value(json!({
        "scheme": "star@1", "title": "Star (invented)", "owner": "METI of the story", "fictional": true,
        "documents": ["requirements@1"], "viewpoints": ["organization", "process", "people-and-things"],
        "objects": ["organization", "site"], "evaluation": "third-party", "registryActs": false,
    }))
    .unwrap()
}

/// Terms that nobody signed yet; the acts follow one by one, each in an entry of its own.
#[derive(Clone)]
pub(crate) struct Story(ArrangementRecord);

impl Story {
    pub(crate) fn of(terms: &[Arrangement]) -> Self {
        let signed =
            |terms: &Arrangement| SignedTerms { digest: terms.digest().unwrap(), terms: Arc::new(terms.clone()) };
        Self(ArrangementRecord { id: terms[0].id.clone(), terms: terms.iter().map(signed).collect(), acts: Vec::new() })
    }

    fn act(mut self, registry: &str, when: &str, act: Act) -> Self {
        let index = 100 + self.0.acts.len() as u64;
        self.0.acts.push(ArrangementAct {
            registry: name(registry),
            act,
            moment: Moment { index, at: at(when) },
            by: name("authority"),
            statement: Digest::of(&index.to_be_bytes()),
        });
        self
    }

    /// `registry` signs the version that stands at `place` in the terms given.
    pub(crate) fn signs(self, registry: &str, place: usize, when: &str) -> Self {
        let digest = self.0.terms[place].digest;
        self.act(registry, when, Act::Signed { digest })
    }

    pub(crate) fn suspends(self, registry: &str, when: &str) -> Self {
        self.act(registry, when, Act::Suspended { reason: reason() })
    }

    pub(crate) fn restores(self, registry: &str, when: &str) -> Self {
        self.act(registry, when, Act::Restored { reason: reason() })
    }

    pub(crate) fn ends(self, registry: &str, effective: &str, when: &str) -> Self {
        self.act(registry, when, Act::Ended { effective: name(effective), reason: reason() })
    }

    pub(crate) fn told(self) -> ArrangementRecord {
        self.0
    }
}

/// An arrangement that each of `registries` signed at the start of 2026.
pub(crate) fn signed(terms: &Arrangement, registries: &[&str]) -> ArrangementRecord {
    let story = Story::of(std::slice::from_ref(terms));
    let all = registries.iter().fold(story, |story, one| story.signs(one, 0, "2026-01-01"));
    all.told()
}

/// The JSON form of a product's certificate under Common Criteria, as an operator transcribes it.
pub(crate) fn certificate() -> Value {
    json!({
        "verdict": "CC-1", "scheme": "common-criteria@3.1", "level": "EAL2",
        "supplier": {"id": "local:common-criteria:Example%20Corp", "name": "Example Corp", "country": "JP"},
        "object": {"kind": "product", "name": "Example Firewall", "version": "1.0"},
        "viewpoints": ["people-and-things"], "scope": "as in its security target",
        "validFrom": "2026-02-01", "validUntil": "2028-01-31", "profile": "open",
        "provenance": {"transcribed": {"list": "CCRA portal", "source": "https://www.commoncriteriaportal.org/",
                                       "retrieved": "2026-02-02", "row": "1", "issuedBy": "JP"}},
    })
}

/// The JSON form of an organization's verdict under the invented scheme, as a body decides it.
pub(crate) fn organization() -> Value {
    json!({
        "verdict": "V-1", "scheme": "star@1",
        "supplier": {"id": "corporate-number:7000012050002", "name": "Example KK", "country": "JP"},
        "object": {"kind": "organization", "name": "Example KK"},
        "viewpoints": ["organization"], "scope": "all of it",
        "validFrom": "2026-02-01", "validUntil": "2028-01-31", "profile": "open", "provenance": "decided",
    })
}

/// A verdict as granted on 1 February 2026; `changes` replaces whole members, null removes them.
pub(crate) fn verdict(base: &Value, changes: &Value) -> VerdictRecord {
    let mut value = base.clone();
    let members = value.as_object_mut().unwrap();
    for (member, new) in changes.as_object().unwrap() {
        members.insert(member.clone(), new.clone());
    }
    members.retain(|_, value| !value.is_null());
    let terms: Verdict = serde_json::from_value(value).unwrap();
    VerdictRecord::new(Arc::new(terms), item(7, "2026-02-01", Happening::Granted))
}

/// One more item of a history.
pub(crate) fn item(index: u64, when: &str, what: Happening) -> HistoryItem {
    HistoryItem {
        index,
        at: at(when),
        effective: at(when),
        what,
        reason: None,
        legal_basis: None,
        by: name("body"),
        voided: None,
        approved: None,
        recommended_by: None,
        in_place_of: None,
    }
}

/// The verdict after one more change.
pub(crate) fn changed(record: &VerdictRecord, when: &str, change: Change) -> VerdictRecord {
    let index = 7 + record.history.len() as u64;
    record.after(item(index, when, Happening::Changed(change))).unwrap()
}

/// The verdict after an authority of a list accepted it as evidence.
pub(crate) fn accepted(record: &VerdictRecord, when: &str) -> VerdictRecord {
    let index = 7 + record.history.len() as u64;
    let acceptance = json!({
        "acceptance": format!("list.{index}"), "verdict": record.id(), "authority": "An Agency", "from": "2026-03-01",
        "transcribed": {"list": "A list", "source": "https://list.example/", "retrieved": "2026-03-02", "row": "reuse row 1"},
    });
    let acceptance = Arc::new(serde_json::from_value(acceptance).unwrap());
    record.after(item(index, when, Happening::AcceptedAsEvidence(acceptance))).unwrap()
}

/// A verdict, who granted it, who looks at it, and when.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) verdict: VerdictRecord,
    pub(crate) origin: RegistryId,
    pub(crate) own: RegistryId,
    pub(crate) scheme: Option<Scheme>,
    pub(crate) arrangements: Vec<Arc<ArrangementRecord>>,
    pub(crate) disclosed: Option<DisclosedLevels>,
    pub(crate) resting: Resting,
    pub(crate) at: Timestamp,
}

impl Case {
    /// A Common Criteria certificate of `jp` seen by `eu` under the arrangement that all four signed.
    pub(crate) fn ccra(changes: &Value) -> Self {
        let terms = arrangement(&ccra(), &json!({}));
        Self {
            verdict: verdict(&certificate(), changes),
            origin: name("jp"),
            own: name("eu"),
            scheme: Some(common_criteria()),
            arrangements: vec![Arc::new(signed(&terms, &["jp", "eu", "us", "asean"]))],
            disclosed: None,
            resting: Resting::default(),
            at: at("2026-07-01"),
        }
    }

    /// A verdict of `jp` on an organization seen by `eu` under their bilateral arrangement.
    pub(crate) fn bilateral(changes: &Value) -> Self {
        let terms = arrangement(&jp_eu(), &json!({}));
        Self {
            verdict: verdict(&organization(), changes),
            origin: name("jp"),
            own: name("eu"),
            scheme: Some(star()),
            arrangements: vec![Arc::new(signed(&terms, &["jp", "eu"]))],
            disclosed: None,
            resting: Resting::default(),
            at: at("2026-07-01"),
        }
    }

    /// The same, under another arrangement only.
    pub(crate) fn under(mut self, record: ArrangementRecord) -> Self {
        self.arrangements = vec![Arc::new(record)];
        self
    }

    /// With levels that were disclosed.
    pub(crate) fn disclosing(mut self, levels: &Value) -> Self {
        self.disclosed = Some(serde_json::from_value(levels.clone()).unwrap());
        self
    }

    pub(crate) fn between(mut self, origin: &str, own: &str) -> Self {
        (self.origin, self.own) = (name(origin), name(own));
        self
    }

    pub(crate) fn at(mut self, when: &str) -> Self {
        self.at = at(when);
        self
    }

    /// With what the records of the issuing registry give, whatever it stated.
    pub(crate) fn resting(mut self, lapsed: Lapsed, next: Option<&str>) -> Self {
        self.resting = Resting { lapsed: Some(lapsed), next: next.map(at) };
        self
    }

    /// After one more change of the verdict.
    pub(crate) fn then(mut self, when: &str, change: Change) -> Self {
        self.verdict = changed(&self.verdict, when, change);
        self
    }

    pub(crate) fn foreign(&self) -> Foreign<'_> {
        Foreign {
            verdict: &self.verdict,
            origin: &self.origin,
            own: &self.own,
            scheme: self.scheme.as_ref(),
            arrangements: &self.arrangements,
            disclosed: self.disclosed.as_ref(),
            resting: self.resting,
            at: self.at,
        }
    }

    pub(crate) fn recognise(&self) -> Recognition {
        recognise(&self.foreign())
    }

    /// What it is recognised as, recorded there and then.
    pub(crate) fn recorded(&self) -> RecognitionRecord {
        record(self.recognise(), self.at)
    }
}

/// A recognition in an entry of this time.
pub(crate) fn record(recognition: Recognition, at: Timestamp) -> RecognitionRecord {
    RecognitionRecord {
        recognition: Arc::new(recognition),
        since: Moment { index: 500, at },
        position: 0,
        entries: vec![500],
    }
}

/// `outcome [rule] [as level]: gaps`, for tables.
pub(crate) fn told(recognition: &Recognition) -> String {
    let mut words = recognition.outcome.to_string();
    if let Some(rule) = &recognition.rule {
        words += &format!(" by {rule}");
    }
    if let Some(level) = recognition.counts_as.as_ref().and_then(|one| one.level.as_ref()) {
        words += &format!(" as {level}");
    }
    let gaps: Vec<&str> = recognition.gaps.iter().map(|gap| gap.code.as_str()).collect();
    if gaps.is_empty() { words } else { format!("{words}: {}", gaps.join(", ")) }
}
