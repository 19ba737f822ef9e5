//! Rules of this repository that the compiler cannot see, each with what to do instead.
//!
//! In scope: which names may stand where, which way imports go, the outward form of source files, links between documents,
//! and crates that must stay out. Out of scope: what rustc, rustfmt and clippy already check.

mod bans;
mod crates;
mod form;
mod layers;
mod links;
mod source;
mod uses;

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use source::Source;

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, as seen from the root of the repository.
    pub path: String,
    /// The line, counted from 1; 0 means the file as a whole.
    pub line: usize,
    /// What is wrong, and what to do instead.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.path, self.message),
            line => write!(formatter, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Prints every finding, and answers whether there was none.
///
/// # Errors
/// When a file cannot be read or cargo does not answer.
pub fn run(workspace: &Workspace, out: &mut impl Write) -> Result<bool> {
    let findings = findings(workspace)?;
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    if !findings.is_empty() {
        writeln!(out, "tidy: {} to mend", findings.len())?;
    }
    Ok(findings.is_empty())
}

fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let sources = sources(workspace)?;
    let documents = files(&workspace.root, "md")?;
    let mut found = bans::findings(&sources);
    found.extend(form::findings(&sources));
    found.extend(layers::findings(workspace)?);
    found.extend(links::findings(&workspace.root, &documents)?);
    found.extend(crates::findings(workspace)?);
    found.sort();
    Ok(found)
}

fn sources(workspace: &Workspace) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in files(&workspace.root, "rs")? {
        let text = read(&workspace.root.join(&path))?;
        sources.push(Source::read(path, text));
    }
    source::mark_tests(&mut sources);
    Ok(sources)
}

/// Every file with an extension, as `/`-separated paths from the root, in order. Build output and hidden folders are left out.
fn files(root: &Path, extension: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.is_file() && path.extension().is_some_and(|found| found == extension) {
                found.push(below(root, &path));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder).and_then(|all| all.map(|entry| Ok(entry?.path())).collect());
    paths.with_context(|| format!("cannot read {}", folder.display()))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn build_output_and_hidden_folders_are_not_searched() {
        let root = tempfile::tempdir().unwrap();
        for path in ["a/src/lib.rs", "b.rs", "target/debug/c.rs", ".git/d.rs", "a/e.md"] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        assert_eq!(files(root.path(), "rs").unwrap(), ["a/src/lib.rs", "b.rs"]);
    }

    #[test]
    fn a_finding_names_its_place() {
        let mut finding = Finding { path: "a.rs".into(), line: 7, message: "no".into() };
        assert_eq!(finding.to_string(), "a.rs:7: no");
        finding.line = 0;
        assert_eq!(finding.to_string(), "a.rs: no");
    }
}
