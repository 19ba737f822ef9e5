//! Text of a nats-server configuration: indentation and quoting.
//!
//! A path in double quotes has two characters that need an escape, `\` and `"`. The server's reader knows no escape for
//! most control characters, so a path with one is refused.

use std::fmt;
use std::path::{Path, PathBuf};

/// A path that cannot be written into the server's configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsafePath {
    /// One of the server's own files.
    #[error("nats-server cannot be given the path {path:?}: {rule}")]
    Unwritable {
        /// The path.
        path: PathBuf,
        /// What it must be instead.
        rule: &'static str,
    },
    /// One of the files for TLS.
    #[error(transparent)]
    Tls(#[from] certs::UnfitPath),
}

/// Lines, indented by what is open around them.
pub(super) struct Text {
    out: String,
    depth: usize,
}

impl Text {
    pub(super) fn new() -> Self {
        Self { out: String::new(), depth: 0 }
    }

    pub(super) fn line(&mut self, line: impl fmt::Display) {
        let line = format!("{:1$}{line}\n", "", 2 * self.depth);
        self.out.push_str(&line);
    }

    /// Lines that were laid out elsewhere.
    pub(super) fn lines(&mut self, lines: &str) {
        lines.lines().for_each(|line| self.line(line));
    }

    pub(super) fn open(&mut self, line: impl fmt::Display) {
        self.line(line);
        self.depth += 1;
    }

    pub(super) fn close(&mut self, line: impl fmt::Display) {
        self.depth = self.depth.saturating_sub(1);
        self.line(line);
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

/// A path as a double-quoted string.
pub(super) fn quoted(path: &Path) -> Result<String, UnsafePath> {
    let refuse = |rule| UnsafePath::Unwritable { path: path.to_owned(), rule };
    let text = path.to_str().ok_or_else(|| refuse("use a path in UTF-8"))?;
    if !path.is_absolute() {
        return Err(refuse("use an absolute path"));
    }
    if text.chars().any(char::is_control) {
        return Err(refuse("use a path without control characters"));
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    Ok(format!("\"{escaped}\""))
}
