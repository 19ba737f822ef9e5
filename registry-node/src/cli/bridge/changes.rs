//! `bridge changes`: what happened, as signed tables in a folder, for whoever reads neither streams nor JSON.
//!
//! ```text
//! events behind the cursor ──pull──▶ a table ──sign──▶ <registry>.changes.<after>.<through>.csv, then .csv.jws beside it
//!        ▲ checkpoint that covers them, checked                         └── cursor
//! ```
//!
//! Tables join: each begins behind the event with which the one before it ended. Out of scope: the folder (`outbox`), the signature (`seal`), the
//! lines (`table`), and carrying files.

pub(super) mod check;
mod outbox;
mod seal;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use conformity::Digest;
use conformity::words::{Params, label};
use jiff::SignedDuration;
use ledger::checkpoint::Checkpoint;
use ledger::key::SigningKey;
use ledger::log_keys::LogKeys;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::cli::context::{Context, wait};
use crate::cli::following::{self, Next, Told as Elsewhere};
use crate::cli::output;
use crate::cli::pinned::Pinned;
use crate::cli::wanted::{Wanted, asking};
use crate::cli::watch::{PAUSE, is_passing};
use crate::client::{Client, Connection, read_json};
use crate::clock::{Clock, SystemClock};
use crate::core::event::{CLOSED, MOVED};
use crate::core::filter::Place;
use outbox::{Outbox, Sealed, Wish};
use seal::Claims;
use table::{Encoding, Event};

/// Most lines of a table: events of one answer.
const ROWS_MAX: usize = 1_000;
/// How long the registry waits with its answer while nothing happens, in seconds.
const PATIENCE: u64 = 50;
/// How often a checkpoint is waited for that covers anything new; registries publish one each minute at least.
const ATTEMPTS: usize = 90;
/// The shortest and the longest time between two tables.
const PERIODS: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(31 * 86_400);

