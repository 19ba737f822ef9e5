//! HTML character references in the cells of published lists.
//!
//! In scope: numeric references and the names of HTML 4 that occur in vendors' and products' names. Out of scope: the
//! two thousand names of HTML 5; an unknown reference stays as it was written, so that nothing is lost by guess.

use std::borrow::Cow;

/// Longest reference looked at, between `&` and `;`.
const REFERENCE_MAX: usize = 10;

/// Names of the upper half of Latin-1 in code point order, from U+00A0.
const LATIN_1: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not", "shy",
    "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm",
    "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig",
    "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
    "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN",
    "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc",
    "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
    "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// Further names that lists use.
const OTHERS: [(&str, char); 18] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("trade", '\u{2122}'),
    ("ndash", '\u{2013}'),
    ("mdash", '\u{2014}'),
    ("lsquo", '\u{2018}'),
    ("rsquo", '\u{2019}'),
    ("ldquo", '\u{201c}'),
    ("rdquo", '\u{201d}'),
    ("bull", '\u{2022}'),
    ("hellip", '\u{2026}'),
    ("euro", '\u{20ac}'),
    ("OElig", '\u{152}'),
    ("oelig", '\u{153}'),
    ("Scaron", '\u{160}'),
];

/// Replaces references once: what a reference yields is never read again, so `&amp;lt;` stays `&lt;`.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        match reference(from) {
            Some((character, length)) => {
                out.push(character);
                rest = from.get(length..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Reads one reference at the start of `text`; answers the character and the length of the reference.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(REFERENCE_MAX + 2).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let character = match name.strip_prefix('#') {
        Some(number) => numeric(number)?,
        None => named(name)?,
    };
    Some((character, end + 1))
}

/// A control character is nobody's name; its reference stays visible as text.
fn numeric(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|character| !character.is_control())
}

fn named(name: &str) -> Option<char> {
    if let Some((_, character)) = OTHERS.iter().find(|(known, _)| *known == name) {
        return Some(*character);
    }
    let offset = LATIN_1.iter().position(|known| *known == name)?;
    char::from_u32(0xA0 + u32::try_from(offset).ok()?)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn references_become_characters_once() {
        let rows = [
            ("Fortinet FortiGate w&#x2f; FortiOS v5.6.7", "Fortinet FortiGate w/ FortiOS v5.6.7"),
            ("T&#220;V N&Uuml;RNBERG &AElig;", "T\u{dc}V N\u{dc}RNBERG \u{c6}"),
            ("S &amp; L", "S & L"),
            ("&amp;lt;", "&lt;"),
            ("AT&T; R&D &", "AT&T; R&D &"),
            ("&unknown; &#xD800; &#0; &#7; &#99999999999; &;", "&unknown; &#xD800; &#0; &#7; &#99999999999; &;"),
            ("&nbsp;", "\u{a0}"),
            ("&yuml;", "\u{ff}"),
            ("日本&reg;株式会社", "日本\u{ae}株式会社"),
            ("&日本語;", "&日本語;"),
            ("", ""),
        ];
        for (given, expected) in rows {
            assert_eq!(decode(given), expected);
        }
    }
}
