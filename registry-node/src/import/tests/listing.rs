//! The page that shows the example is what the files say.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::import::example;

const PAGE: &str = "../docs/guide/example-requirements.md";

fn read(name: &str) -> Value {
    serde_json::from_str(example(name).unwrap()).unwrap()
}

/// The words of one language among parts.
fn prose(parts: &Value, ja: bool) -> String {
    let parts = parts.as_array().unwrap().iter();
    let mut words = parts.filter(|part| (part["class"] == "ja") == ja).map(|part| part["prose"].as_str().unwrap());
    words.next().unwrap().to_owned()
}

fn requirements(page: &mut String, catalogue: &Value) {
    for group in catalogue["catalog"]["groups"].as_array().unwrap() {
        let title = group["title"].as_str().unwrap();
        write!(page, "\n### {title}\n\n| number | title | it asks | 求めること |\n|---|---|---|---|\n").unwrap();
        for control in group["controls"].as_array().unwrap() {
            let (number, title) = (control["props"][0]["value"].as_str().unwrap(), control["title"].as_str().unwrap());
            let parts = &control["parts"];
            writeln!(page, "| {number} | {title} | {} | {} |", prose(parts, false), prose(parts, true)).unwrap();
        }
    }
}

/// Why a profile does something to a requirement.
fn reason<'a>(profile: &'a Value, number: &str) -> &'a str {
    let mut props = profile["metadata"]["props"].as_array().unwrap().iter();
    props.find(|prop| prop["value"] == number).unwrap()["remarks"].as_str().unwrap()
}

fn sector(page: &mut String, name: &str) {
    let profile = &read(&format!("{name}-profile"))["profile"];
    write!(page, "\n## {}\n\n", profile["metadata"]["title"].as_str().unwrap()).unwrap();
    page.push_str("| number | what the sector does | 求めること | why |\n|---|---|---|---|\n");
    for id in profile["imports"][0]["exclude-controls"][0]["with-ids"].as_array().unwrap() {
        let number = id.as_str().unwrap().to_uppercase();
        writeln!(page, "| {number} | leaves it out | 適用しない | {} |", reason(profile, &number)).unwrap();
    }
    for alter in profile["modify"]["alters"].as_array().unwrap() {
        let number = alter["control-id"].as_str().unwrap().to_uppercase();
        let parts = &alter["adds"][0]["parts"];
        let (en, ja, why) = (prose(parts, false), prose(parts, true), reason(profile, &number));
        writeln!(page, "| {number} | tightens it: {en} | {ja} | {why} |").unwrap();
    }
    page.push_str("\nIt adds:\n");
    requirements(page, &read(&format!("{name}-additions")));
}

fn page() -> String {
    let mut page = String::from(
        "# The example: common requirements, and two sectors\n\n\
         Examples for operators, in our own words: to publish, to change, or to learn from. They are no standard, and nobody certifies against\n\
         them until an operator publishes a scheme that does. `import document --example` has the files, and `import crosswalk --example` how\n\
         they relate to NIST CSF 2.0, SP 800-171 r3 and SP 800-53 r5, ISO/IEC 27001:2022 and 27002:2022, and Article 21 of the NIS 2 Directive\n\
         ([crosswalk.md](../spec/crosswalk.md)). A test holds this page to the files.\n\n## Common requirements [共通要求事項]\n",
    );
    requirements(&mut page, &read("common-requirements"));
    sector(&mut page, "payment");
    sector(&mut page, "manufacturing");
    page
}

#[test]
fn the_page_shows_what_the_files_say() {
    let (path, page) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE), page());
    let shown = std::fs::read_to_string(&path).unwrap_or_default();
    if shown != page {
        let fresh = std::env::temp_dir().join("example-requirements.md");
        std::fs::write(&fresh, page).unwrap();
        panic!("{} is not what the examples say; as it should be: {}", path.display(), fresh.display());
    }
}
