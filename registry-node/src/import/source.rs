//! The bytes of a list on their way in: bounded, decoded to UTF-8, as a stream.
//!
//! In scope: the size cap and the character encoding. Out of scope: what the characters mean, and where the bytes come
//! from (the caller opens files).

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::Range;
use std::rc::Rc;

use encoding_rs::{Decoder, DecoderResult, Encoding};

use super::error::ImportError;
use super::limits::RECORD_MAX;

/// The longest source that is read, in bytes. The largest list known today (GLEIF's golden copy aside, which is split by
/// country for this purpose) is a tenth of it.
pub const SOURCE_MAX: u64 = 256 * 1024 * 1024;

/// Bytes taken from the source at a time.
const CHUNK: usize = 64 * 1024;

/// A reader that yields UTF-8 and fails on the first byte beyond [`SOURCE_MAX`] or outside the encoding.
///
/// Its failures travel as [`io::Error`] through whatever parser reads from it; [`ImportError::from_io`] gets them back.
pub(crate) struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    encoding: &'static Encoding,
    chunk: Vec<u8>,
    /// The part of the chunk that is not decoded yet.
    pending: Range<usize>,
    text: Vec<u8>,
    /// The part of the text that is not handed out yet.
    ready: Range<usize>,
    consumed: u64,
    limit: u64,
    /// The source has no more bytes.
    ended: bool,
    /// The decoder said its last word and must not be asked again.
    finished: bool,
    meter: Meter,
}

/// Bytes handed out since the last record began: parsers hold a record whole, so a record must have a bound of its own.
#[derive(Clone, Default)]
pub(crate) struct Meter(Rc<Cell<usize>>);

impl Meter {
    /// A record is complete; the next one begins.
    pub(crate) fn reset(&self) {
        self.0.set(0);
    }

    fn add(&self, count: usize) -> io::Result<()> {
        self.0.set(self.0.get() + count);
        if self.0.get() > RECORD_MAX {
            return Err(io::Error::other(ImportError::RecordTooLarge { limit: RECORD_MAX }));
        }
        Ok(())
    }
}

impl<R: Read> Decoded<R> {
    pub(crate) fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self::with_limit(inner, encoding, SOURCE_MAX)
    }

    fn with_limit(inner: R, encoding: &'static Encoding, limit: u64) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            encoding,
            chunk: vec![0; CHUNK],
            pending: 0..0,
            text: vec![0; CHUNK],
            ready: 0..0,
            consumed: 0,
            limit,
            ended: false,
            finished: false,
            meter: Meter::default(),
        }
    }

    /// Where the caller says that a record is complete. A caller that never asks has no bound on records.
    pub(crate) fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// Takes the next chunk; an empty one marks the end.
    fn refill(&mut self) -> io::Result<()> {
        let taken = self.inner.read(&mut self.chunk)?;
        self.pending = 0..taken;
        self.ended = taken == 0;
        self.consumed += taken as u64;
        if self.consumed > self.limit {
            return Err(io::Error::other(ImportError::TooLarge { limit: self.limit }));
        }
        Ok(())
    }

    /// Decodes until there is something to hand out, or nothing left.
    fn decode(&mut self) -> io::Result<()> {
        while !self.finished {
            if self.pending.is_empty() && !self.ended {
                self.refill()?;
            }
            let input = self.chunk.get(self.pending.clone()).unwrap_or_default();
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(input, &mut self.text, self.ended);
            self.pending.start += read;
            self.ready = 0..written;
            match result {
                DecoderResult::Malformed(..) => {
                    self.finished = true;
                    return Err(self.malformed());
                }
                DecoderResult::InputEmpty => self.finished = self.ended,
                DecoderResult::OutputFull => {}
            }
            if written > 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    fn malformed(&self) -> io::Error {
        io::Error::other(ImportError::Encoding {
            encoding: self.encoding.name(),
            offset: self.consumed - self.pending.len() as u64,
        })
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() {
            self.decode()?;
        }
        let mut ready = self.text.get(self.ready.clone()).unwrap_or_default();
        let count = ready.read(out)?;
        self.ready.start += count;
        if Rc::strong_count(&self.meter.0) > 1 {
            self.meter.add(count)?;
        }
        Ok(count)
    }
}

/// Reads a whole source into memory, for the formats that cannot be read as a stream.
pub(crate) fn read_text(inner: impl Read, encoding: &'static Encoding, limit: u64) -> Result<String, ImportError> {
    let mut text = String::new();
    Decoded::with_limit(inner, encoding, limit).read_to_string(&mut text).map_err(ImportError::from_io)?;
    Ok(text)
}

/// Reads the bytes of a source as they are, up to `limit`.
pub(crate) fn read_bytes(inner: impl Read, limit: u64) -> Result<Vec<u8>, ImportError> {
    let mut bytes = Vec::new();
    inner.take(limit + 1).read_to_end(&mut bytes).map_err(ImportError::from_io)?;
    if bytes.len() as u64 > limit {
        return Err(ImportError::TooLarge { limit });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use encoding_rs::{UTF_8, WINDOWS_1252};

    use super::*;

    /// Yields one byte per call: every multi-byte sequence is split.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            out[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn decodes_what_lists_are_written_in() {
        let rows: [(&[u8], &'static Encoding, &str); 6] = [
            (b"Oc\xe9 N.V.", WINDOWS_1252, "Oc\u{e9} N.V."),
            (b"NetIQ\xae \x96 \x80", WINDOWS_1252, "NetIQ\u{ae} \u{2013} \u{20ac}"),
            ("適合性 é".as_bytes(), UTF_8, "適合性 é"),
            (b"\xef\xbb\xbfLEI", UTF_8, "LEI"),
            (b"", UTF_8, ""),
            (b"plain", UTF_8, "plain"),
        ];
        for (bytes, encoding, expected) in rows {
            assert_eq!(read_text(bytes, encoding, 100).unwrap(), expected);
            assert_eq!(read_text(Drip(bytes), encoding, 100).unwrap(), expected, "byte by byte");
        }
    }

    #[test]
    fn a_wrong_encoding_is_an_error_with_its_offset_not_a_replacement_character() {
        let error = read_text(&b"Oc\xe9 N.V."[..], UTF_8, 100).unwrap_err();
        assert!(matches!(error, ImportError::Encoding { encoding: "UTF-8", .. }), "{error}");
        let truncated = read_text(&"é".as_bytes()[..1], UTF_8, 100).unwrap_err();
        assert!(matches!(truncated, ImportError::Encoding { .. }), "{truncated}");
    }

    #[test]
    fn reading_on_after_the_end_or_an_error_is_harmless() {
        let mut buffer = [0; 16];
        let mut ended = Decoded::new(&b"ab"[..], UTF_8);
        let lengths = [2, 0, 0].map(|_| ended.read(&mut buffer).unwrap());
        assert_eq!(lengths, [2, 0, 0]);
        let mut broken = Decoded::new(&b"\xff"[..], UTF_8);
        assert!(broken.read(&mut buffer).is_err());
        assert_eq!(broken.read(&mut buffer).unwrap(), 0);
    }

    #[test]
    fn a_source_over_the_cap_is_refused() {
        let endless = io::repeat(b'a');
        assert!(matches!(read_text(endless, UTF_8, 1000), Err(ImportError::TooLarge { limit: 1000 })));
        assert!(matches!(read_bytes(io::repeat(b'a'), 10), Err(ImportError::TooLarge { limit: 10 })));
        assert_eq!(read_bytes(&b"0123456789"[..], 10).unwrap().len(), 10);
    }
}
