//! `subscription`: what one has told to a webhook, and how that goes.

use std::process::ExitCode;

use bytes::Bytes;
use clap::{Args, Subcommand};
use conformity::identifiers::Identifier;
use conformity::ids::SchemeChoice;
use conformity::verdict::StateName;
use procurement::TradingStep;
use serde_json::{Value, json};

use super::context::{Context, wait};
use super::{kept, output};
use crate::buyer::outbound::Address;
use crate::buyer::shelf::Name;
use crate::client::read_json;
use crate::core::filter::{EventType, Place};

/// Have events told to a webhook of yours; nobody else sees that you do
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 subscription put alarms https://buyer.example/webhook --watchlist parts --type verdict --state suspended
  registry-node --as buyer-1 subscription put chain https://buyer.example/webhook --supply-chain terminals --policy parts
  registry-node --as buyer-1 subscription ping alarms
  registry-node --as buyer-1 subscription show alarms
  registry-node --as buyer-1 subscription replay alarms --after 1042

Deliveries are signed as Standard Webhooks are; the secret is shown when the subscription is made, and never again.")]
pub(super) struct Subscriptions {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Put(Box<Put>),
    Show(Show),
    Deliveries(Deliveries),
    Ping(Ping),
    Replay(Replay),
    RotateSecret(RotateSecret),
    Remove(Remove),
}

/// List your subscriptions
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 subscription list")]
struct List {}

/// Make a subscription, or change one
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  registry-node --as buyer-1 subscription put alarms https://buyer.example/webhook --watchlist parts"
)]
struct Put {
    /// What to call it
    name: Name,
    /// Whereto: https://host[:port]/path
    url: Address,
    /// Only verdicts on this supplier; may be given again, like those below
    #[arg(long, value_name = "KIND:VALUE")]
    supplier: Vec<Identifier>,
    /// Or on the suppliers on this watchlist of yours
    #[arg(long, value_name = "NAME")]
    watchlist: Option<Name>,
    /// Only under this scheme: id, or id@version
    #[arg(long)]
    scheme: Vec<SchemeChoice>,
    /// Only what comes into this state
    #[arg(long)]
    state: Vec<StateName>,
    /// Only events of this type, such as verdict.suspended, or family, such as verdict
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<EventType>,
    /// Instead of single verdicts, what changes do to this supply chain that you keep at the registry
    #[arg(long, value_name = "NAME", requires = "policy", conflicts_with_all = ["supplier", "watchlist", "scheme", "state", "types"])]
    supply_chain: Option<Name>,
    /// By this policy that you keep there
    #[arg(long, value_name = "NAME", requires = "supply_chain")]
    policy: Option<Name>,
    /// At this step of the trade [default: order]
    #[arg(long, requires = "supply_chain")]
    step: Option<TradingStep>,
    /// Seconds of silence after which a heartbeat comes [default: 3600]
    #[arg(long, value_name = "SECONDS")]
    heartbeat: Option<u32>,
    /// From behind the event of this id, or start for everything [default: what comes from now on]
    #[arg(long, value_name = "ID")]
    after: Option<Place>,
}

/// Show a subscription, and how telling goes
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 subscription show alarms")]
struct Show {
    /// Which
    name: Name,
}

/// Show the last attempts to deliver
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 subscription deliveries alarms")]
struct Deliveries {
    /// Which
    name: Name,
}

/// Send something at once, to see whether it arrives
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 subscription ping alarms")]
struct Ping {
    /// Which
    name: Name,
}

/// Go on at once, also where nothing was sent any more
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 subscription replay alarms --after 1042")]
struct Replay {
    /// Which
    name: Name,
    /// Send everything behind this event again
    #[arg(long, value_name = "ID")]
    after: Option<Place>,
    /// Send again what was set aside because it was refused
    #[arg(long)]
    dead_letters: bool,
}

/// Make a new secret; the one before signs beside it for a day
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 subscription rotate-secret alarms")]
struct RotateSecret {
    /// Which
    name: Name,
}

/// End a subscription
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 subscription remove alarms")]
struct Remove {
    /// Which
    name: Name,
}

const PATH: &str = "/v1/subscriptions";
const JSON: &str = "application/json";

impl Subscriptions {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::List(List {}) => {
                let answer: Value = context.ask(PATH)?;
                context.answer(&answer, |answer| output::rows(answer, ["name", "version", "changed"]))
            }
            Command::Put(put) => put.run(context),
            Command::Show(Show { name }) => context.answer(&context.ask::<Value>(&format!("{PATH}/{name}"))?, table),
            Command::Deliveries(Deliveries { name }) => {
                let answer: Value = context.ask(&format!("{PATH}/{name}/deliveries"))?;
                context.answer(&answer, |answer| {
                    output::rows(&answer["deliveries"], ["at", "id", "taken", "told", "ms=took"])
                })
            }
            Command::Ping(Ping { name }) => {
                let answer = posted(context, &format!("{PATH}/{name}/ping"), Bytes::new())?;
                context.answer(&answer, |answer| output::cell(answer, "delivery"))
            }
            Command::Replay(Replay { name, after, dead_letters }) => {
                let mut wish = json!({ "deadLetters": dead_letters });
                if let Some(after) = after {
                    wish["after"] = json!(after.to_string());
                }
                let answer = posted(context, &format!("{PATH}/{name}/replay"), wish.to_string().into())?;
                context.answer(&answer, table)
            }
            Command::RotateSecret(RotateSecret { name }) => {
                let answer = posted(context, &format!("{PATH}/{name}/secret"), Bytes::new())?;
                context.answer(&answer, table)
            }
            Command::Remove(Remove { name }) => kept::remove(context, PATH, &name),
        }
    }
}

impl Put {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let Put { name, url, supplier, watchlist, scheme, state, types, heartbeat, after, .. } = self;
        let mut filter = json!({ "suppliers": supplier, "schemes": scheme, "states": state, "types": types });
        if let Some(watchlist) = watchlist {
            filter["watchlist"] = json!(watchlist);
        }
        let mut asked = json!({ "url": url, "filter": filter });
        if let (Some(supply_chain), Some(policy)) = (self.supply_chain, self.policy) {
            let step = self.step.unwrap_or(TradingStep::Order);
            asked["exposure"] = json!({ "supplyChain": supply_chain, "policy": policy, "step": step });
        }
        if let Some(seconds) = heartbeat {
            asked["heartbeatSeconds"] = json!(seconds);
        }
        if let Some(after) = after {
            asked["after"] = json!(after.to_string());
        }
        let path = format!("{PATH}/{name}");
        let put = async { Ok(context.reader()?.connect().await?.put(&path, JSON, asked.to_string().into()).await?) };
        let answer: Value = read_json(&wait(put)?)?;
        context.answer(&answer, table)
    }
}

fn posted(context: &Context, path: &str, body: Bytes) -> anyhow::Result<Value> {
    let posted = wait(async { Ok(context.reader()?.connect().await?.post(path, JSON, body).await?) })?;
    Ok(read_json(&posted)?)
}

/// One row; a secret that was made stands last.
fn table(answer: &Value) -> String {
    let why = if answer["parked"].is_object() { "why=parked/why" } else { "why=failing/why" };
    let columns = ["name", "state", "behind", "size", "dead letters=deadLetters", why, "secret"];
    output::rows(&json!([answer]), columns)
}
