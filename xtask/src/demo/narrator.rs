//! Telling the story while it happens, with the time since it began.
//!
//! In scope: lines for a reader and the count of what held. A step that did not hold is told with its causes and remembered;
//! whether the story can go on is for the story to say.

use std::io::Write;
use std::time::Instant;

use anyhow::{Result, bail};

use super::stop::Interrupted;

/// Writes the story.
#[derive(Debug)]
pub struct Narrator<W> {
    out: W,
    began: Instant,
    held: usize,
    broken: Vec<String>,
}

impl<W: Write> Narrator<W> {
    /// The story begins now.
    #[must_use]
    pub fn new(out: W) -> Self {
        Self { out, began: Instant::now(), held: 0, broken: Vec::new() }
    }

    /// Tells something that is no step: a heading, a table, a command to try. Each line is indented alike.
    ///
    /// # Errors
    /// When nobody reads us any more.
    pub fn say(&mut self, text: &str) -> Result<()> {
        for line in text.lines() {
            writeln!(self.out, "{:>9}  {line}", "")?;
        }
        Ok(self.out.flush()?)
    }

    /// Does one step, tells how it went, and returns what it gave.
    ///
    /// # Errors
    /// What the step failed with, after it was told and remembered.
    pub fn step<T>(&mut self, what: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        let result = step();
        match &result {
            Ok(_) => self.held += 1,
            Err(error) if error.is::<Interrupted>() => return result,
            Err(error) => self.broken.push(format!("{what}: {error:#}")),
        }
        let elapsed = self.began.elapsed().as_secs_f64();
        match &result {
            Ok(_) => writeln!(self.out, "{elapsed:>8.3}s  {what}")?,
            Err(error) => writeln!(self.out, "{elapsed:>8.3}s  DID NOT HOLD: {what}: {error:#}")?,
        }
        self.out.flush()?;
        result
    }

    /// A step that only looks: it holds when `is` is what it `should` be, and the story goes on either way.
    ///
    /// # Errors
    /// When nobody reads us any more.
    pub fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, is: &T, should: &T) -> Result<()> {
        let told = self.broken.len();
        let compared = self.step(what, || {
            if is != should {
                bail!("it is {is:?}, not {should:?}");
            }
            Ok(())
        });
        if self.broken.len() > told { Ok(()) } else { compared }
    }

    /// Sums up.
    ///
    /// # Errors
    /// When nobody reads us any more.
    pub fn conclude(&mut self) -> Result<()> {
        let (held, all) = (self.held, self.held + self.broken.len());
        let mut summary = format!("{held} of {all} steps held");
        for broken in &self.broken {
            summary.push_str("\n  did not hold: ");
            summary.push_str(broken);
        }
        self.say(&summary)
    }

    /// Whether there was a step, and all held: a story in which nothing happened proves nothing.
    #[must_use]
    pub fn all_held(&self) -> bool {
        self.held > 0 && self.broken.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use anyhow::anyhow;

    use super::*;

    fn told(narrator: Narrator<Vec<u8>>) -> String {
        String::from_utf8(narrator.out).unwrap()
    }

    #[test]
    fn steps_are_told_with_their_time_and_give_their_result() {
        let mut narrator = Narrator::new(Vec::new());
        narrator.say("four registries\nand a buyer").unwrap();
        assert_eq!(narrator.step("jp grants V-1", || Ok(7)).unwrap(), 7);
        narrator.expect("eu recognises it", &"recognised", &"recognised").unwrap();
        narrator.conclude().unwrap();
        assert!(narrator.all_held());
        let text = told(narrator);
        assert!(text.starts_with("           four registries\n           and a buyer\n   0.00"), "{text}");
        assert!(text.contains("s  jp grants V-1\n") && text.ends_with("2 of 2 steps held\n"), "{text}");
    }

    #[test]
    fn what_did_not_hold_is_told_twice_and_decides_the_outcome() {
        let mut narrator = Narrator::new(Vec::new());
        narrator.step("good", || Ok(())).unwrap();
        narrator.expect("the buyer sees it", &1, &2).unwrap();
        let failed = narrator.step("bad", || Err::<(), _>(anyhow!("inner").context("outer")));
        assert!(failed.is_err() && !narrator.all_held());
        narrator.conclude().unwrap();
        let text = told(narrator);
        assert!(text.contains("DID NOT HOLD: bad: outer: inner"), "{text}");
        assert!(
            text.contains("1 of 3 steps held\n") && text.contains("did not hold: the buyer sees it: it is 1, not 2")
        );
    }

    #[test]
    fn an_interruption_is_no_broken_step() {
        let mut narrator = Narrator::new(Vec::new());
        assert!(narrator.step("long", || Err::<(), _>(Interrupted.into())).is_err());
        assert_eq!(told(narrator), "");
    }

    #[test]
    fn a_story_in_which_nothing_happened_does_not_hold() {
        assert!(!Narrator::new(Vec::new()).all_held());
    }
}
