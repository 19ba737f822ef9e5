//! Acceptances as evidence: of which edition they are stated, once, and where a list may be wrong.

use serde_json::{Value, json};

use super::world::{World, acceptances, fetched, reasons, words};
use crate::import::{Mapping, Plan, register};

/// Verdicts, and acceptances of them in two sections.
const LIST: &str = r#"
[list]
id = "uses"
title = "Products and their uses"
source = "https://list.example/"

[input]
format = "json"
days = ["%Y-%m-%d"]

[[section]]
name = "products"
pointer = "/products"
become = "verdicts"

[[section]]
name = "first"
pointer = "/first"
become = "evidence"

[[section]]
name = "uses"
pointer = "/uses"
become = "evidence"

[[document]]
document = "rules@1"
title = "Rules"
owner = "Owner"
kind = "requirements"

[scheme]
scheme = "uses@1"
title = "Uses"
owner = "Owner"
fictional = true
documents = ["rules@1"]
viewpoints = ["people-and-things"]
objects = ["product"]
evaluation = "third-party"

[verdicts]
identity = ["/id"]
object = "product"
name = "/name"
viewpoints = ["people-and-things"]
scope = []
valid-from = "/from"
status = { from = "/status", map = { ok = "valid", gone = "withdrawn" } }

[verdicts.supplier]
name = "/holder"

[evidence]
verdict = ["/id"]
by = "/by"
unit = "/unit"
code = "/code"
from = "/from"
until = "/until"
"#;

fn mapping() -> Mapping {
    Mapping::parse(LIST).unwrap()
}

fn product(name: &str, status: &str) -> Value {
    json!({"id": "P", "name": name, "holder": "Holder", "from": "2020-01-01", "status": status})
}

fn used(by: &str, until: Option<&str>) -> Value {
    json!({"id": "P", "by": by, "unit": "Unit", "code": "7", "from": "2019-05-01", "until": until})
}

fn file(products: &[Value], first: &[Value], uses: &[Value]) -> Vec<u8> {
    json!({"products": products, "first": first, "uses": uses}).to_string().into_bytes()
}

fn import(world: &mut World, day: &str, file: &[u8]) -> Plan {
    world.import(file, &mapping(), &fetched(day))
}

/// Authorities that the history of a verdict names.
fn accepted(world: &World, id: &str) -> Vec<String> {
    world.verdict(id).acceptances().map(|(_, acceptance)| acceptance.authority.to_string()).collect()
}

#[test]
fn an_acceptance_says_who_when_and_by_which_row() {
    let mut world = World::new();
    import(
        &mut world,
        "2026-01-10",
        &file(&[product("Thing", "ok")], &[], &[used("A", None), used("B", Some("2027-01-01"))]),
    );
    let verdict = world.verdict("uses.P");
    let told: Vec<_> = verdict.acceptances().map(|(_, one)| serde_json::to_value(one).unwrap()).collect();
    let mut expected = json!({
        "acceptance": told[1]["acceptance"], "verdict": "uses.P", "authority": "B", "unit": "Unit", "from": "2019-05-01",
        "until": "2027-01-01",
        "transcribed": {
            "list": "Products and their uses", "source": "https://list.example/", "retrieved": "2026-01-10",
            "row": "uses row 2", "issuedBy": "7",
        },
    });
    assert_eq!(told[1], expected);
    expected["acceptance"] = told[0]["acceptance"].clone();
    assert_ne!(told[1]["acceptance"], expected["acceptance"]);
    assert!(told[0].get("until").is_none());
}

#[test]
fn a_list_that_grew_states_only_what_is_new() {
    let mut world = World::new();
    let thing = [product("Thing", "ok")];
    import(&mut world, "2026-01-10", &file(&thing, &[], &[used("A", None), used("B", None)]));
    // Rows move, one goes, one comes.
    let plan = import(&mut world, "2026-02-10", &file(&thing, &[], &[used("C", None), used("B", None)]));
    assert_eq!(words(&plan), ["evidence-accepted"]);
    assert_eq!(accepted(&world, "uses.P"), ["A", "B", "C"], "what a list no longer says was so all the same");
    // Another last day is another word of the list, and the old one stays.
    let plan = import(&mut world, "2026-03-10", &file(&thing, &[], &[used("B", Some("2028-01-01"))]));
    assert_eq!(words(&plan), ["evidence-accepted"]);
    assert_eq!(accepted(&world, "uses.P"), ["A", "B", "C", "B"]);
}

