//! What parties and operators hand in: supply chains, policies, watchlists, members, and the configuration.

use std::path::Path;

use conformity::scheme::{ExpertNeed, SelfDeclaration};
use conformity::verdict::Profile;
use conformity::viewpoint::{ObjectKind, Viewpoints};
use procurement::{Chain, Policy};
use registry_node::applicability;
use registry_node::buyer::watchlist::Watchlist;
use registry_node::config::Config;
use registry_node::declaration::{Declared, members as read};

/// A supply chain as JSON or CSV, a policy, or a table of what applies.
pub(crate) fn chain(data: &[u8]) -> bool {
    let chain = Chain::from_json(data).or_else(|_| Chain::from_csv(data));
    if let Ok(chain) = &chain {
        for link in chain.links() {
            let _ = (chain.supplier(link), chain.target(link), chain.tier(link));
        }
    }
    chain.is_ok() | Policy::parse(data).is_ok() | applicability::read(data).is_ok()
}

/// Whom a party watches, as JSON or CSV.
pub(crate) fn watchlist(data: &[u8]) -> bool {
    let list = Watchlist::from_json(data).or_else(|_| Watchlist::from_csv(data));
    if let Ok(list) = &list {
        let written = list.to_csv().expect("what was read can be written");
        assert_eq!(Watchlist::from_csv(&written).ok().as_ref(), Some(list));
    }
    list.is_ok()
}

/// Members for whom somebody declares.
pub(crate) fn members(data: &[u8]) -> bool {
    let common = Declared {
        scheme: "stars@1".parse().expect("it is a reference"),
        terms: SelfDeclaration { validity_months: 12, expert: ExpertNeed::Optional, levels: Vec::new() },
        viewpoints: Viewpoints::default(),
        object: ObjectKind::Organization,
        profile: Profile::Open,
        awaits_expert: false,
        today: "2026-01-01".parse().expect("it is a day"),
    };
    read(data, &common).is_ok_and(|members| !members.declared.is_empty())
}

/// `registry.toml`.
pub(crate) fn config(data: &[u8]) -> bool {
    std::str::from_utf8(data).is_ok_and(|text| Config::parse(text, Path::new("registry.toml")).is_ok())
}
