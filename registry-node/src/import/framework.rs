//! Requirements documents as the libraries of CISO Assistant hold them (YAML).
//!
//! ```text
//! objects.framework.requirement_nodes: [{urn, parent_urn?, ref_id?, assessable}]      each after its parent
//! ```
//!
//! Numbers and structure are facts, and are read; the texts are their publishers' and the library's, and are never kept. What becomes of a
//! framework is the outline of an OSCAL catalogue: a control for each node that can be assessed, in the group of the nearest node
//! above it that cannot. Out of scope: crosswalks of these libraries, see `crosswalk`.

use std::collections::HashMap;

use conformity::digest::named_uuid;
use conformity::ids::{NameError, RequirementId};
use serde::{Deserialize, Serialize};

use super::oscal::token;
use super::yaml;

/// Nodes of one framework (CSF 1.1 has 136).
const NODES_MAX: usize = 50_000;

/// Why a file is no framework.
#[derive(Debug, thiserror::Error)]
pub enum FrameworkError {
    /// Neither OSCAL nor YAML of the shape that is known.
    #[error("neither an OSCAL catalogue (JSON, XML) nor a framework of CISO Assistant: {because}")]
    Yaml {
        /// Where and why.
        because: String,
    },
    /// A library without a framework.
    #[error("the library holds no framework: a crosswalk is imported by `import crosswalk`")]
    NoFramework,
    /// More nodes than any framework.
    #[error("the framework has more than {NODES_MAX} nodes")]
    TooManyNodes,
    /// An address that two nodes have.
    #[error("the node {urn:?} occurs twice")]
    Repeated {
        /// The address, cut to 120 characters.
        urn: String,
    },
    /// A node under one that does not come before it.
    #[error("the node {urn:?} stands under a node that does not come before it")]
    Parent {
        /// The node's address, cut to 120 characters.
        urn: String,
    },
    /// A name that no requirement can have.
    #[error("the node {urn:?} has a name that cannot be used: {because}")]
    Name {
        /// The node's address, cut to 120 characters.
        urn: String,
        /// Why.
        because: NameError,
    },
    /// The outline cannot be written, which no framework is known to cause.
    #[error("the outline cannot be written: {0}")]
    Write(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Library {
    name: String,
    version: u64,
    publication_date: String,
    objects: Objects,
}

#[derive(Deserialize)]
struct Objects {
    framework: Option<Framework>,
}

#[derive(Deserialize)]
struct Framework {
    urn: String,
    requirement_nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    urn: String,
    #[serde(default)]
    parent_urn: Option<String>,
    #[serde(default)]
    ref_id: Option<String>,
    assessable: bool,
}

#[derive(Serialize)]
struct FileOut<'a> {
    catalog: CatalogOut<'a>,
}

#[derive(Serialize)]
struct CatalogOut<'a> {
    uuid: String,
    metadata: MetadataOut<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    controls: Vec<ControlOut>,
    groups: Vec<GroupOut>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct MetadataOut<'a> {
    title: &'a str,
    last_modified: String,
    version: String,
    oscal_version: &'static str,
    remarks: &'static str,
}

#[derive(Serialize)]
struct GroupOut {
    id: String,
    title: String,
    controls: Vec<ControlOut>,
}

#[derive(Serialize)]
struct ControlOut {
    id: String,
    title: String,
    props: Vec<PropOut>,
}

#[derive(Serialize)]
struct PropOut {
    name: &'static str,
    value: String,
}

/// The outline of a framework as an OSCAL catalogue: the same bytes for the same framework.
pub(super) fn outline(bytes: &[u8]) -> Result<Vec<u8>, FrameworkError> {
    let library: Library = yaml::read(bytes).map_err(|because| FrameworkError::Yaml { because })?;
    let framework = library.objects.framework.ok_or(FrameworkError::NoFramework)?;
    if framework.requirement_nodes.len() > NODES_MAX {
        return Err(FrameworkError::TooManyNodes);
    }
    let (controls, groups) = grouped(&framework.requirement_nodes)?;
    let file = FileOut {
        catalog: CatalogOut {
            uuid: named_uuid(&format!("secure-trust-registry outline {} {}", framework.urn, library.version)),
            metadata: MetadataOut {
                title: &library.name,
                last_modified: format!("{}T00:00:00Z", library.publication_date),
                version: library.version.to_string(),
                oscal_version: "1.2.0",
                remarks: "Numbers and structure only; the texts are their publisher's.",
            },
            controls,
            groups,
        },
    };
    Ok(serde_json::to_vec(&file)?)
}

/// Controls by the nearest node above them that cannot be assessed, and those without one.
fn grouped(nodes: &[Node]) -> Result<(Vec<ControlOut>, Vec<GroupOut>), FrameworkError> {
    let mut group_of: HashMap<&str, Option<usize>> = HashMap::with_capacity(nodes.len());
    let (mut loose, mut groups) = (Vec::new(), Vec::new());
    for node in nodes {
        let above = match &node.parent_urn {
            None => None,
            Some(parent) => {
                *group_of.get(parent.as_str()).ok_or_else(|| FrameworkError::Parent { urn: cut(&node.urn) })?
            }
        };
        let group = if node.assessable {
            let controls =
                above.and_then(|at| groups.get_mut(at)).map_or(&mut loose, |group: &mut GroupOut| &mut group.controls);
            controls.push(node.control()?);
            above
        } else {
            groups.push(GroupOut { id: token(node.tail()), title: node.name().to_owned(), controls: Vec::new() });
            Some(groups.len() - 1)
        };
        if group_of.insert(&node.urn, group).is_some() {
            return Err(FrameworkError::Repeated { urn: cut(&node.urn) });
        }
    }
    groups.retain(|group| !group.controls.is_empty());
    Ok((loose, groups))
}

impl Node {
    /// The last part of its address.
    fn tail(&self) -> &str {
        self.urn.rsplit(':').next().unwrap_or_default()
    }

    /// As the document numbers it.
    fn name(&self) -> &str {
        self.ref_id.as_deref().unwrap_or_else(|| self.tail())
    }

    fn control(&self) -> Result<ControlOut, FrameworkError> {
        let number: Result<RequirementId, NameError> = self.name().parse();
        let number = number.map_err(|because| FrameworkError::Name { urn: cut(&self.urn), because })?;
        let prop = |name, value: &str| PropOut { name, value: value.to_owned() };
        Ok(ControlOut {
            id: token(self.tail()),
            title: number.to_string(),
            props: vec![prop("label", number.as_str()), prop("sort-id", self.tail())],
        })
    }
}

fn cut(urn: &str) -> String {
    urn.chars().take(120).collect()
}