#[test]
fn two_sections_say_two_things_and_one_says_one_once() {
    let mut world = World::new();
    let plan = import(
        &mut world,
        "2026-01-10",
        &file(&[product("Thing", "ok")], &[used("A", None)], &[used("A", None), used("A", None)]),
    );
    assert_eq!(acceptances(&plan).len(), 2);
    assert_eq!(reasons(&plan), [("repeats", 1)]);
}

#[test]
fn the_newest_edition_hears_it_and_no_edition_hears_it_again() {
    let mut world = World::new();
    import(&mut world, "2026-01-10", &file(&[product("Thing", "ok")], &[], &[used("A", None)]));
    let renamed = [product("Thing 2", "ok")];
    let plan = import(&mut world, "2026-02-10", &file(&renamed, &[], &[used("A", None), used("B", None)]));
    assert_eq!(words(&plan), ["granted uses_2.P", "superseded", "evidence-accepted"]);
    import(&mut world, "2026-03-10", &file(&renamed, &[], &[used("C", None)]));
    assert_eq!(accepted(&world, "uses.P"), ["A"]);
    assert_eq!(accepted(&world, "uses_2.P"), ["B", "C"]);
}

#[test]
fn what_is_over_can_have_been_accepted_and_what_was_refused_cannot() {
    let mut world = World::new();
    import(&mut world, "2026-01-10", &file(&[product("Thing", "gone")], &[], &[used("A", None)]));
    assert_eq!(accepted(&world, "uses.P"), ["A"]);
    assert_eq!(world.verdict("uses.P").now.state.name().as_str(), "withdrawn");
    // The row of the verdict is refused, but the register holds it: the acceptance still has something to be of.
    let plan = import(&mut world, "2026-01-11", &file(&[product("Thing", "?")], &[], &[used("B", None)]));
    assert_eq!((reasons(&plan), acceptances(&plan).len()), (vec![("unmapped", 1)], 1));
    let mut empty = World::new();
    let plan = import(&mut empty, "2026-01-11", &file(&[product("Thing", "?")], &[], &[used("B", None)]));
    assert_eq!(reasons(&plan), [("no-such-verdict", 1), ("unmapped", 1)]);
    assert!(plan.claims.is_empty());
}

#[test]
fn what_the_register_would_not_take_is_refused_with_its_row() {
    let mut world = World::new();
    let uses: Vec<_> = (0..503).map(|number| used(&format!("A{number}"), None)).collect();
    let plan = import(&mut world, "2026-01-10", &file(&[product("Thing", "ok")], &[], &uses));
    assert_eq!((acceptances(&plan).len(), reasons(&plan)), (500, vec![("too-many-acceptances", 3)]));
    let rows: Vec<_> = plan.accounts.refusals().map(|(place, _)| place.row).collect();
    assert_eq!(rows, [501, 502, 503]);
}

#[test]
fn an_interrupted_import_goes_on_where_it_stopped() {
    let list = file(&[product("Thing", "ok")], &[used("A", None)], &[used("A", None), used("B", None)]);
    let whole = register(&*list, &mapping(), &fetched("2026-01-10"), &World::new().register).unwrap();
    for stop in 0..=whole.claims.len() {
        let mut world = World::new();
        world.submit(&whole.claims[..stop]);
        let rest = register(&*list, &mapping(), &fetched("2026-02-10"), &world.register).unwrap();
        let ids = |plan: &[crate::import::Planned]| plan.iter().map(|one| one.jti.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&rest.claims), ids(&whole.claims[stop..]), "after {stop} statements");
        world.submit(&rest.claims);
    }
}
