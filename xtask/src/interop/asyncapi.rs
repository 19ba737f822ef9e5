//! The document of channels on which events are told, as AsyncAPI's own parser reads it.

use std::io::Write;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::foreign::{Foreign, npm_packaged};
use super::hand_over;
use super::report::{Ended, Report};
use super::world::World;

const TOOL: &str = "@asyncapi/parser";

/// The document as it is served, and with a fault.
pub(super) fn judge<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let (tool, what) = (npm_packaged(TOOL), "the document of channels, by AsyncAPI 3.0");
    let home = match &foreign.node {
        Ok(home) => home,
        Err(why) => return report.leave_out(&tool, what, why),
    };
    let ask = |name: &str, question: &Value| {
        let file = world.stage.folder().join(name);
        hand_over(&file, question)?;
        foreign.ask_node(home, &world.ca(), "asyncapi.mjs", &file)
    };
    let mut read = Value::Null;
    report.step(&tool, what, || {
        let mut answer = ask("asyncapi.json", &json!({"address": format!("{}/asyncapi.json", world.jp.url())}))?;
        ensure!(answer["errors"] == json!([]), "it says {}", answer["errors"]);
        let channels = answer["channels"].as_array().map_or(0, Vec::len);
        read = answer["read"].take();
        ensure!(
            channels == read["channels"].as_object().map_or(0, serde_json::Map::len),
            "it sees {channels} channels"
        );
        Ok(Ended::Held)
    })?;
    report.step(&tool, "the same, one of its operations on a channel that is not there", || {
        read["operations"]["tell-stream"]["channel"]["$ref"] = "#/channels/nowhere".into();
        let answer = ask("asyncapi-fault.json", &json!({ "given": read }))?;
        let errors = answer["errors"].to_string();
        ensure!(errors.contains("nowhere"), "it says {errors}");
        Ok(Ended::Refused(errors))
    })
}
