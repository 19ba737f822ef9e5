//! Text encodings in their one canonical form: base64 (RFC 4648 §4), base64url without padding (§5), lowercase hex,
//! decimal numbers without leading zeroes. A text that another encoder would have written differently is refused, so
//! that one value has one text.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Standard base64 with padding.
pub fn base64_encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Standard base64; padding required, trailing bits must be zero.
pub fn base64_decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// base64url without padding.
pub fn base64url_encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// base64url; padding forbidden, trailing bits must be zero.
pub fn base64url_decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Exactly `2 * N` lowercase hexadecimal characters.
pub(crate) fn hex_decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (nibble(pair[0])? << 4) | nibble(pair[1])?;
    }
    Some(out)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// An ASCII decimal without sign or leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || text.starts_with(|c: char| matches!(c, '1'..='9'));
    (canonical && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn one_value_has_one_text() {
        assert_eq!(base64url_decode(b"AA").as_deref(), Some(&[0u8][..]));
        for refused in ["AB", "AA==", "A", "A+", "A A", "AA\n"] {
            assert_eq!(base64url_decode(refused.as_bytes()), None, "{refused:?}");
        }
        assert_eq!(base64_decode("AA==").as_deref(), Some(&[0u8][..]));
        for refused in ["AA", "AB==", "A-==", "AA==\n", " AA=="] {
            assert_eq!(base64_decode(refused), None, "{refused:?}");
        }
        assert_eq!(hex_decode::<2>("0aff"), Some([0x0a, 0xff]));
        for refused in ["0aF0", "0a", "0a0b0c", "0x00", "é00"] {
            assert_eq!(hex_decode::<2>(refused), None, "{refused:?}");
        }
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for refused in ["", "00", "01", "+1", "-1", "1 ", "18446744073709551616", "１"] {
            assert_eq!(decimal(refused), None, "{refused:?}");
        }
    }
}
