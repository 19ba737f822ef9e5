//! Status lists as a reader in Python sees them: the Token Status List of IETF and the Bitstring Status Lists of W3C, decoded by
//! openvc-core, before and after a suspension.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::foreign::{Foreign, Python, packaged};
use super::hand_over;
use super::report::{Ended, Report};
use super::world::{Issued, World};

/// Suspends the first verdict, and has the reader see it.
pub(super) fn judge<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let tool = packaged("openvc-core");
    let Some(issued) = world.issued.first() else { return Ok(()) };
    let python = match &foreign.python {
        Ok(python) => python,
        Err(why) => {
            world.suspend(issued)?;
            return report.leave_out(&tool, "both status lists, before and after a suspension", why);
        }
    };
    let reader = Reader { world, foreign, python, issued };
    report.step(&tool, "status lists of IETF and W3C: valid", || {
        let seen = reader.look()?;
        ensure!(seen["status"] == 0 && !suspended(&seen) && seen["bits"]["revoked"] == false, "it sees {seen}");
        Ok(Ended::Held)
    })?;
    let mut told = None;
    report.step("registry-node", "the body suspends the verdict", || {
        let ttl = reader.look()?["ttl"].as_u64().context("the list has no ttl")?;
        world.suspend(issued)?;
        told = Some((Instant::now(), Duration::from_secs(ttl)));
        Ok(Ended::Held)
    })?;
    let Some((since, ttl)) = told else { bail!("nothing is suspended, so nothing can be seen of it") };
    let what = format!("status lists of IETF and W3C: suspended, within one refresh ({} s)", ttl.as_secs());
    report.step(&tool, &what, || {
        let seen =
            world.stage.wait_until("the suspension in both lists", ttl.saturating_sub(since.elapsed()), || {
                Ok(Some(reader.look()?).filter(suspended))
            })?;
        ensure!(seen["bits"]["revoked"] == false, "suspended is not revoked: {seen}");
        Ok(Ended::Held)
    })?;
    report.say(&format!(
        "seen {:.1} s after it was acknowledged, by a reader that asks again and again",
        since.elapsed().as_secs_f64()
    ))
}

/// Both forms say so.
fn suspended(seen: &Value) -> bool {
    seen["status"] == 2 && seen["suspended"] == true && seen["bits"]["suspended"] == true
}

struct Reader<'a> {
    world: &'a World<'a>,
    foreign: &'a Foreign<'a>,
    python: &'a Python,
    issued: &'a Issued,
}

impl Reader<'_> {
    fn look(&self) -> Result<Value> {
        let file = self.world.stage.folder().join("status.json");
        hand_over(&file, &json!({"credential": self.issued.whole, "registryKey": self.world.registry_key}))?;
        self.foreign.ask(self.python, &self.world.ca(), "status.py", &[file.as_os_str()])
    }
}
