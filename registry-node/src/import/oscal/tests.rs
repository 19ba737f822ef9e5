#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<catalog xmlns="http://csrc.nist.gov/ns/oscal/1.0" uuid="c3718842-beda-4832-8f65-2df4a0b8eb8a">
  <metadata>
    <title>Requirements
      &amp; more</title>
    <last-modified>2025-05-29T17:42:13-04:00</last-modified>
    <version>1.0</version>
    <oscal-version>1.1.3</oscal-version>
    <prop name="status" value="withdrawn"/>
  </metadata>
  <group id="g"><title>Family</title>
    <control id="a" class="requirement"><title>A</title>
      <part name="statement"/>
      <control id="a.1" class="text"><title>A.1</title><part name="statement"><p>shall <em>do</em></p></part></control>
    </control>
    <control id="b" class="requirement"><title>B</title>
      <prop name="status" value="withdrawn"/>
      <link rel="incorporated_into" href="a"/>
    </control>
    <control id="c"><title>C</title>
      <prop name="status" value="withdrawn" ns="https://example.org/own"/>
      <part name="statement"><p>shall</p></part>
      <control id="c.1"><title>C.1</title></control>
    </control>
  </group>
</catalog>"#;

const JSON: &str = r#"{"catalog":{"uuid":"c3718842-beda-4832-8f65-2df4a0b8eb8a","metadata":{"title":"Requirements & more",
 "last-modified":"2025-05-29T17:42:13-04:00","version":"1.0","oscal-version":"1.1.3"},
 "groups":[{"id":"g","title":"Family","controls":[
  {"id":"a","class":"requirement","title":"A","parts":[{"name":"statement"}],
   "controls":[{"id":"a.1","class":"text","title":"A.1","parts":[{"name":"statement","parts":[{"name":"item","prose":"shall do"}]}]}]},
  {"id":"b","class":"requirement","title":"B","props":[{"name":"status","value":"Withdrawn"}],
   "links":[{"href":"a","rel":"incorporated_into"},{"href":"x","rel":"related"}]},
  {"id":"c","title":"C","props":[{"name":"status","value":"withdrawn","ns":"https://example.org/own"}],
   "parts":[{"name":"statement","prose":"shall"}],"controls":[{"id":"c.1","title":"C.1"}]}]}]}}"#;

#[test]
fn both_syntaxes_yield_the_same_catalogue() {
    let from_xml = read(XML.as_bytes()).unwrap();
    assert_eq!(from_xml, read(JSON.as_bytes()).unwrap());
    assert_eq!(from_xml.title, "Requirements & more");
    assert_eq!((from_xml.headings, from_xml.in_force(), from_xml.withdrawn()), (1, 3, 1));
    let numbers: Vec<_> = from_xml.requirements.entries().iter().map(|entry| entry.number.as_str()).collect();
    assert_eq!(numbers, ["a.1", "b", "c", "c.1"]);
    let number = |name: &str| from_xml.requirements.number(&name.parse().unwrap()).map(RequirementId::as_str);
    assert_eq!(number("a"), Some("a.1"), "a heads nothing else");
    let gone: Vec<_> = from_xml.requirements.withdrawn().collect();
    assert_eq!(gone, [(&"b".parse().unwrap(), vec![&"a.1".parse().unwrap()])]);
}

#[test]
fn a_byte_order_mark_is_no_obstacle() {
    let marked = format!("\u{feff}{XML}");
    assert_eq!(read(marked.as_bytes()).unwrap(), read(XML.as_bytes()).unwrap());
}

