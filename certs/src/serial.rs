//! Serial numbers of certificates: 16 bytes, random, unique to one authority.
//!
//! The two highest bits are fixed to `01`, so that every serial is positive and has the same length in DER, in a CRL
//! and on screen; 126 bits are left to chance.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const LENGTH: usize = 16;

/// The serial number of a certificate that one of our authorities issued.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial([u8; LENGTH]);

/// Why bytes or text are no serial number of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a serial number is 32 hexadecimal digits, the first of them 4 to 7; `certs show` lists the issued ones")]
pub struct SerialError;

/// The system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system's random number generator failed")]
pub struct NoRandomness;

impl Serial {
    /// A fresh one.
    pub(crate) fn random() -> Result<Self, NoRandomness> {
        let mut bytes = [0; LENGTH];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
        bytes[0] = bytes[0] & 0x3f | 0x40;
        Ok(Self(bytes))
    }

    /// Reads the content of a DER INTEGER.
    ///
    /// # Errors
    /// The serial was not chosen by an authority of this kind.
    pub fn from_der_content(bytes: &[u8]) -> Result<Self, SerialError> {
        let bytes: [u8; LENGTH] = bytes.try_into().map_err(|_| SerialError)?;
        if bytes[0] & 0xc0 == 0x40 { Ok(Self(bytes)) } else { Err(SerialError) }
    }

    /// The bytes, most significant first.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Serial {
    type Err = SerialError;

    fn from_str(text: &str) -> Result<Self, SerialError> {
        // `u128` alone would also take a sign or fewer digits.
        if text.len() != 2 * LENGTH || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(SerialError);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| SerialError)?;
        Self::from_der_content(&number.to_be_bytes())
    }
}

impl Serialize for Serial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Serial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn random_serials_differ_and_survive_their_text() {
        let one = Serial::random().unwrap();
        let other = Serial::random().unwrap();
        assert_ne!(one, other);
        for serial in [one, other] {
            assert_eq!(serial.to_string().parse(), Ok(serial));
            assert_eq!(serial.to_string().to_uppercase().parse(), Ok(serial));
            assert_eq!(Serial::from_der_content(serial.as_bytes()), Ok(serial));
        }
    }

    #[test]
    fn other_serials_are_refused() {
        for text in [
            "",
            "4",
            "400000000000000000000000000000000",
            "+0000000000000000000000000000000",
            "00000000000000000000000000000001",
            "80000000000000000000000000000001",
            "4000000000000000000000000000000g",
            "4é00000000000000000000000000000",
        ] {
            assert_eq!(text.parse::<Serial>(), Err(SerialError), "{text}");
        }
        assert_eq!(Serial::from_der_content(&[0x40; 17]), Err(SerialError));
    }
}
