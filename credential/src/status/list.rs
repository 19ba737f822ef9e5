//! The list itself (IETF Token Status List, section "Status List"): values of 1, 2, 4 or 8 bits, packed with zlib.
//!
//! ```text
//! {"bits": 1|2|4|8, "lst": base64url(zlib(bytes))}      place 0 is in the lowest bits of byte 0
//! ```
//!
//! In scope: the bytes and their JSON. Out of scope: who signed it, see [`super::token`].

use conformity::strict::excerpt;
use ledger::encoding::{base64url_decode, base64url_encode};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::packed::{self, MAX_LIST, PackError, UnpackError};
use super::{NoPlace, Status};

/// How many bits each credential has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// Valid or invalid.
    One,
    /// Suspended as well, and one value more.
    Two,
    /// 16 values.
    Four,
    /// 256 values.
    Eight,
}

/// A status for each place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusList {
    bits: Bits,
    bytes: Vec<u8>,
}

/// Why JSON is no status list. The blame is its publisher's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Not the two members.
    #[error("a status list has the members bits and lst: {0}")]
    Shape(String),
    /// Another number of bits.
    #[error("bits must be 1, 2, 4 or 8, not {0}")]
    Bits(u64),
    /// Not base64url.
    #[error("lst is not base64url without padding")]
    NotBase64,
    /// Not packed as it should be.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
}

/// Why a status cannot be set. The blame is the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// There is no such place.
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
    /// The value needs more bits than a place has.
    #[error("the status {0} does not fit into the bits of this list; make one with more bits")]
    TooWide(u8),
}

/// The list would have more than [`MAX_LIST`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} places do not fit into {MAX_LIST} bytes; make several lists")]
pub struct TooManyPlaces(pub u64);

impl Bits {
    const ALL: [Self; 4] = [Self::One, Self::Two, Self::Four, Self::Eight];

    /// The number.
    pub const fn count(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    /// The highest value.
    const fn mask(self) -> u8 {
        u8::MAX >> (8 - self.count())
    }
}

impl TryFrom<u64> for Bits {
    type Error = ListError;

    fn try_from(count: u64) -> Result<Self, ListError> {
        Self::ALL.into_iter().find(|bits| u64::from(bits.count()) == count).ok_or(ListError::Bits(count))
    }
}

impl StatusList {
    /// A list of at least `entries` places, all of them valid. Whole bytes are filled, so there may be up to seven more.
    ///
    /// # Errors
    /// It would be too long.
    pub fn new(bits: Bits, entries: u64) -> Result<Self, TooManyPlaces> {
        let needed = entries.div_ceil(u64::from(8 / bits.count()));
        let needed = usize::try_from(needed).ok().filter(|bytes| *bytes <= MAX_LIST).ok_or(TooManyPlaces(entries))?;
        Ok(Self { bits, bytes: vec![0; needed] })
    }

    /// How many bits each place has.
    pub const fn bits(&self) -> Bits {
        self.bits
    }

    /// How many places there are.
    pub fn entries(&self) -> u64 {
        self.bytes.len() as u64 * u64::from(8 / self.bits.count())
    }

    /// The status at a place.
    ///
    /// # Errors
    /// There is no such place.
    pub fn status(&self, index: u64) -> Result<Status, NoPlace> {
        let (byte, shift) = self.place(index)?;
        let found = self.bytes.get(byte).copied().unwrap_or_default();
        Ok(Status::from((found >> shift) & self.bits.mask()))
    }

    /// Sets the status at a place.
    ///
    /// # Errors
    /// There is no such place, or the status does not fit into it.
    pub fn set(&mut self, index: u64, status: Status) -> Result<(), SetError> {
        let (byte, shift) = self.place(index)?;
        let (value, mask) = (status.value(), self.bits.mask());
        if value > mask {
            return Err(SetError::TooWide(value));
        }
        if let Some(byte) = self.bytes.get_mut(byte) {
            *byte = (*byte & !(mask << shift)) | (value << shift);
        }
        Ok(())
    }

    /// The byte of a place, and how far up in it its bits begin.
    fn place(&self, index: u64) -> Result<(usize, u8), NoPlace> {
        let per_byte = u64::from(8 / self.bits.count());
        let no_place = NoPlace { index, entries: self.entries() };
        let byte = usize::try_from(index / per_byte).map_err(|_| no_place)?;
        if byte >= self.bytes.len() {
            return Err(no_place);
        }
        let step = u8::try_from(index % per_byte).map_err(|_| no_place)?;
        Ok((byte, step * self.bits.count()))
    }

    /// The claim `status_list`.
    ///
    /// # Errors
    /// It cannot be packed.
    pub fn to_json(&self) -> Result<Value, PackError> {
        let list = base64url_encode(&packed::zlib(&self.bytes)?);
        let members = [("bits".to_owned(), self.bits.count().into()), ("lst".to_owned(), list.into())];
        Ok(Value::Object(Map::from_iter(members)))
    }

    /// Reads the claim `status_list`. Members that other drafts add, such as `aggregation_uri`, are passed over.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn from_json(json: &Value) -> Result<Self, ListError> {
        if !json.is_object() {
            // serde would also read the members from an array.
            return Err(ListError::Shape("not a JSON object".to_owned()));
        }
        let wire = Wire::deserialize(json).map_err(|error| ListError::Shape(excerpt(&error)))?;
        let bits = Bits::try_from(wire.bits)?;
        let packed = base64url_decode(wire.lst.as_bytes()).ok_or(ListError::NotBase64)?;
        Ok(Self { bits, bytes: packed::unzlib(&packed)? })
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    bits: u64,
    lst: &'a str,
}
