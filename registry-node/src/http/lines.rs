//! Lines out of a body that comes in pieces, with no more than one of them in memory.

use bytes::{Buf, Bytes, BytesMut};

/// Most bytes of a line: a statement and small attachments. Large ones go alone.
pub(super) const MAX_LINE: usize = 1024 * 1024;

/// Splits a body into lines, keeping no more than one of them.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: BytesMut,
    /// Bytes of the beginning that hold no line break.
    searched: usize,
    closed: bool,
}

impl Lines {
    /// Takes what came.
    pub(super) fn push(&mut self, mut piece: impl Buf) {
        while piece.has_remaining() {
            let chunk = piece.chunk();
            let count = chunk.len();
            self.bytes.extend_from_slice(chunk);
            piece.advance(count);
        }
    }

    /// Nothing more comes: what is left is the last line.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// The next whole line, with its line break.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        match self.bytes[self.searched..].iter().position(|byte| *byte == b'\n') {
            Some(end) if self.searched + end <= MAX_LINE => {
                let line = self.bytes.split_to(self.searched + end + 1);
                self.searched = 0;
                Some(line.freeze())
            }
            Some(_) => None,
            None => {
                self.searched = self.bytes.len();
                let last = self.closed && !self.bytes.is_empty() && !self.is_too_long();
                last.then(|| std::mem::take(self).bytes.freeze())
            }
        }
    }

    /// Whether what is left, after all whole lines were taken, is longer than a line may be.
    pub(super) fn is_too_long(&self) -> bool {
        self.bytes.len() > MAX_LINE
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn all(pieces: &[&[u8]]) -> (Vec<String>, bool) {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for piece in pieces.iter().map(Some).chain([None]) {
            match piece {
                Some(piece) => lines.push(*piece),
                None => lines.close(),
            }
            while let Some(line) = lines.next() {
                found.push(String::from_utf8(line.to_vec()).unwrap());
            }
        }
        (found, lines.is_too_long())
    }

    #[test]
    fn pieces_and_lines_need_not_agree() {
        let rows: [(&[&[u8]], &[&str]); 7] = [
            (&[], &[]),
            (&[b""], &[]),
            (&[b"a\nb\n"], &["a\n", "b\n"]),
            (&[b"a\nb"], &["a\n", "b"]),
            (&[b"a", b"b\n", b"\n", b"c"], &["ab\n", "\n", "c"]),
            (&[b"a\r\nb"], &["a\r\n", "b"]),
            (&[b"\n\n"], &["\n", "\n"]),
        ];
        for (pieces, lines) in rows {
            assert_eq!(all(pieces), (lines.iter().map(ToString::to_string).collect(), false), "{pieces:?}");
        }
    }

    #[test]
    fn the_limit_is_exact_and_ends_the_reading() {
        let longest = vec![b'a'; MAX_LINE];
        for (pieces, count, too_long) in [
            (vec![longest.as_slice(), b"\nb\n"], 2, false),
            (vec![longest.as_slice()], 1, false),
            (vec![longest.as_slice(), b"a\nb\n"], 0, true),
            (vec![b"b\n".as_slice(), longest.as_slice(), b"a"], 1, true),
        ] {
            let (lines, found) = all(&pieces);
            assert_eq!((lines.len(), found), (count, too_long));
        }
    }
}
