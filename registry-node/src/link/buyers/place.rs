//! Which message of the stream: the place of its event in the log, and which of the event's subjects it has.
//!
//! The text is the message's id: that of the event, with `/n` behind it for the subjects after the first. Places rise in the order in
//! which messages are kept.

use std::fmt;
use std::str::FromStr;

/// The place of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// Index in the log.
    pub(super) index: u64,
    /// Position of the event within the entry.
    pub(super) position: u32,
    /// Which subject of the event.
    pub(super) subject: u32,
}

/// A text that is no id of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a message of this stream")]
pub(super) struct NoPlace;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.index)?;
        if self.position > 0 {
            write!(f, ".{}", self.position)?;
        }
        if self.subject > 0 {
            write!(f, "/{}", self.subject)?;
        }
        Ok(())
    }
}

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (event, subject) = text.split_once('/').unwrap_or((text, "0"));
        let (index, position) = event.split_once('.').unwrap_or((event, "0"));
        let place = Self {
            index: index.parse().map_err(|_| NoPlace)?,
            position: position.parse().map_err(|_| NoPlace)?,
            subject: subject.parse().map_err(|_| NoPlace)?,
        };
        // One place has one text.
        if place.to_string() == text { Ok(place) } else { Err(NoPlace) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_place_has_one_text_and_texts_are_in_order() {
        let texts = ["0", "17", "17/1", "17.2", "17.2/3", "17.2147483648", "18"];
        let places: Vec<Place> = texts.iter().map(|text| text.parse().unwrap()).collect();
        assert!(places.is_sorted());
        assert_eq!(places.iter().map(Place::to_string).collect::<Vec<_>>(), texts);
        for other in ["", "a", "-1", "+1", "01", "1.0", "1/0", "1/", "1.", "1/2.3", "1.4294967296", "1 "] {
            assert_eq!(other.parse::<Place>(), Err(NoPlace), "{other:?}");
        }
    }
}
