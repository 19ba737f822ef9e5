//! A Rust source file split into what is code and what is comment, with every line kept where it was.
//!
//! In scope: blanking comments and literals so that a word in a text is not taken for code, and telling the product from its
//! tests. Out of scope: a syntax tree; the rules that stand on this look for words and paths only.

use std::collections::BTreeSet;

/// One file. All texts have the same length, and line breaks at the same places.
#[derive(Debug)]
pub(super) struct Source {
    /// From the root of the repository.
    pub(super) path: String,
    /// As written.
    pub(super) text: String,
    /// Without comments and without what literals contain.
    pub(super) code: String,
    /// The comments alone.
    pub(super) comments: String,
    /// The code that ships: test modules are blank, and a file of tests is blank altogether.
    pub(super) product: String,
}

impl Source {
    pub(super) fn read(path: String, text: String) -> Self {
        let (code, comments) = split(&text);
        let product = if holds_tests(&path) { blank(&code) } else { without_test_modules(&code) };
        Self { path, text, code, comments, product }
    }
}

/// Blanks the product of files that another file declares as `#[cfg(test)] mod name;`.
pub(super) fn mark_tests(sources: &mut [Source]) {
    let declared: BTreeSet<String> = sources.iter().flat_map(test_files).collect();
    for source in sources {
        let stem = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
        if declared.iter().any(|name| stem == name || stem.starts_with(&format!("{name}/"))) {
            source.product = blank(&source.code);
        }
    }
}

fn holds_tests(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.contains("/benches/") || path.ends_with("/tests.rs")
}

/// The modules in files of their own that a file declares for tests only, as paths without `.rs`.
fn test_files(source: &Source) -> Vec<String> {
    let (folder, name) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let stem = name.trim_end_matches(".rs");
    let folder = match stem {
        "lib" | "main" | "mod" => folder.to_owned(),
        _ => format!("{folder}/{stem}"),
    };
    test_modules(&source.code)
        .filter_map(|(_, rest)| rest.split_once(';').filter(|(name, _)| !name.contains('{')))
        .map(|(name, _)| format!("{folder}/{}", name.trim()))
        .collect()
}

/// For each `#[cfg(test)] mod`: where it starts, and what follows the word `mod`.
fn test_modules(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.match_indices("#[cfg(test)]").filter_map(|(start, attribute)| {
        let mut rest = code[start + attribute.len()..].trim_start();
        while rest.starts_with("#[") {
            rest = rest.split_once(']')?.1.trim_start();
        }
        rest = rest.strip_prefix("pub(crate) ").unwrap_or(rest);
        Some((start, rest.strip_prefix("mod ")?))
    })
}

fn without_test_modules(code: &str) -> String {
    let mut product = code.to_owned();
    for (start, rest) in test_modules(code) {
        let end = code.len() - rest.len() + end_of_module(rest);
        product.replace_range(start..end, &blank(&code[start..end]));
    }
    product
}

