//! What is said of a mapping before it meets a row.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use super::Mapping;
use crate::import::preset_text;

/// Preset, what is replaced in it, by what, and the words of the refusal.
#[test]
fn every_unsound_mapping_is_refused_with_its_key_or_line() {
    let rows: [(&str, &str, &str, &str); 30] = [
        ("gleif", "[list]", "[lists]", "unknown field `lists`"),
        ("gleif", "title =", "titel =", "unknown field `titel`"),
        ("gleif", "id = \"gleif\"", "", "missing field `id`"),
        ("gleif", "id = \"gleif\"", "id = \"GLEIF\"", "list.id"),
        ("gleif", "id = \"gleif\"", "id = \"a.b\"", "list.id"),
        ("gleif", "id = \"gleif\"", "id = \"\"", "list.id"),
        ("gleif", "format = \"csv\"", "format = \"xls\"", "unknown variant `xls`"),
        ("gleif", "format = \"csv\"", "format = \"csv\"\nencoding = \"ebcdic\"", "input.encoding"),
        ("gleif", "format = \"csv\"", "format = \"csv\"\ndelimiter = \"、\"", "input.delimiter"),
        ("gleif", "format = \"csv\"", "format = \"html\"", "input.table"),
        ("gleif", "format = \"csv\"", "format = \"json\"", "section"),
        ("gleif", "kind = \"lei\"", "kind = \"vat\"", "vat"),
        ("gleif", "[suppliers]", "[evidence]", "unknown field"),
        ("gleif", "identifier =", "# identifier =", "missing field `identifier`"),
        ("gleif", "name = \"Entity.LegalName\"", "name = { constant = \"a\", from = \"b\" }", "keep one"),
        ("gleif", "name = \"Entity.LegalName\"", "name = { clean = [\"entities\"] }", "either from or constant"),
        (
            "gleif",
            "name = \"Entity.LegalName\"",
            "name = { from = \"a\", clean = [\"mend\"] }",
            "unknown variant `mend`",
        ),
        ("gleif", "name = \"Entity.LegalName\"", "name = 3", "a column's name, or a table"),
        ("fedramp", "pointer = \"/data/Products\"", "pointer = \"data\"", "begin with /"),
        ("fedramp", "pointer = \"/data/Products\"", "pointer = \"/data\"", "leads through it"),
        ("fedramp", "name = \"reuse\"", "name = \"products\"", "named twice"),
        ("fedramp", "why = \"it is an assessor", "# why = \"it is an assessor", "say why exactly when"),
        ("fedramp", "become = \"verdicts\"", "become = \"suppliers\"", "exactly when a section becomes it"),
        ("fedramp", "name = \"/cso\"", "name = \"cso\"", "no JSON pointer"),
        ("fedramp", "= \"not-a-verdict\", \"FedRAMP Ready\"", "= \"maybe\", \"FedRAMP Ready\"", "\"maybe\" is none of"),
        (
            "cmvp",
            "status = { from = \"Status\", map = { Active = \"valid\", Historical = \"historical\", Revoked = \"withdrawn\" } }",
            "status = \"Status\"",
            "verdicts.status.map",
        ),
        ("cmvp", "identity = [\"Certificate Number\"]", "identity = []", "verdicts.identity"),
        ("cmvp", "object = \"product\"", "object = \"site\"", "verdicts.object"),
        ("common-criteria", "CPP = \"cPP\"", "CPP = \"CPP\"", "CPP is not a level of the scheme"),
        (
            "common-criteria",
            "{ code = \"EAL1\", name = \"Functionally tested\" }",
            "{ code = \"EAL1\", name = \"x\", atLeast = [\"EAL7\"] }",
            "partial order",
        ),
    ];
    for (name, from, to, words) in rows {
        let text = preset_text(name).unwrap();
        assert!(text.contains(from), "{name} lacks {from}");
        let error = Mapping::parse(&text.replacen(from, to, 1)).expect_err(words).to_string();
        assert!(error.contains(words), "{error} lacks {words}");
    }
}

#[test]
fn verdicts_and_their_scheme_come_together() {
    let text = preset_text("cmvp").unwrap();
    let (before, rest) = text.split_once("[scheme]").unwrap();
    let (scheme, verdicts) = rest.split_once("[verdicts]").unwrap();
    let without_scheme = format!("{before}[verdicts]{verdicts}");
    assert!(Mapping::parse(&without_scheme).unwrap_err().to_string().contains("verdicts need their scheme"));
    let without_verdicts = format!("{before}[scheme]{scheme}");
    assert!(Mapping::parse(&without_verdicts).unwrap_err().to_string().contains("no row needs it"));
    let (unmaintained, _) = text.split_once("[verdicts.maintenance]").unwrap();
    let each = format!("{unmaintained}[verdicts.maintenance]\neach = \"Status\"\nday = \"Status\"\nscope = []\n");
    assert!(Mapping::parse(&each).unwrap_err().to_string().contains("begin the pointer with /"));
    let levelless = text.replacen(
        "viewpoints = [\"people-and-things\"]\nscope",
        "viewpoints = [\"people-and-things\"]\nlevel-required = true\nscope",
        1,
    );
    assert!(Mapping::parse(&levelless).unwrap_err().to_string().contains("level-required"));
    let elsewhere =
        text.replacen("viewpoints = [\"people-and-things\"]\nscope", "viewpoints = [\"organization\"]\nscope", 1);
    assert!(Mapping::parse(&elsewhere).unwrap_err().to_string().contains("use some of the scheme's"));
}

#[test]
fn an_error_names_its_line() {
    let text = preset_text("gleif").unwrap().replace("format = \"csv\"", "format = \"csv\"\ncolour = \"red\"");
    let line = text.lines().position(|line| line.starts_with("colour")).unwrap() + 1;
    let error = Mapping::parse(&text).unwrap_err().to_string();
    assert!(error.contains(&format!("line {line}")), "{error}");
}

const GUIDE: &str = include_str!("../MAPPING.md");

fn example() -> &'static str {
    let (_, rest) = GUIDE.split_once("```toml\n").unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_guides_example_is_a_sound_mapping() {
    let mapping = Mapping::parse(example()).unwrap();
    assert_eq!(mapping.list(), "example");
}

/// Every table is given a key that it does not have; the error lists those it has, and the guide must show them all.
#[test]
fn the_guide_shows_every_key() {
    let tables = [
        "[list]\n",
        "[input]\n",
        "[[section]]\n",
        "[verdicts]\n",
        "[verdicts.supplier]\n",
        "[[verdicts.level]]\n",
        "[verdicts.maintenance]\n",
        "[evidence]\n",
        "[suppliers]\n",
        "identifiers = [{ ",
        "scope = [{ ",
        "name = { ",
    ];
    let mut keys = BTreeSet::new();
    for table in tables {
        let separator = if table.ends_with('\n') { "\n" } else { ", " };
        let text = example().replacen(table, &format!("{table}zzz = 1{separator}"), 1);
        let error = Mapping::parse(&text).expect_err(table).to_string();
        let (_, expected) = error.split_once("expected ").unwrap_or_else(|| panic!("{table}: {error}"));
        keys.extend(expected.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    assert!(keys.len() > 45, "{keys:?}");
    for key in keys {
        let shown = [format!("{key} = "), format!("{key}]"), format!("#   {key} "), format!("   {key} ")];
        assert!(shown.iter().any(|shown| GUIDE.contains(shown.as_str())), "the guide lacks {key}");
    }
}
