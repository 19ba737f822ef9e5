//! What chance may have left out of a storm, done at its end: a judge finds something of each kind whatever the seed was.

use std::time::Duration;

use serde_json::json;
use tests::claims::{self, day, reason, verdict};
use tests::until;

use super::pact::Pact;
use super::storm::{Granted, Storm};

/// How long a verdict may take to be recognised right after a storm: what was said before comes first, and links wait.
const FOLLOWED: Duration = Duration::from_secs(120);

impl Storm<'_> {
    /// Of one pair an arrangement is in force, under which one verdict counts and another no longer does; of a second pair no
    /// arrangement is in force any more, under one of which a verdict counted.
    pub(super) async fn settle(&mut self) {
        self.agree(["a", "b"]);
        let withdrawn = self.certify("a");
        self.say("a", "cb-1", "verdict-changed", claims::change(&withdrawn, json!("withdrawn")));
        self.certify("a");
        self.agree(["c", "d"]);
        let counted = format!("c:{}", self.certify("c"));
        let recognising = self.federation.registry("d");
        until("a verdict is recognised after the storm", FOLLOWED, async || {
            let path = format!("/v1/verdicts/{counted}");
            let answer = recognising.ask(&path).await.map_err(|error| error.to_string())?;
            if answer["recognition"]["outcome"] == "recognised" { Ok(()) } else { Err(answer.to_string()) }
        })
        .await;
        self.part(["c", "d"]);
    }

    /// Both sign terms under which all verdicts under the first scheme count.
    fn agree(&mut self, parties: [&'static str; 2]) {
        let (mut pact, terms) = Pact::plain(self.pacts.len(), parties);
        for party in parties {
            pact.acted(party);
            pact.signed.insert(party);
            self.say(party, "operator", "arrangement-signed", claims::signed(&terms));
        }
        self.pacts.push(pact);
    }

    fn certify(&mut self, registry: &'static str) -> String {
        let id = format!("V-{}", self.verdicts.len());
        self.say(registry, "cb-1", "verdict-granted", verdict(&id));
        self.verdicts.push(Granted { registry, id: id.clone(), body: "cb-1", state: "granted" });
        id
    }

    /// One of the two ends each arrangement of both.
    fn part(&mut self, pair: [&'static str; 2]) {
        for place in 0..self.pacts.len() {
            let pact = &mut self.pacts[place];
            let signed = pair.into_iter().find(|party| pact.signed.contains(party));
            let of_both = pair.iter().all(|party| pact.parties.contains(party));
            let (true, false, Some(party)) = (of_both, pact.ended, signed) else { continue };
            pact.ended = true;
            pact.acted(party);
            let claim = json!({"id": pact.id, "effective": day(0), "reason": reason("review")});
            self.say(party, "operator", "arrangement-ended", claim);
        }
    }
}
