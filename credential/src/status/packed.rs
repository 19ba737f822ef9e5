//! Compressed bytes of lists: zlib (RFC 1950) and gzip (RFC 1952), in memory.
//!
//! In scope: packing at the highest level, unpacking with a bound, and refusing what is cut off or has something behind it.
//! Out of scope: what the bytes mean. A thousandfold of a few kilobytes fits into them, hence the bound.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::bufread::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

/// The most bytes of a list once unpacked: 134 million credentials of one bit each.
pub const MAX_LIST: usize = 16 * 1024 * 1024;

/// Why bytes cannot be unpacked. The blame is the list's publisher's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    /// Damaged, or cut off.
    #[error("the packed list is damaged")]
    Damaged,
    /// Something stands behind the packed bytes.
    #[error("something stands behind the packed list")]
    Trailing,
    /// More than allowed once unpacked.
    #[error("the list has more than {MAX_LIST} bytes once unpacked")]
    TooLarge,
}

/// The library could not pack. The blame is this program's.
#[derive(Debug, thiserror::Error)]
#[error("the list cannot be packed: {0}")]
pub struct PackError(#[from] io::Error);

pub(super) fn zlib(bytes: &[u8]) -> Result<Vec<u8>, PackError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

pub(super) fn gzip(bytes: &[u8]) -> Result<Vec<u8>, PackError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

pub(super) fn unzlib(packed: &[u8]) -> Result<Vec<u8>, UnpackError> {
    let mut decoder = ZlibDecoder::new(packed);
    let out = read(&mut decoder)?;
    ends(decoder.into_inner(), out)
}

pub(super) fn ungzip(packed: &[u8]) -> Result<Vec<u8>, UnpackError> {
    let mut decoder = GzDecoder::new(packed);
    let out = read(&mut decoder)?;
    ends(decoder.into_inner(), out)
}

fn read(decoder: &mut impl Read) -> Result<Vec<u8>, UnpackError> {
    let mut out = Vec::new();
    // One byte more than allowed: so that a list of exactly the most is read to its checksum.
    let bound = MAX_LIST as u64 + 1;
    decoder.take(bound).read_to_end(&mut out).map_err(|_| UnpackError::Damaged)?;
    if out.len() > MAX_LIST { Err(UnpackError::TooLarge) } else { Ok(out) }
}

fn ends(rest: &[u8], out: Vec<u8>) -> Result<Vec<u8>, UnpackError> {
    if rest.is_empty() { Ok(out) } else { Err(UnpackError::Trailing) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    /// Packing and unpacking of one format.
    type Format = (fn(&[u8]) -> Result<Vec<u8>, PackError>, fn(&[u8]) -> Result<Vec<u8>, UnpackError>);

    const FORMATS: [Format; 2] = [(zlib, unzlib), (gzip, ungzip)];

    fn noise(len: usize) -> Vec<u8> {
        let next = |state: &mut u32| {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some(state.to_be_bytes()[0])
        };
        (0..len).scan(1, |state, _| next(state)).collect()
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        for (pack, unpack) in FORMATS {
            for bytes in [vec![], vec![0], noise(5_000), vec![7; 300_000], noise(200_000), vec![0; MAX_LIST]] {
                assert!(unpack(&pack(&bytes).unwrap()).unwrap() == bytes, "{} bytes", bytes.len());
            }
        }
    }

    #[test]
    fn more_than_allowed_is_not_unpacked() {
        for (pack, unpack) in FORMATS {
            assert_eq!(unpack(&pack(&vec![0; MAX_LIST + 1]).unwrap()), Err(UnpackError::TooLarge));
        }
    }

    #[test]
    fn what_is_cut_off_altered_or_longer_is_refused() {
        for (pack, unpack) in FORMATS {
            let packed = pack(&noise(3_000)).unwrap();
            for len in (0..packed.len()).step_by(7).chain(packed.len() - 9..packed.len()) {
                assert_eq!(unpack(&packed[..len]), Err(UnpackError::Damaged), "cut to {len}");
            }
            let mut longer = packed.clone();
            longer.push(0);
            assert_eq!(unpack(&longer), Err(UnpackError::Trailing));
            let mut altered = packed.clone();
            altered[1_000] ^= 1;
            assert_eq!(unpack(&altered), Err(UnpackError::Damaged), "the checksum tells");
            assert_eq!(unpack(&[0; 64]), Err(UnpackError::Damaged));
        }
    }
}
