//! The outward form of a source file, as CONTRIBUTING.md asks for it.
//!
//! In scope: length, the opening words, names of functions, aliases, skips that nobody would count, and notes to self. Out of
//! scope: layout, which is rustfmt's, and the length of a function, which is clippy's.

use super::Finding;
use super::source::Source;

/// Above this a file has more than one subject.
const MOST_LINES: usize = 500;

/// Notes that belong in the tracker or nowhere.
const NOTES: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];

pub(super) fn findings(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources {
        found.extend(length(source));
        found.extend(opening(source));
        found.extend(silent_skip(source));
        found.extend(lines(source));
    }
    found
}

fn length(source: &Source) -> Option<Finding> {
    let count = source.text.lines().count();
    let message =
        format!("{count} lines, more than {MOST_LINES}: split it by subject, tests into a file of their own first");
    (count > MOST_LINES).then(|| finding(source, 0, message))
}

/// The first thing that is no attribute and no ordinary comment must be the module's own words. A file of tests is opened by
/// the module that it tests.
fn opening(source: &Source) -> Option<Finding> {
    if source.path.ends_with("/tests.rs") {
        return None;
    }
    let first =
        source.text.lines().map(str::trim).find(|line| {
            line.starts_with("//!") || !(line.is_empty() || line.starts_with("//") || line.starts_with("#!"))
        });
    let opened = first.is_none_or(|line| line.starts_with("//!"));
    let message = "open with `//!`: what is in scope here, and what is not".to_owned();
    (!opened).then(|| finding(source, 1, message))
}

/// A passing test's output is hidden: a skip that is only printed is never counted.
fn silent_skip(source: &Source) -> Option<Finding> {
    let says = source.text.lines().position(|line| line.contains("\"skipped: "))?;
    let message = "say it with `test_data::skip`, which the summary of the suite counts (CONTRIBUTING.md)".to_owned();
    (!source.text.contains("REGISTRY_SKIP_LOG")).then(|| finding(source, says + 1, message))
}

fn lines(source: &Source) -> Vec<Finding> {
    let texts = source.product.lines().zip(source.code.lines()).zip(source.comments.lines());
    let found = texts.enumerate().flat_map(|(index, ((product, code), comment))| {
        let messages = [alias(product), getter(code), note(comment)];
        messages.into_iter().flatten().map(move |message| finding(source, index + 1, message))
    });
    found.collect()
}

/// An alias outside a trait starts at the margin. Tests may name the row of a table.
fn alias(product: &str) -> Option<String> {
    let item = match product.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(')').map_or(rest, |(_, item)| item).trim_start(),
        Some(rest) => rest.trim_start(),
        None => product,
    };
    item.starts_with("type ")
        .then(|| "no type aliases: write the type out, or make a new type with a meaning".to_owned())
}

/// `get_ref`, `get_mut` and `get_or_…` are the standard library's own words.
fn getter(code: &str) -> Option<String> {
    let (_, name) = code.split_once("fn get_")?;
    let name = name.split(['(', '<']).next().unwrap_or(name);
    let standard = matches!(name, "mut" | "ref") || name.starts_with("or_");
    (!standard).then(|| format!("no `get_` prefix: name what comes back, `{name}`"))
}

fn note(comment: &str) -> Option<String> {
    let words = || comment.split(|found: char| !found.is_alphanumeric());
    let found = NOTES.into_iter().find(|note| words().any(|word| word == *note))?;
    Some(format!("no `{found}`: do it now, or write it down where work is planned"))
}

fn finding(source: &Source, line: usize, message: String) -> Finding {
    Finding { path: source.path.clone(), line, message }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        let source = Source::read("a/src/lib.rs".to_owned(), text.to_owned());
        findings(&[source]).into_iter().map(|finding| (finding.line, finding.message)).collect()
    }

    #[test]
    fn each_form_can_fail() {
        let rows = [
            (format!("//! Opens.\n{}", "\n".repeat(MOST_LINES)), 0, "split it by subject"),
            ("use std::fs;\n//! late".to_owned(), 1, "open with"),
            ("#![allow(x)]\n// note\nmod a;".to_owned(), 1, "open with"),
            ("//! Opens.\ntype Alias = u8;".to_owned(), 2, "no type aliases"),
            ("//! Opens.\npub(crate) type Alias = u8;".to_owned(), 2, "no type aliases"),
            ("//! Opens.\n\npub fn get_size(&self) {}".to_owned(), 3, "`size`"),
            ("//! Opens.\nlet x = 1; // TODO: more".to_owned(), 2, "no `TODO`"),
            ("//! Opens. FIXME\n".to_owned(), 1, "no `FIXME`"),
            ("//! Opens.\nprintln!(\"skipped: no data\");".to_owned(), 2, "test_data::skip"),
        ];
        for (text, line, part) in rows {
            let found = found(&text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].0 == line && found[0].1.contains(part), "{text}: {found:?}");
        }
    }

    #[test]
    fn good_form_passes() {
        let rows = [
            format!("//! Opens.{}", "\n".repeat(MOST_LINES)),
            "#![allow(x)]\n\n//! Opens.\nimpl Iterator for A {\n    type Item = u8;\n}".to_owned(),
            "//! Opens.\nlet text = \"TODO\";\nlet forget = target_of();\nlet got = map.get(&key);".to_owned(),
            "//! Opens.\nlet log = var(\"REGISTRY_SKIP_LOG\");\nlet line = \"skipped: x: y\";".to_owned(),
            "//! Opens.\n#[cfg(test)]\nmod tests {\ntype Row = u8;\n}".to_owned(),
            String::new(),
        ];
        for text in rows {
            assert_eq!(found(&text), [], "{text}");
        }
    }
}