/// The length up to the brace that closes the module, or up to `;` when its body is elsewhere.
fn end_of_module(rest: &str) -> usize {
    let mut depth = 0_usize;
    for (index, byte) in rest.bytes().enumerate() {
        match byte {
            b';' if depth == 0 => return index + 1,
            b'{' => depth += 1,
            b'}' if depth <= 1 => return index + 1,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    rest.len()
}

/// As many bytes as before, so that offsets stay true.
fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// Splits into code and comments by walking over the tokens that can hide either.
fn split(text: &str) -> (String, String) {
    let (mut code, mut comments) = (String::new(), String::new());
    let mut rest = text;
    while !rest.is_empty() {
        let (kind, length) = next(rest, code.chars().next_back());
        let (token, after) = rest.split_at(length);
        match kind {
            Kind::Code => {
                code.push_str(token);
                comments.push_str(&blank(token));
            }
            Kind::Comment => {
                code.push_str(&blank(token));
                comments.push_str(token);
            }
            Kind::Literal => {
                code.push_str(&blank(token));
                comments.push_str(&blank(token));
            }
        }
        rest = after;
    }
    (code, comments)
}

enum Kind {
    Code,
    Comment,
    Literal,
}

/// The next token and its length. Whatever hides nothing goes one character at a time.
fn next(rest: &str, before: Option<char>) -> (Kind, usize) {
    if rest.starts_with("//") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, block_comment(rest));
    }
    let in_word = before.is_some_and(|found| found.is_alphanumeric() || found == '_');
    if let Some(length) = (!in_word).then(|| raw_string(rest)).flatten() {
        return (Kind::Literal, length);
    }
    let first = rest.chars().next().map_or(0, char::len_utf8);
    match rest.as_bytes().first() {
        Some(b'"') => (Kind::Literal, quoted(rest, '"')),
        Some(b'\'') if is_character(rest) => (Kind::Literal, quoted(rest, '\'')),
        _ => (Kind::Code, first),
    }
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut index) = (0_usize, 0);
    while index < rest.len() {
        let here = &rest.as_bytes()[index..];
        if here.starts_with(b"/*") {
            (depth, index) = (depth + 1, index + 2);
        } else if here.starts_with(b"*/") {
            (depth, index) = (depth - 1, index + 2);
            if depth == 0 {
                return index;
            }
        } else {
            index += 1;
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#`, and the same after `b` or `c`.
fn raw_string(rest: &str) -> Option<usize> {
    let hashes = rest.trim_start_matches(['b', 'c']).strip_prefix('r')?;
    let opened = hashes.trim_start_matches('#');
    let body = opened.strip_prefix('"')?;
    let end = format!("\"{}", &hashes[..hashes.len() - opened.len()]);
    let closed = body.find(&end).map_or(body.len(), |index| index + end.len());
    Some(rest.len() - body.len() + closed)
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, found) in rest.char_indices().skip(1) {
        match found {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if found == quote => return index + quote.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// A quote opens a character, not a lifetime, when a backslash follows or the second next closes it.
fn is_character(rest: &str) -> bool {
    let mut after = rest.chars().skip(1);
    after.next() == Some('\\') || after.next() == Some('\'')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source::read(path.to_owned(), text.to_owned())
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        let hidden = [
            "// sled",
            "/* sled /* sled */ sled */",
            "\"sled \\\" sled\"",
            "r\"sled\\\"",
            "r#\"sled \" sled\"#",
            "br##\"sled \"# sled\"##",
            "b\"sled\"",
            "'\\''",
            "'é'",
        ];
        for text in hidden {
            let read = source("a/src/lib.rs", &format!("before {text}\nafter"));
            assert!(!read.code.contains("sled"), "{text}: {}", read.code);
            assert!(read.code.contains("before") && read.code.ends_with("\nafter"), "{text}: {}", read.code);
        }
    }

    #[test]
    fn lifetimes_and_raw_identifiers_are_code() {
        let text = "fn f<'a>(r#type: &'a str, var: u8) -> &'a str { bar }";
        assert_eq!(source("a/src/lib.rs", text).code, text);
    }

    #[test]
    fn offsets_stay_true_after_wide_characters() {
        let text = "let x = \"相互承認\"; // 取決め\n#[cfg(test)] mod t { fn é() {} }\nsled";
        let read = source("a/src/lib.rs", text);
        for other in [&read.code, &read.comments, &read.product] {
            assert_eq!(other.len(), text.len());
        }
        assert_eq!(read.product.find("sled"), text.find("sled"));
    }

    #[test]
    fn comments_are_kept_apart() {
        let read = source("a/src/lib.rs", "let x = \"no\"; // yes\n");
        assert_eq!(read.comments.trim(), "// yes");
        assert_eq!(read.comments.lines().count(), read.code.lines().count());
    }

    #[test]
    fn test_modules_are_no_product() {
        let text = "fn product() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests { fn t() { {} } }\nfn more() {}";
        let read = source("a/src/lib.rs", text);
        assert!(read.product.contains("product") && read.product.contains("more"));
        assert!(!read.product.contains("fn t"));
        assert_eq!(read.product.lines().count(), text.lines().count());
    }

    #[test]
    fn files_of_tests_are_no_product() {
        for path in ["tests/src/lib.rs", "a/tests/x.rs", "a/benches/x.rs", "a/src/x/tests.rs"] {
            assert_eq!(source(path, "code").product, "    ", "{path}");
        }
    }

    #[test]
    fn files_declared_for_tests_are_no_product() {
        let mut sources = [
            source("a/src/lib.rs", "#[cfg(test)]\nmod samples;\nmod shipped;"),
            source("a/src/samples.rs", "code"),
            source("a/src/samples/deep.rs", "code"),
            source("a/src/shipped.rs", "#[cfg(test)] pub(crate) mod inner;"),
            source("a/src/shipped/inner.rs", "code"),
        ];
        mark_tests(&mut sources);
        let shipped: Vec<bool> = sources.iter().map(|one| !one.product.trim().is_empty()).collect();
        assert_eq!(shipped, [true, false, false, false, false]);
        assert!(sources[0].product.contains("mod shipped"));
    }
}
