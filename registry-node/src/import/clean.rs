//! From a published value to the value that is meant: white space, quotes, character references, prefixes.
//!
//! In scope: what can be done to a text without knowing what it says. Out of scope: correcting it. A value that is
//! mistyped in the list is refused with its row, never mended.

use serde::Deserialize;

use super::entities;

/// A step of cleaning, applied in the order in which the mapping lists them. White space is always trimmed and folded
/// at the end, non-breaking blanks included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Clean {
    /// Decode HTML character references (`w&#x2f;` is `w/`).
    Entities,
    /// Take off one pair of straight quotes around the value.
    Unquote,
    /// Remove all white space (`EAL 2 +` is `EAL2+`).
    Squeeze,
    /// ASCII letters to upper case.
    Upper,
    /// Keep the first line of a cell of several lines.
    FirstLine,
    /// Keep the last line of a cell of several lines that says anything.
    LastLine,
}

/// Cleans a value; `None` when nothing is left.
pub(crate) fn clean(text: &str, steps: &[Clean]) -> Option<String> {
    let cleaned = steps.iter().fold(text.to_owned(), |text, step| step.apply(text));
    let folded = cleaned.split_whitespace().collect::<Vec<_>>().join(" ");
    (!folded.is_empty()).then_some(folded)
}

impl Clean {
    fn apply(self, text: String) -> String {
        match self {
            Self::Entities => entities::decode(&text).into_owned(),
            Self::Unquote => unquote(text.trim()).to_owned(),
            Self::Squeeze => text.split_whitespace().collect(),
            Self::Upper => text.to_ascii_uppercase(),
            Self::FirstLine => lines(&text).next().unwrap_or_default().to_owned(),
            Self::LastLine => lines(&text).next_back().unwrap_or_default().to_owned(),
        }
    }
}

fn lines(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn unquote(text: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::{Clean, clean};

    #[test]
    fn values_are_cleaned_as_the_mapping_says_and_never_mended() {
        use Clean::{Entities, FirstLine, LastLine, Squeeze, Unquote, Upper};
        let rows: [(&str, &[Clean], Option<&str>); 14] = [
            (" FR1812058188", &[], Some("FR1812058188")),
            ("FR1719841002 ", &[], Some("FR1719841002")),
            ("Red Hat\n\t\t Linux", &[], Some("Red Hat Linux")),
            ("a\u{a0}b", &[], Some("a b")),
            ("", &[], None),
            (" \u{a0} ", &[], None),
            ("w&#x2f; FortiOS", &[Entities], Some("w/ FortiOS")),
            ("w&#x2f; FortiOS", &[], Some("w&#x2f; FortiOS")),
            ("'19/12/2025'", &[Unquote], Some("19/12/2025")),
            ("'", &[Unquote], Some("'")),
            ("eal 2 + (ALC_FLR.2)", &[Squeeze, Upper], Some("EAL2+(ALC_FLR.2)")),
            ("05/02/2016\n06/17/2016\n", &[FirstLine], Some("05/02/2016")),
            ("\n05/02/2016\n06/17/2016\n \n", &[LastLine], Some("06/17/2016")),
            ("7/72023", &[Unquote, Squeeze], Some("7/72023")),
        ];
        for (given, steps, expected) in rows {
            assert_eq!(clean(given, steps).as_deref(), expected, "{given:?} {steps:?}");
        }
    }
}
