//! The buyer: connected to the EU registry alone, told of everything that happens there.
//!
//! In scope: its event stream, and picking out of it what a step of the story waits for.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::cast::{Cast, EU_BUYER};
use crate::demo::lines::{Line, Lines};
use crate::demo::narrator::Narrator;
use crate::demo::stage::Stage;

/// Far above what a change takes, so that a slow machine only makes the story slow.
const LIMIT: Duration = Duration::from_secs(20);

/// The prefix of every event that tells what the registry makes of a foreign verdict.
const RECOGNITION: &str = "org.secure-trust-registry.recognition.";

/// A process that prints each event as a line.
pub(super) struct Buyer<'cast> {
    stage: &'cast Stage,
    lines: Lines,
    /// What came and no step has waited for yet.
    waiting: Vec<Seen>,
    /// Events so far.
    count: usize,
}

/// An event that tells what the EU registry makes of a foreign verdict.
pub(super) struct Seen {
    /// When its line arrived.
    pub(super) at: Instant,
    /// The verdict, `registry:id`.
    pub(super) verdict: String,
    /// What the registry makes of it.
    pub(super) recognition: Value,
}

impl<'cast> Buyer<'cast> {
    /// Begins to listen, from the first entry of the log.
    pub(super) fn listen<W: Write>(cast: &'cast Cast<'_>, told: &mut Narrator<W>) -> Result<Self> {
        told.step("eu: Fictional Motors AG, a buyer, listens to the EU registry, and to no other", || {
            let lines =
                cast.eu.registry().listen("buyer", &["watch", "--after", "start", "--json", "--as", EU_BUYER])?;
            let first = read(&lines.next(LIMIT)?)?;
            ensure!(first["id"] == "0", "the first event is {first}");
            Ok(Self { stage: cast.stage, lines, waiting: Vec::new(), count: 1 })
        })
    }

    /// How many events it was sent.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Waits until it is told that a verdict is now in `state` where it was granted, and what the registry makes of it.
    pub(super) fn sees(&mut self, verdict: &str, outcome: &str, state: &str) -> Result<Seen> {
        let wanted = |seen: &Seen| {
            let is = |member: &str, text: &str| seen.recognition[member] == text;
            seen.verdict == verdict && is("outcome", outcome) && is("state", state)
        };
        self.take(&format!("the buyer to see {verdict} {outcome} and {state}"), wanted)
    }

    /// Waits until it was told of so many verdicts of a registry.
    pub(super) fn sees_all(&mut self, registry: &str, count: usize) -> Result<Vec<Seen>> {
        let of_registry = |seen: &Seen| seen.verdict.split(':').next() == Some(registry);
        (0..count)
            .map(|_| self.take(&format!("the buyer to see {count} verdicts of {registry}"), of_registry))
            .collect()
    }

    /// Waits until it was told of so many verdicts of a registry what is wanted of each; what was told of them before is passed over.
    pub(super) fn sees_each(
        &mut self,
        registry: &str,
        count: usize,
        wanted: impl Fn(&Seen) -> bool,
    ) -> Result<Vec<Seen>> {
        let fits = |seen: &Seen| seen.verdict.split(':').next() == Some(registry) && wanted(seen);
        (0..count)
            .map(|number| self.take(&format!("the buyer to see {count} verdicts of {registry}, not {number}"), fits))
            .collect()
    }

    fn take(&mut self, what: &str, wanted: impl Fn(&Seen) -> bool) -> Result<Seen> {
        let Self { stage, lines, waiting, count } = self;
        stage.wait_until(what, LIMIT, || {
            for line in lines.arrived() {
                *count += 1;
                waiting.extend(Seen::of(&line)?);
            }
            Ok(waiting.iter().position(&wanted).map(|place| waiting.remove(place)))
        })
    }
}

impl Seen {
    fn of(line: &Line) -> Result<Option<Self>> {
        let mut event = read(line)?;
        let about_recognition = event["type"].as_str().is_some_and(|name| name.starts_with(RECOGNITION));
        let subject = event["subject"].as_str().filter(|_| about_recognition).map(str::to_owned);
        let recognition = event["data"]["recognition"].take();
        Ok(subject.map(|verdict| Self { at: line.at, verdict, recognition }))
    }

    /// Why, in the registry's own words.
    pub(super) fn explanation(&self) -> &str {
        self.recognition["explanation"].as_str().unwrap_or_default()
    }

    /// What keeps it from counting in full, by code.
    pub(super) fn gaps(&self) -> Vec<&str> {
        let gaps = self.recognition["gaps"].as_array().map(Vec::as_slice).unwrap_or_default();
        gaps.iter().filter_map(|gap| gap["code"].as_str()).collect()
    }
}

fn read(line: &Line) -> Result<Value> {
    serde_json::from_str(&line.text).with_context(|| format!("the buyer was sent no event: {}", line.text))
}
