//! Lists and documents that others publish: registers as CSV, JSON, HTML and signed XML, catalogues, crosswalks, and how a register
//! is read.

use std::sync::{Arc, LazyLock};

use conformity::crosswalk::Publication;
use conformity::document::{Document, DocumentKind};
use conformity::ids::{CrosswalkRef, DocumentRef, SchemeRef, VerdictId};
use conformity::scheme::Scheme;
use conformity::time::Day;
use conformity::verdict::VerdictRecord;
use registry_node::import::{
    self, CrosswalkOrder, DocumentOrder, Holdings, Mapping, Occasion, Profile, Unknown, preset, preset_names,
};

/// A register that holds nothing yet.
struct Nothing;

impl Holdings for Nothing {
    fn verdict(&self, _: &VerdictId) -> Option<Arc<VerdictRecord>> {
        None
    }

    fn scheme(&self, _: &SchemeRef) -> Option<Arc<Scheme>> {
        None
    }

    fn document(&self, _: &DocumentRef) -> Option<Arc<Document>> {
        None
    }

    fn crosswalk(&self, _: &CrosswalkRef) -> Option<Arc<Publication>> {
        None
    }
}

/// The mappings that are built in, in their order.
static PRESETS: LazyLock<Vec<Mapping>> =
    LazyLock::new(|| preset_names().map(|name| preset(name).expect("it is built in")).collect());

static DAY: LazyLock<Day> = LazyLock::new(|| "2026-01-01".parse().expect("it is a day"));

/// A register, read by the preset that the digit at its beginning counts.
pub(crate) fn register(data: &[u8]) -> bool {
    let Some((digit, file)) = data.split_first() else { return false };
    let Some(mapping) = digit.checked_sub(b'0').and_then(|digit| PRESETS.get(usize::from(digit))) else {
        return false;
    };
    let occasion = Occasion { source: None, retrieved: *DAY, today: *DAY, status: None };
    let Ok(plan) = import::register(file, mapping, &occasion, &Nothing) else { return false };
    // Of every row it is said what became of it.
    let counts = plan.accounts.counts();
    let _ = (plan.accounts.by_section(), plan.accounts.report().count(), counts);
    plan.accounts.iter().next().is_some()
}

/// How a register is read.
pub(crate) fn mapping(data: &[u8]) -> bool {
    std::str::from_utf8(data).is_ok_and(|text| Mapping::parse(text).is_ok())
}

/// A catalogue: OSCAL in JSON or XML, a framework in YAML, or a profile of catalogues.
pub(crate) fn document(data: &[u8]) -> bool {
    let order = DocumentOrder {
        document: "a-document@1".parse().expect("it is a reference"),
        owner: "Somebody".parse().expect("it is a text"),
        kind: DocumentKind::Requirements,
        source: None,
        title: None,
    };
    let planned = import::document(data, &order, &Nothing).is_ok();
    let worded = import::wordings(data).is_ok();
    let required = import::requirements(data).is_ok();
    planned | worded | required | Profile::read(data, None).is_ok()
}

/// A crosswalk: OSCAL, a library in YAML, or the references of a catalogue.
pub(crate) fn crosswalk(data: &[u8]) -> bool {
    let document = |name: &str| name.parse().expect("it is a reference");
    let order = CrosswalkOrder {
        crosswalk: "a-crosswalk@1".parse().expect("it is a reference"),
        source: document("a-document@1"),
        target: document("b-document@1"),
        owner: "Somebody".parse().expect("it is a text"),
        issued: *DAY,
        url: None,
        title: None,
        references: None,
        unknown: Unknown::LeaveOut,
    };
    let referring = CrosswalkOrder { references: Some("element=".to_owned()), ..order.clone() };
    let planned = import::crosswalk(data, &order, &[], &Nothing);
    planned.is_ok() | import::crosswalk(data, &referring, &[], &Nothing).is_ok()
}
