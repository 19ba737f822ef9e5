//! A picture is well-formed whatever the names are, says in words what it shows, and has an end.

#![allow(clippy::unwrap_used, clippy::panic)]

use quick_xml::events::Event;
use quick_xml::reader::Reader;
use serde_json::{Value, json};

use super::*;
use crate::chain::tests::{chain, duns};
use crate::exposure::tests::reviewed;

/// Counts elements of each name and class; fails where the picture is not well-formed.
fn counted(svg: &str) -> BTreeMap<String, usize> {
    let mut reader = Reader::from_str(svg);
    let (mut counts, mut depth) = (BTreeMap::new(), 0_i32);
    loop {
        let event = reader.read_event().unwrap_or_else(|error| panic!("{error}: {svg}"));
        depth += match &event {
            Event::Start(_) => 1,
            Event::End(_) => -1,
            Event::Eof => break,
            Event::Text(text) => {
                quick_xml::escape::unescape(text).unwrap();
                0
            }
            _ => 0,
        };
        if let Event::Start(element) = event {
            let class = element.try_get_attribute("class").unwrap();
            let class = class.map(|class| format!(".{}", class.value));
            let name = element.name().as_ref().to_owned();
            *counts.entry(format!("{name}{}", class.unwrap_or_default())).or_default() += 1;
        }
    }
    assert_eq!(depth, 0);
    counts
}

#[test]
fn what_is_broken_is_marked_and_what_hangs_on_it() {
    let chain = chain(&[
        json!({"supplier": duns(1), "to": "product:Pump"}),
        json!({"supplier": duns(2), "to": duns(1)}),
        json!({"supplier": duns(2), "to": duns(1), "item": "x"}),
        json!({"supplier": duns(3), "to": duns(1)}),
        json!({"supplier": duns(3), "to": "product:Valve"}),
    ]);
    let svg = reviewed(&chain, &[2], |review| drawing(review, Language::English));
    let counts = counted(&svg);
    let rows = [
        ("path.broken", 1),
        ("path.affected", 1),
        ("path.sound", 2),
        ("g.broken", 1),
        ("g.affected", 1),
        ("g.product affected", 1),
        ("g.product sound", 1),
        ("g.sound", 1),
    ];
    for (what, count) in rows {
        assert_eq!(counts.get(what), Some(&count), "{what}: {counts:?}");
    }
    let told = "5 places, 5 links: 2 do not meet the policy, 1 more hang on those.";
    assert!(svg.contains(&format!("<desc id=\"d\">{told}</desc>")), "{svg}");
    assert!(reviewed(&chain, &[2], |review| drawing(review, Language::Japanese)).contains("サプライチェーン"));
}

#[test]
fn a_name_is_shown_as_far_as_its_box_is_wide() {
    let rows = [
        ("Example Works", "Example Works"),
        ("A name of more than twenty-eight characters", "A name of more than twenty-e…"),
        ("株式会社サンプル部品製作所", "株式会社サンプル部品製作所"),
        ("株式会社サンプル部品製作所大阪工場", "株式会社サンプル部品製作所大…"),
    ];
    for (name, shown) in rows {
        assert_eq!(cut(name), shown);
    }
}

#[test]
fn no_name_breaks_out_of_its_text() {
    let evil = "</text><script>alert(1)</script>&\"'";
    let chain = chain(&[json!({"supplier": duns(1), "name": evil, "to": format!("product:{evil}")})]);
    let svg = reviewed(&chain, &[1], |review| drawing(review, Language::English));
    let counts = counted(&svg);
    assert!(!counts.contains_key("script"), "{svg}");
    assert_eq!(counts.get("g.broken"), Some(&1));
}

#[test]
fn a_large_chain_is_drawn_as_far_as_it_is_affected_and_no_further() {
    let direct = |number: usize| json!({"supplier": duns(number), "to": format!("product:{}", number % 7)});
    let large = chain(&(0..MAX_PLACES * 2).map(direct).collect::<Vec<Value>>());
    let rows = [(vec![3], 2), (vec![], 0), ((0..MAX_PLACES * 2).collect(), MAX_PLACES)];
    for (without, boxes) in rows {
        let svg = reviewed(&large, &without, |review| drawing(review, Language::English));
        let drawn: usize =
            counted(&svg).iter().filter(|(name, _)| name.starts_with("g.")).map(|(_, count)| count).sum();
        assert_eq!(drawn, boxes, "{}", without.len());
        assert!(svg.contains("not drawn"));
    }
    // Each of 300 supplies ten of the floor below it.
    let mut links: Vec<Value> = (0..30).map(direct).collect();
    let many = (30..330).flat_map(|number| (0..10).map(move |nth| (number, (number * 7 + nth) % 30)));
    links.extend(many.map(|(number, to)| json!({"supplier": duns(number), "to": duns(to)})));
    let svg = reviewed(&chain(&links), &[], |review| drawing(review, Language::English));
    assert_eq!(counted(&svg).get("path.sound"), Some(&MAX_LINES));
    let last = reviewed(&chain(&links), &[329], |review| drawing(review, Language::English));
    assert_eq!(counted(&last).get("path.broken"), Some(&10), "what is broken has room before what is sound");
    assert!(svg.contains("not drawn"));
}
