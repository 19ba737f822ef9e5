//! Words of others: what a peer, or whoever speaks through one, has chosen and we keep, show or log.
//!
//! In scope: making such text harmless. Out of scope: what it says.

use conformity::text::deceives;

/// Characters of another's text that are kept.
pub const MAX_TEXT: usize = 512;

/// At most `most` characters of `text`, without those that move a cursor, end a line or make it read in another order.
pub fn printable(text: &str, most: usize) -> String {
    text.chars().filter(|c| !deceives(*c)).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_chose_is_cut_and_moves_no_cursor() {
        let rows = [
            ("plain", "plain"),
            ("two\nlines\r\n", "twolines"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
            ("\u{202e}sdrawkcab\u{2066}", "sdrawkcab"),
            ("a\u{0}b\u{85}c\u{2028}d", "abcd"),
            ("\u{65e5}\u{672c}", "\u{65e5}\u{672c}"),
        ];
        for (text, kept) in rows {
            assert_eq!(printable(text, MAX_TEXT), kept, "{text:?}");
        }
        assert_eq!(printable(&"\u{65e5}".repeat(10_000), MAX_TEXT).chars().count(), MAX_TEXT);
    }
}
