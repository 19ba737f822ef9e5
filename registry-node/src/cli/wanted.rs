//! Which events a command asks for: the conditions of the stream and of the pull, as flags.

use clap::Args;
use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, SectorCode};
use conformity::verdict::StateName;
use conformity::viewpoint::Viewpoint;

use super::standing::escape;
use crate::buyer::shelf::Name;

/// Conditions: of one kind any may fit, of different kinds all must.
#[derive(Debug, Args)]
pub(super) struct Wanted {
    /// Only verdicts on this supplier; may be given again, like those below
    #[arg(long, value_name = "KIND:VALUE")]
    supplier: Vec<Identifier>,
    /// Or on the suppliers on this watchlist of yours
    #[arg(long, value_name = "NAME")]
    watchlist: Option<Name>,
    /// Only under this scheme: id, or id@version
    #[arg(long)]
    scheme: Vec<String>,
    /// Only with this viewpoint
    #[arg(long)]
    viewpoint: Vec<Viewpoint>,
    /// Only what comes into this state
    #[arg(long)]
    state: Vec<StateName>,
    /// Only events of this type, such as verdict.suspended, or family, such as verdict
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only bulletins for this sector, or for all [default: your own, once anything else is asked for]
    #[arg(long, value_name = "CODE")]
    sector: Vec<SectorCode>,
    /// Only bulletins for this country, or for all
    #[arg(long)]
    country: Vec<CountryCode>,
}

impl Wanted {
    /// As parameters of a question.
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let suppliers = self.supplier.iter().map(|value| ("supplier", value.to_string()));
        let watchlist = self.watchlist.iter().map(|name| ("watchlist", name.to_string()));
        let schemes = self.scheme.iter().map(|value| ("scheme", value.clone()));
        let viewpoints = self.viewpoint.iter().map(|value| ("viewpoint", value.to_string()));
        let states = self.state.iter().map(|value| ("state", value.to_string()));
        let types = self.types.iter().map(|value| ("type", value.clone()));
        let sectors = self.sector.iter().map(|value| ("sector", value.to_string()));
        let countries = self.country.iter().map(|value| ("country", value.to_string()));
        let members = suppliers.chain(watchlist).chain(schemes).chain(viewpoints).chain(states).chain(types);
        members.chain(sectors).chain(countries).collect()
    }
}

/// `path` with parameters behind it.
pub(super) fn asking(path: &str, parameters: &[(&'static str, String)]) -> String {
    let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}