/// What is refused, and by which words the operator learns of it.
#[test]
fn every_refusal_has_its_reason() {
    let deep_xml = XML.replace("<title>A</title>", &format!("{}{}", "<x>".repeat(100), "</x>".repeat(100)));
    let deep_json = format!("{{\"catalog\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let rows: [(String, &str); 21] = [
        ("id,title".into(), "neither JSON nor XML"),
        ("".into(), "neither JSON nor XML"),
        ("{\"profile\":{}}".into(), "say --profile to resolve it"),
        ("{\"assessment-plan\":{}}".into(), "an OSCAL assessment-plan"),
        ("{\"plan-of-action-and-milestones\":[]}".into(), "an OSCAL plan-of-action-and-milestones"),
        ("{}".into(), "no OSCAL catalogue"),
        ("{\"catalog\":".into(), "not a readable OSCAL file"),
        (deep_json, "not a readable OSCAL file"),
        (JSON.replace("\"b\"", "\"a\""), "the control \"a\" occurs twice"),
        (JSON.replace("\"b\"", "\"A.01\""), "the requirement A.01 occurs twice"),
        (JSON.replace("\"b\"", "\"b b\""), "cannot be used"),
        (JSON.replace("\"version\":\"1.0\",", ""), "no version"),
        (JSON.replace("\"title\":\"Requirements & more\",", ""), "no title"),
        ("{\"catalog\":{\"metadata\":{\"title\":\"t\"}}}".into(), "names no requirement"),
        (XML.replace("http://csrc.nist.gov/ns/oscal/1.0", "urn:other"), "no OSCAL catalogue"),
        (XML.replace("<catalog", "<profile").replace("</catalog", "</profile"), "say --profile to resolve it"),
        (XML.replace("</group>", ""), "not a readable OSCAL file"),
        (XML.trim_end_matches("</catalog>").to_owned(), "no OSCAL catalogue"),
        (XML.replace("id=\"b\" ", ""), "no id on a control"),
        (deep_xml, "nest deeper than 64"),
        (XML.replace("&amp;", "&own;"), "never expanded"),
    ];
    for (text, expected) in rows {
        let error = read(text.as_bytes()).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error} lacks {expected}");
    }
    let latin = read(b"<catalog>\xe9</catalog>").unwrap_err();
    assert!(matches!(latin, CatalogueError::NotUtf8 { offset: 9 }));
}

#[test]
fn an_entity_bomb_is_refused_at_its_declaration() {
    let mut declarations = String::from("<!ENTITY a0 \"ha\">");
    for level in 1..30 {
        let reference = format!("&a{};", level - 1).repeat(10);
        declarations.push_str(&format!("<!ENTITY a{level} \"{reference}\">"));
    }
    let bomb = XML.replacen("<catalog", &format!("<!DOCTYPE catalog [{declarations}]>\n<catalog"), 1);
    let bomb = bomb.replace("shall", "&a29;");
    let error = read(bomb.as_bytes()).unwrap_err();
    assert!(matches!(error, CatalogueError::Entity { .. }), "{error}");
}

#[test]
fn more_controls_than_any_catalogue_are_refused() {
    let controls: Vec<_> = (0..=CONTROLS_MAX).map(|n| format!("{{\"id\":\"c{n}\"}}")).collect();
    let text = format!("{{\"catalog\":{{\"metadata\":{{}},\"controls\":[{}]}}}}", controls.join(","));
    assert!(matches!(read(text.as_bytes()), Err(CatalogueError::TooManyControls { .. })));
}

#[test]
fn words_are_those_of_the_heading_and_of_both_languages() {
    let words = wordings(JSON.as_bytes()).unwrap();
    let told: Vec<_> = words.iter().map(|(number, one)| (number.as_str(), &*one.title, &*one.text)).collect();
    assert_eq!(
        told,
        [("a.1", "A", "shall do"), ("c", "C", "shall"), ("c.1", "C.1", "")],
        "what was withdrawn asks nothing"
    );
    let example = crate::import::example("common-requirements").unwrap();
    for (number, one) in wordings(example.as_bytes()).unwrap() {
        assert!(one.title.contains('[') && !one.text.is_empty() && !one.japanese.is_empty(), "{number}");
        assert!(one.text.is_ascii() && !one.japanese.is_ascii(), "{number}");
    }
}
