//! One question about many suppliers: asked over a few connections at once, with a progress bar.
//!
//! Out of scope: what is made of the answers.

use std::collections::BTreeMap;

use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, SchemeRef};
use conformity::scheme::Levels;
use conformity::standing::Standing;
use conformity::words::Params;
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use procurement::{Chain, Registry};
use serde::Deserialize;

use super::as_of::AsOf;
use super::context::{Context, all, wait};
use super::output;
use super::standing::{escape, with_query};
use crate::client::{Client, read_json};

/// Connections at once.
const CONNECTIONS: usize = 4;
/// Suppliers that are asked about on one connection.
const EACH: usize = 256;

/// What a registry shows of each supplier of a chain, and what is needed to judge it.
pub(super) struct Asked {
    /// By supplier.
    pub(super) standings: BTreeMap<Identifier, Standing>,
    /// The registry.
    pub(super) registry: Registry,
}

/// What is read of a published scheme.
#[derive(Deserialize)]
struct Published {
    scheme: SchemeRef,
    #[serde(default)]
    levels: Levels,
}

/// What is read of an answer; there may be more around it.
#[derive(Deserialize)]
struct Answer {
    #[serde(flatten)]
    standing: Standing,
}

/// Asks about every supplier of `chain`, as of one time.
pub(super) fn about(context: &Context, chain: &Chain, as_of: &AsOf) -> anyhow::Result<Asked> {
    let client = context.reader()?;
    let id = context.registry_id()?;
    let suppliers: Vec<(Identifier, Option<CountryCode>)> = chain
        .suppliers()
        .map(|(position, supplier)| (supplier.clone(), chain.nodes()[position].country.clone()))
        .collect();
    let what = output::label("asking-suppliers", &Params::default());
    let bar = output::progress(suppliers.len() as u64, &what, context.json);
    wait(async {
        let path = as_of.appended("/v1/schemes?limit=1000");
        let schemes: Vec<Published> = all(&mut client.connect().await?, &path, "schemes").await?;
        let levels = schemes.into_iter().map(|published| (published.scheme, published.levels)).collect();
        let chunks = stream::iter(suppliers.chunks(EACH).map(|chunk| asked(&client, chunk, as_of, &bar)));
        let chunks: Vec<Vec<(Identifier, Standing)>> = chunks.buffer_unordered(CONNECTIONS).try_collect().await?;
        bar.finish_and_clear();
        Ok(Asked { standings: chunks.into_iter().flatten().collect(), registry: Registry { id, levels } })
    })
}

/// Asks about some suppliers, one after the other.
async fn asked(
    client: &Client,
    suppliers: &[(Identifier, Option<CountryCode>)],
    as_of: &AsOf,
    bar: &ProgressBar,
) -> anyhow::Result<Vec<(Identifier, Standing)>> {
    let mut connection = client.connect().await?;
    let mut answers = Vec::with_capacity(suppliers.len());
    for (supplier, country) in suppliers {
        let path = format!("/v1/suppliers/{}/standing", escape(&supplier.to_string()));
        let path = with_query(&path, [("country", country.as_ref().map(ToString::to_string))]);
        let Answer { standing } = read_json(&connection.get(&as_of.appended(&path)).await?)?;
        answers.push((supplier.clone(), standing));
        bar.inc(1);
    }
    Ok(answers)
}
