//! Links between documents lead somewhere.
//!
//! In scope: relative links in Markdown, to files and to headings; and that decision records keep their numbering. Out of
//! scope: links to the web, which change without us.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use super::{Finding, read};

/// Where decisions are recorded, one file each.
const DECISIONS: &str = "docs/decisions/";

pub(super) fn findings(root: &Path, documents: &[String]) -> Result<Vec<Finding>> {
    let mut found = numbering(documents);
    for path in documents {
        for link in links(&read(&root.join(path))?) {
            let problem = problem(root, path, &link.target)?;
            found.extend(problem.map(|message| Finding { path: path.clone(), line: link.line, message }));
        }
    }
    Ok(found)
}

#[derive(Debug, PartialEq, Eq)]
struct Link {
    line: usize,
    target: String,
}

fn links(text: &str) -> Vec<Link> {
    let mut found = Vec::new();
    for (line, prose) in prose(text) {
        let inline = prose.match_indices("](").map(|(at, opening)| &prose[at + opening.len()..]);
        let definition = prose.starts_with('[').then(|| prose.split_once("]: ")).flatten().map(|(_, rest)| rest);
        found.extend(inline.chain(definition).map(|rest| Link { line, target: target(rest) }));
    }
    found
}

/// Lines outside code blocks, with code spans blanked.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut fence: Option<&str> = None;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, None) => found.push((index + 1, without_spans(line))),
            (None, Some(_)) => fence = mark,
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
        }
    }
    found
}

fn without_spans(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    let kept = parts.iter().enumerate().filter(|(index, _)| index % 2 == 0 || index + 1 == parts.len());
    kept.map(|(_, part)| *part).collect()
}

/// Up to the closing bracket or a title; brackets inside the target are paired.
fn target(rest: &str) -> String {
    if let Some((inner, _)) = rest.strip_prefix('<').and_then(|inner| inner.split_once('>')) {
        return inner.to_owned();
    }
    let mut depth = 0_usize;
    let end = rest.find(|found: char| {
        match found {
            '(' => depth += 1,
            ')' if depth == 0 => return true,
            ')' => depth -= 1,
            _ => {}
        }
        found.is_whitespace()
    });
    rest[..end.unwrap_or(rest.len())].to_owned()
}

fn problem(root: &Path, from: &str, target: &str) -> Result<Option<String>> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(None);
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let Some(path) = resolve(from, file) else {
        return Ok(Some(format!("`{target}` leads out of the repository: link to the web, or say it here")));
    };
    let full = root.join(&path);
    if !full.exists() {
        return Ok(Some(format!("`{target}` leads nowhere: {} does not exist", path.display())));
    }
    let checked = !anchor.is_empty() && path.extension().is_some_and(|extension| extension == "md");
    if checked && !anchors(&read(&full)?).contains(anchor) {
        return Ok(Some(format!("`{target}` names no heading of {}", path.display())));
    }
    Ok(None)
}

/// From the root of the repository; none when it leads out of it.
fn resolve(from: &str, file: &str) -> Option<PathBuf> {
    if file.is_empty() {
        return Some(PathBuf::from(from));
    }
    let mut path = Path::new(from).parent().map(Path::to_path_buf).unwrap_or_default();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => path.pop().then_some(())?,
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

/// What a browser of the repository calls its headings: lower case, signs dropped, spaces to hyphens, repeats numbered.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let headings = headings(text).into_iter().map(|heading| {
        let count = seen.entry(heading.clone()).or_default();
        *count += 1;
        if *count == 1 { heading } else { format!("{heading}-{}", *count - 1) }
    });
    headings.collect()
}

fn headings(text: &str) -> Vec<String> {
    let marks: BTreeSet<usize> = prose(text).into_iter().map(|(line, _)| line).collect();
    let lines = text.lines().enumerate().filter(|(index, line)| line.starts_with('#') && marks.contains(&(index + 1)));
    lines.map(|(_, line)| slug(line.trim_start_matches('#').trim())).collect()
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|found| found.is_alphanumeric() || matches!(found, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|found| if found == ' ' { '-' } else { found }).collect()
}

/// Records are `NNNN-title.md`, each number once: two people who took the same one notice here.
fn numbering(documents: &[String]) -> Vec<Finding> {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for path in documents {
        let Some(name) = path.strip_prefix(DECISIONS) else {
            continue;
        };
        let number = name.split_once('-').map_or("", |(number, _)| number);
        let problem = if number.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            Some("name a decision record `NNNN-title.md`".to_owned())
        } else {
            taken
                .insert(number, path)
                .map(|other| format!("{other} has the number {number} already: take the next free one"))
        };
        found.extend(problem.map(|message| Finding { path: path.clone(), line: 0, message }));
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::fs;

    use super::*;

    fn check(text: &str) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("docs/spec")).unwrap();
        fs::write(
            root.path().join("docs/spec/log.md"),
            "# The log\n## Entry (v1): «bytes»\n## Again\n## Again\n```\n# code\n```\n",
        )
        .unwrap();
        fs::write(root.path().join("docs/page.md"), text).unwrap();
        let found = findings(root.path(), &["docs/page.md".to_owned(), "docs/spec/log.md".to_owned()]).unwrap();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_broken_link_is_found() {
        let rows = [
            ("[a](missing.md)", "docs/missing.md does not exist"),
            ("x\n\n[a](spec/log.md#nothing)", "names no heading of docs/spec/log.md"),
            ("[a](spec/log.md#code)", "names no heading"),
            ("[a](#nothing)", "names no heading of docs/page.md"),
            ("[a](../../outside.md)", "leads out of the repository"),
            ("[a](/etc/passwd)", "leads out of the repository"),
            ("[a]: missing.md \"title\"", "docs/missing.md does not exist"),
            ("![a](<missing picture.png>)", "missing picture.png"),
        ];
        for (text, part) in rows {
            let found = check(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains(part), "{text}: {found:?}");
        }
    }

    #[test]
    fn good_links_pass() {
        let rows = [
            "[a](spec/log.md) [b](spec/log.md#the-log) [c](../docs/spec/log.md#entry-v1-bytes) [d](spec/log.md#again-1)",
            "# Own heading\n[a](#own-heading)",
            "[a](https://example.org/x.md) [b](mailto:a@example.org)",
            "`[a](missing.md)`\n```\n[a](missing.md)\n```\n~~~\n```\n[a](missing.md)\n~~~",
            "[a](spec/ \"the folder\")",
        ];
        for text in rows {
            assert_eq!(check(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn the_line_is_named() {
        assert!(check("one\n\n[a](missing.md)")[0].starts_with("docs/page.md:3: "));
    }

    #[test]
    fn decision_records_are_numbered_once() {
        let documents = ["0001-a.md", "0002-b.md", "0002-c.md", "notes.md"].map(|name| format!("{DECISIONS}{name}"));
        let found: Vec<String> = numbering(&documents).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("0002-c.md") && found[0].contains("take the next free one"), "{found:?}");
        assert!(found[1].contains("notes.md"), "{found:?}");
    }
}