/// Put signed tables of what happened into a folder, until ended
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 bridge changes --out changes --watchlist parts
  registry-node --as buyer-1 bridge changes --out changes --watchlist parts --every 1h
  registry-node --as buyer-1 --lang ja bridge changes --out changes --after start --once --encoding shift-jis
  registry-node --as buyer-1 bridge check changes/*.csv

At once as something happens; with --every one table at least for each period in which the log grew, with --once what there is now. Beside each table stands
its signature by your signing key, which `bridge check` checks offline. It may be ended at any moment, and goes on in the same folder where it was: no change
is left out, or told in two tables. One folder is for one wish.")]
pub(super) struct Changes {
    /// The folder for tables
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Where a new folder begins: behind the event of this id, or start for everything [default: what comes from now on]
    #[arg(long, value_name = "ID")]
    after: Option<Place>,
    /// So long between two tables, such as 15m or 1h
    #[arg(long, value_name = "TIME", value_parser = period)]
    every: Option<Duration>,
    /// Tell what there is, and end
    #[arg(long, conflicts_with = "every")]
    once: bool,
    /// In which bytes
    #[arg(long, value_enum, default_value = "utf-8")]
    encoding: Encoding,
    #[command(flatten)]
    wanted: Wanted,
}

/// When tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    AtOnce,
    Every(Duration),
    Once,
}

/// An answer to `GET /v1/events/pull`.
#[derive(Deserialize)]
struct Page {
    events: Vec<Event>,
    next: Place,
    more: bool,
    #[serde(default)]
    checkpoint: Option<String>,
}

/// What of an answer a checkpoint covers.
struct Covered {
    events: Vec<Event>,
    /// Up to here it covers everything that was looked at.
    through: Place,
    checkpoint: String,
    /// Up to where there was something to look at; not known where more comes.
    end: Option<Place>,
}

/// Nothing shows yet that the log holds what was told; it may be waiting for its map.
#[derive(Debug, thiserror::Error)]
#[error("the registry published no checkpoint that covers anything behind {0}; nothing of it is told yet")]
struct Uncovered(Place);

/// What a table tells.
#[derive(Debug, Serialize)]
struct Told<'a> {
    file: &'a str,
    rows: usize,
    after: Place,
    through: Place,
}

/// Somebody who tells changes.
struct Teller<'a> {
    context: &'a Context,
    key: SigningKey,
    client: Client,
    pinned: Pinned,
    log: LogKeys,
    outbox: Outbox,
    /// Where the registry said that it went.
    moved: Option<String>,
    pace: Pace,
    parameters: Vec<(&'static str, String)>,
}

fn period(text: &str) -> Result<Duration, String> {
    let period = text.parse::<SignedDuration>().map_err(|error| error.to_string())?;
    let period = Duration::try_from(period).ok().filter(|period| PERIODS.contains(period));
    period.ok_or_else(|| "use 1s to 744h".to_owned())
}

impl Changes {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let credentials = context.credentials()?;
        let pinned = Pinned::of_credentials(&context.credentials_folder())?;
        let parameters = self.wanted.parameters();
        let about = &credentials.about;
        let wish = Wish {
            party: about.party.clone(),
            registry: about.registry.clone(),
            origin: about.origin.clone(),
            language: context.language.to_string(),
            encoding: self.encoding,
            wanted: parameters.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        };
        let outbox = Outbox::open(&self.out, wish)?;
        let pace = match (self.every, self.once) {
            (Some(period), _) => Pace::Every(period),
            (None, true) => Pace::Once,
            (None, false) => Pace::AtOnce,
        };
        let mut teller = Teller {
            context,
            key: credentials.signing_key()?,
            client: Client::with_credentials(&credentials)?.in_language(context.language),
            log: pinned.first_log_key()?.into(),
            pinned,
            outbox,
            moved: None,
            pace,
            parameters,
        };
        wait(teller.run(self.after))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Teller<'_> {
    async fn run(&mut self, after: Option<Place>) -> anyhow::Result<()> {
        while let Err(error) = self.begin(after).await {
            self.endure(error).await?;
        }
        loop {
            let began = Instant::now();
            if let Err(error) = self.round().await {
                self.endure(error).await?;
                continue;
            }
            match self.pace {
                Pace::Once => return Ok(()),
                Pace::Every(period) => tokio::time::sleep_until(began + period).await,
                Pace::AtOnce => {}
            }
        }
    }

    /// Waits a moment where it may be otherwise then, and where the registry said that it goes elsewhere.
    async fn endure(&self, error: anyhow::Error) -> anyhow::Result<()> {
        let patient = self.pace != Pace::Once || self.moved.is_some();
        if !(patient && (is_passing(&error) || error.is::<Uncovered>())) {
            return Err(error);
        }
        output::note(&format!("{error:#}; asking again"));
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }

    /// Finds out from where on changes are told. A registry that ended before has none.
    async fn begin(&mut self, after: Option<Place>) -> anyhow::Result<()> {
        let told = self.outbox.told();
        let place = told.or(after);
        if let Some(end) = following::end(&self.client, &self.pinned).await?
            && place.is_none_or(|place| place >= Place::Behind { index: end, position: 0 })
        {
            return self.ended().await;
        }
        if told.is_none() {
            let place = match place {
                Some(place) => place,
                None => self.page(&mut self.client.connect().await?, None, 0).await?.next,
            };
            self.outbox.begin(place)?;
        }
        Ok(())
    }

    /// Tells what there is; at once, on and on while the connection lasts.
    async fn round(&mut self) -> anyhow::Result<()> {
        self.follow().await?;
        let mut connection = self.client.connect().await?;
        let at_once = self.pace == Pace::AtOnce;
        let (wait, mut told, mut end) = (if at_once { PATIENCE } else { 0 }, at_once, None);
        loop {
            let covered = self.covered(&mut connection, self.outbox.read(), wait).await?;
            // What came since then is for the next round: a busy log has no end.
            end = end.or(covered.end);
            let last = end.is_some_and(|end| covered.through >= end);
            let closes = covered.events.iter().any(|event| event.kind() == CLOSED);
            told |= self.tell(covered, !last || told)?;
            if closes {
                return self.ended().await;
            }
            if last && !at_once {
                return Ok(());
            }
        }
    }

    /// Goes to where the registry said that it is from now on, once its log proves it there: the same log, and so the same folder.
    async fn follow(&mut self) -> anyhow::Result<()> {
        let Some(http_url) = self.moved.clone() else { return Ok(()) };
        if let Next::Moved(there) = following::next(&self.client, &self.pinned, Elsewhere::Moved(http_url)).await? {
            output::note(&format!("{} is at {} now", self.pinned.genesis.registry, there.url()));
            self.client = there;
        }
        self.moved = None;
        Ok(())
    }

    /// Says who goes on where the registry ended: another log, and so another folder, for a reader whom that registry knows.
    async fn ended(&self) -> anyhow::Result<()> {
        let registry = &self.pinned.genesis.registry;
        match following::next(&self.client, &self.pinned, Elsewhere::Closed).await? {
            Next::Succeeded(successor) => bail!(
                "{registry} has ended, and {} goes on at {}: tell its changes into another folder, with credentials of it",
                successor.pinned.genesis.registry,
                successor.http_url
            ),
            Next::Here | Next::Moved(_) => bail!("{registry} has ended"),
        }
    }

    /// What comes behind `after`, as far as the registry's checkpoint covers it.
    async fn covered(&mut self, connection: &mut Connection, after: Place, wait: u64) -> anyhow::Result<Covered> {
        let mut page = self.page(connection, Some(after), wait).await?;
        for _ in 0..ATTEMPTS {
            // The node that was left ends at once, before a checkpoint covers this.
            self.moved = page.moved().or(self.moved.take());
            if let Some(note) = page.checkpoint.take() {
                let size = self.size(connection, &note).await?;
                if let Some(covered) = page.cut(after, size, note) {
                    return Ok(covered);
                }
            }
            tokio::time::sleep(PAUSE).await;
            page = self.page(connection, Some(after), 0).await?;
        }
        Err(Uncovered(after).into())
    }

    async fn page(&self, connection: &mut Connection, after: Option<Place>, wait: u64) -> anyhow::Result<Page> {
        let mut parameters = self.parameters.clone();
        parameters.extend([
            ("lang", self.context.language.to_string()),
            ("limit", ROWS_MAX.to_string()),
            ("wait", wait.to_string()),
        ]);
        parameters.extend(after.map(|place| ("after", place.to_string())));
        let page: Page = read_json(&connection.get(&asking("/v1/events/pull", &parameters)).await?)?;
        if let Some(after) = after {
            page.is_in_order(after).context("the registry contradicts itself; keep this output")?;
        }
        Ok(page)
    }

    /// Size of the log under a checkpoint, if the log signed it. A key that is not known yet must be proven first.
    async fn size(&mut self, connection: &mut Connection, note: &str) -> anyhow::Result<u64> {
        if Checkpoint::verify_published(note, &self.log).is_err() {
            self.log = self.pinned.log_keys(connection).await?;
        }
        let checkpoint = Checkpoint::verify_published(note, &self.log);
        Ok(checkpoint.context("the registry sent a checkpoint that its log did not sign; keep this output")?.size)
    }

    /// Puts what was read into the folder, and says whether it did: that nothing happened is told unless `quiet`.
    fn tell(&mut self, covered: Covered, quiet: bool) -> anyhow::Result<bool> {
        let Covered { events, through, checkpoint, .. } = covered;
        let after = self.outbox.told().context("nobody said from where on changes are told")?;
        let changes: Vec<&Event> = events.iter().filter(|event| event.is_change()).collect();
        if changes.is_empty() && (quiet || through == after) {
            self.outbox.pass(through);
            return Ok(false);
        }
        let sealed = self.sealed(&changes, (after, through), checkpoint)?;
        let file = self.outbox.put(&sealed, after, through)?;
        let told = Told { file: &file, rows: changes.len(), after, through };
        output::print(self.context.json, &told, |told| {
            let params = Params::default().with("file", told.file).with("rows", told.rows);
            label("changes-told", self.context.language, &params.with("after", after).with("through", through))
        })?;
        Ok(true)
    }

    fn sealed(
        &self,
        changes: &[&Event],
        (after, through): (Place, Place),
        checkpoint: String,
    ) -> anyhow::Result<Sealed> {
        let Wish { party, registry, origin, language, encoding, wanted } = self.outbox.wish().clone();
        let table = table::table(changes, encoding);
        let claims = Claims {
            iss: party,
            iat: SystemClock.now().as_second(),
            registry,
            origin,
            file: self.outbox.name(after, through),
            sha256: Digest::of(&table),
            rows: changes.len(),
            wanted,
            language,
            encoding,
            after,
            through,
            checkpoint,
            key: serde_json::from_str(&self.key.public_key().to_jwk())?,
        };
        Ok(Sealed { seal: seal::sign(&self.key, &claims)?, table })
    }
}

impl Page {
    /// What of it a log of `size` entries has, and whoever reads behind `after` does not know; nothing if a larger one has to be waited for. On a busy log
    /// no checkpoint covers what was read a moment ago.
    fn cut(&mut self, after: Place, size: u64, checkpoint: String) -> Option<Covered> {
        let last = size.checked_sub(1).map_or(Place::Start, |index| Place::Behind { index, position: u32::MAX });
        let through = self.next.min(last);
        if through < self.next && through <= after {
            return None;
        }
        let is_told = |event: &Event| event.id.parse::<Place>().is_ok_and(|place| place <= through);
        let events = std::mem::take(&mut self.events).into_iter().filter(is_told).collect();
        Some(Covered { events, through, checkpoint, end: (!self.more).then_some(self.next) })
    }

    /// Where it says that the registry is.
    fn moved(&self) -> Option<String> {
        let last = self.events.iter().rfind(|event| event.kind() == MOVED)?;
        Some(last.data["httpUrl"].as_str()?.to_owned())
    }

    /// That events come once, in their order, and none from elsewhere than `next` says.
    fn is_in_order(&self, after: Place) -> anyhow::Result<()> {
        let mut last = after;
        for event in &self.events {
            let place: Place = event.id.parse().map_err(anyhow::Error::msg)?;
            ensure!(last < place, "the event {place} came behind {last}");
            last = place;
        }
        ensure!(last <= self.next, "it goes on behind {}, and told {last}", self.next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn periods_are_written_as_people_write_them() {
        assert_eq!(period("1h").unwrap(), Duration::from_secs(3_600));
        assert_eq!(period("PT15M").unwrap(), Duration::from_secs(900));
        for wrong in ["", "0s", "-1h", "745h", "soon", "500ms"] {
            assert!(period(wrong).is_err(), "{wrong}");
        }
    }

    fn page(ids: &[&str], next: &str) -> Page {
        let event =
            |id: &&str| serde_json::json!({"id": id, "type": "t", "time": "", "source": "", "entry": "", "data": {}});
        let events: Vec<_> = ids.iter().map(event).collect();
        serde_json::from_value(serde_json::json!({"events": events, "next": next, "more": false})).unwrap()
    }

    #[test]
    fn what_a_checkpoint_covers_is_told_though_the_log_runs_ahead_of_it() {
        let after = Place::Behind { index: 4, position: 0 };
        let cut = |size| page(&["5", "5.1", "7", "9"], "9").cut(after, size, String::new());
        let told = |size| {
            let covered: Covered = cut(size).unwrap();
            let ids: Vec<_> = covered.events.iter().map(|event| event.id.clone()).collect();
            (ids.join(" "), covered.through.to_string(), covered.end.unwrap().to_string())
        };
        let ends = |ids: &str, through: &str| (ids.to_owned(), through.to_owned(), "9".to_owned());
        assert_eq!(told(6), ends("5 5.1", "5.4294967295"));
        assert_eq!(told(8), ends("5 5.1 7", "7.4294967295"));
        assert_eq!(told(9), ends("5 5.1 7", "8.4294967295"));
        assert_eq!(told(10), ends("5 5.1 7 9", "9"), "not beyond what was read");
        assert!(cut(0).is_none() && cut(4).is_none(), "a checkpoint of before");
        let nothing = page(&[], "4").cut(after, 5, String::new()).unwrap();
        assert!(nothing.events.is_empty() && nothing.through == after, "nothing to wait for");
    }

    #[test]
    fn a_page_that_repeats_or_goes_back_is_refused() {
        let after = Place::Behind { index: 4, position: 0 };
        assert!(page(&["5", "5.1", "7"], "9").is_in_order(after).is_ok());
        assert!(page(&[], "4").is_in_order(after).is_ok());
        for (ids, next) in [(&["4"][..], "9"), (&["5", "5"], "9"), (&["6", "5"], "9"), (&["5", "10"], "9"), (&[], "3")]
        {
            assert!(page(ids, next).is_in_order(after).is_err(), "{ids:?} {next}");
        }
    }
}
