//! The full paths that `use` declarations name, however they are grouped.
//!
//! In scope: flattening `use a::{b, c::{d}};` into `a::b` and `a::c::d`. Out of scope: following renames or globs.

/// Each path with the offset of its declaration in the code.
pub(super) fn paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("use ") {
        let starts_a_word =
            code[..start].chars().next_back().is_none_or(|before| !before.is_alphanumeric() && before != '_');
        if let Some((tree, _)) = code[start + 4..].split_once(';').filter(|_| starts_a_word) {
            let mut flat = Vec::new();
            flatten("", tree.trim(), &mut flat);
            found.extend(flat.into_iter().map(|path| (start, path)));
        }
    }
    found
}

fn flatten(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let Some((head, group)) = tree.split_once('{') else {
        let name = tree.split_whitespace().next().unwrap_or_default();
        found.push(format!("{prefix}{name}"));
        return;
    };
    let prefix = format!("{prefix}{}", head.trim());
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    for branch in branches(group) {
        flatten(&prefix, branch.trim(), found);
    }
}

/// Splits at the commas that stand in no inner group.
fn branches(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0_usize, 0, Vec::new());
    for (index, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                found.push(&group[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    found.push(&group[start..]);
    found.retain(|branch| !branch.trim().is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_flattened() {
        let code =
            "use std::{fs, io::{self, Read as R},\n    net::*,};\npub use jiff::Timestamp;\nfn f() { refuse x; }";
        let found: Vec<String> = paths(code).into_iter().map(|(_, path)| path).collect();
        assert_eq!(found, ["std::fs", "std::io::self", "std::io::Read", "std::net::*", "jiff::Timestamp"]);
    }
}
