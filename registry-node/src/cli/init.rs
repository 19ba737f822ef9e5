//! `init`: a new registry.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use conformity::ids::{CountryCode, Origin, RegistryId};
use conformity::persons::Persons;
use serde::Serialize;
use token::TokenUri;

use super::context::Context;
use crate::clock::{Clock, SystemClock};
use crate::folder::Folder;
use crate::init::{self, NewRegistry};
use crate::keys::Keys;

const EXAMPLES: &str = "\
Examples:
  registry-node init jp --id jp --origin jp.registry.example --name \"Registry of Japan\" --country JP
  registry-node init eu --id eu --origin eu.registry.example --name \"EU Registry\" --http 127.0.0.1:7543 --nats 127.0.0.1:4322

The folder is ready to run: configuration, certificate authority, keys, the operator's credentials and the log with its
genesis entry. It is made as a whole, or not at all. Id and origin are permanent.

Nobody alone expels a peer, erases, annuls, or changes keys: the second of two persons approves it, with the credentials in operator-2 (see
registry-node approve --help). To try things out alone:
  registry-node init trial --id trial --origin trial.registry.example --name \"A trial\" --persons 1

With --token the keys that sign (log, node, witness, operator) are made in a PKCS#11 token and never leave it:
  registry-node init jp --id jp --origin jp.registry.example --name \"Registry of Japan\" \\
    --token 'pkcs11:token=jp?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/registry/pin'";

/// Make the folder of a new registry
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Init {
    /// Folder to make; it must not exist yet
    folder: PathBuf,
    /// Short name, unique among peers, such as jp; permanent
    #[arg(long)]
    id: RegistryId,
    /// Name of the log, such as jp.registry.example; permanent
    #[arg(long)]
    origin: Origin,
    /// Name shown to people
    #[arg(long)]
    name: String,
    /// Country code of the jurisdiction, such as JP
    #[arg(long)]
    country: Option<CountryCode>,
    /// Address and port of the HTTPS door
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7443")]
    http: SocketAddr,
    /// Address and port of the nats-server that peers dial
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4222")]
    nats: SocketAddr,
    /// Address and port of the nats-server that buyers dial; without it they are served by HTTPS alone, and [nats.buyers] can be added later
    #[arg(long, value_name = "ADDRESS")]
    nats_buyers: Option<SocketAddr>,
    /// Host name under which others reach them
    #[arg(long, value_name = "HOST", default_value = "localhost")]
    host: String,
    /// PKCS#11 token (RFC 7512) that makes and keeps the keys, instead of files
    #[arg(long, value_name = "URI")]
    token: Option<TokenUri>,
    /// How many persons a sensitive step of the operator needs: 2, with credentials for the second in operator-2, or 1 for trials
    #[arg(long, value_name = "N", default_value = "2")]
    persons: Persons,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    folder: PathBuf,
    registry: RegistryId,
    origin: Origin,
    http: String,
    nats: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nats_buyers: Option<String>,
    operator: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_operator: Option<PathBuf>,
    genesis: PathBuf,
}

impl Init {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let folder = Folder::new(&self.folder);
        let made = Made {
            folder: self.folder.clone(),
            registry: self.id.clone(),
            origin: self.origin.clone(),
            http: format!("https://{}:{}", self.host, self.http.port()),
            nats: format!("{}:{}", self.host, self.nats.port()),
            nats_buyers: self.nats_buyers.map(|listen| format!("{}:{}", self.host, listen.port())),
            operator: folder.operator(),
            second_operator: (!self.persons.is_one()).then(|| folder.second_operator()),
            genesis: folder.genesis(),
        };
        let new = NewRegistry {
            id: self.id,
            origin: self.origin,
            name: self.name,
            country: self.country,
            http: self.http,
            nats: self.nats,
            nats_buyers: self.nats_buyers,
            host: self.host,
            keys: Keys::new(self.token),
            persons: self.persons,
        };
        init::init(&self.folder, &new, SystemClock.now())?;
        context.answer(&made, render)
    }
}

fn render(made: &Made) -> String {
    let folder = made.folder.display();
    let second = match &made.second_operator {
        Some(second) => format!(
            "{} belongs to the operator's second person: move it to where only they can read it, and keep a third key in a safe",
            second.display()
        ),
        None => "FOR TRIALS: one person alone can expel, erase, annul, and change keys; before anybody relies on it, see registry-node persons --help"
            .to_owned(),
    };
    format!(
        "registry {} is ready in {folder}; its log is {}\n\n\
         next:\n  \
         registry-node serve {folder}\n  \
         registry-node --registry {folder} status\n  \
         registry-node --registry {folder} party add cb-1 --role certification-body --id cb-1 --name \"Example Certification\"\n\n\
         keep {folder}/ca/root.key, {folder}/keys and {folder}/vault where only the operator can read them\n{second}",
        made.registry, made.origin
    )
}
