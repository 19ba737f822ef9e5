//! A sponsor's list: every line that can be read is signed and submitted, every other one told by its number.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use conformity::digest::Digest;
use conformity::ids::StatementId;
use conformity::statement::Claim;
use conformity::time::Day;
use conformity::verdict::{Profile, Verdict};
use conformity::viewpoint::ObjectKind;
use serde_json::json;

use super::asking::Asked;
use super::{Context, Declare, Speaker, wait};
use crate::cli::import::bulk;
use crate::clock::{Clock, SystemClock};
use crate::declaration::{Declared, Line, members};
use crate::import::Planned;

pub(super) fn submit(context: &Context, speaker: &Speaker, order: &Declare, list: &Path) -> anyhow::Result<ExitCode> {
    let asked = wait(async { Asked::of(speaker, &mut speaker.connect().await?, &order.scheme).await })?;
    let what = &order.what;
    let common = Declared {
        scheme: order.scheme.clone(),
        viewpoints: match what.viewpoint.is_empty() {
            true => asked.viewpoints,
            false => what.viewpoint.iter().copied().collect(),
        },
        terms: asked.terms,
        object: what.object.unwrap_or(ObjectKind::Organization),
        profile: if what.restricted { Profile::Restricted } else { Profile::Open },
        awaits_expert: what.await_expert,
        today: Day::of(SystemClock.now()),
    };
    let file = File::open(list).with_context(|| format!("cannot read {}", list.display()))?;
    let mut read = members(file, &common)?;
    let mut lines = BTreeMap::new();
    let mut claims = Vec::with_capacity(read.declared.len());
    for (line, verdict) in read.declared {
        let planned = planned(verdict)?;
        lines.insert(planned.jti.to_string(), line);
        claims.push(planned);
    }
    let outcome = bulk::submit(context, &claims)?;
    read.refused.extend(outcome.refused.into_iter().map(|one| Line {
        line: lines.get(&one.statement).copied().unwrap_or_default(),
        why: format!("{} ({})", one.why, one.code),
    }));
    read.refused.sort_by_key(|one| one.line);
    let answer = json!({"appended": outcome.appended, "repeated": outcome.repeated, "refused": read.refused});
    let refused = !read.refused.is_empty();
    context.answer(&answer, |_| {
        let head = format!(
            "{} declared, {} declared before, {} lines refused; all proofs checked",
            outcome.appended,
            outcome.repeated,
            read.refused.len()
        );
        let lines = read.refused.iter().map(|one| format!("  line {}: {}", one.line, one.why));
        std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
    })?;
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The same line on the same day is the same statement.
fn planned(verdict: Verdict) -> anyhow::Result<Planned> {
    let digest = Digest::of(&serde_json::to_vec(&verdict)?).to_string();
    let jti: StatementId = format!("declare.{}", &digest[..32]).parse()?;
    Ok(Planned { jti, claim: Claim::VerdictGranted(Arc::new(verdict)), row: None, attachment: None })
}
