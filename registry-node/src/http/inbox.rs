//! What waits for one reader of the event stream: pieces of text that it shares with others, and few of them.
//!
//! Out of scope: who is told what (`live`).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

/// Pieces that wait at most, and their bytes unless it is a single one: whoever does not read has no more of our memory.
const MAX_PIECES: usize = 64;
const MAX_BYTES: usize = 64 * 1024;
/// Room for pieces that an empty inbox keeps.
const KEPT: usize = 4;

/// Up to where a reader was told, when it is told no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    /// The entry of the first event that it was not told of, and its position.
    pub(super) index: u64,
    pub(super) position: u32,
    /// Size of the last checkpoint that it was told.
    pub(super) checkpoint: u64,
}

/// What a reader hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// Text.
    Piece(Bytes),
    /// Nothing more: it reads on by itself.
    Left(Left),
    /// Nothing more, and nobody knows where it stands: it must ask anew.
    Ended,
}

/// An inbox.
#[derive(Debug, Default)]
pub(super) struct Inbox(Mutex<Mail>);

#[derive(Debug, Default)]
struct Mail {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    /// What is heard once everything was taken.
    last: Option<Heard>,
    reader: Option<Waker>,
}

impl Inbox {
    /// Puts a piece in and wakes the reader; `false` where there is no room.
    pub(super) fn put(&self, piece: &Bytes) -> bool {
        let mut mail = self.mail();
        let full = mail.pieces.len() >= MAX_PIECES || mail.bytes + piece.len() > MAX_BYTES;
        if full && !mail.pieces.is_empty() {
            return false;
        }
        mail.bytes += piece.len();
        mail.pieces.push_back(piece.clone());
        wake(mail);
        true
    }

    /// Nothing more comes: once what waits is taken, the reader hears where it stands.
    pub(super) fn close(&self, left: Left) {
        self.last(Heard::Left(left));
    }

    /// Nothing more comes, and where the reader stands is not known.
    pub(super) fn end(&self) {
        self.last(Heard::Ended);
    }

    fn last(&self, last: Heard) {
        let mut mail = self.mail();
        mail.last = Some(last);
        wake(mail);
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.mail().pieces.is_empty()
    }

    /// What the reader hears next.
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<Heard> {
        let mut mail = self.mail();
        if let Some(piece) = mail.pieces.pop_front() {
            mail.bytes -= piece.len();
            if mail.pieces.is_empty() && mail.pieces.capacity() > KEPT {
                mail.pieces = VecDeque::new();
            }
            return Poll::Ready(Heard::Piece(piece));
        }
        if let Some(last) = &mail.last {
            return Poll::Ready(last.clone());
        }
        match &mut mail.reader {
            Some(reader) => reader.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    fn mail(&self) -> MutexGuard<'_, Mail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut mail: MutexGuard<'_, Mail>) {
    let reader = mail.reader.take();
    drop(mail);
    if let Some(reader) = reader {
        reader.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(inbox: &Inbox) -> Poll<Heard> {
        inbox.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn an_inbox_holds_little_in_order_and_one_piece_of_any_size() {
        let (inbox, small) = (Inbox::default(), Bytes::from_static(b"small"));
        assert!(heard(&inbox).is_pending());
        assert!(inbox.put(&vec![7; MAX_BYTES * 2].into()), "a single one");
        assert!(!inbox.put(&small));
        assert!(matches!(heard(&inbox), Poll::Ready(Heard::Piece(piece)) if piece.len() == MAX_BYTES * 2));
        for number in 0..MAX_PIECES {
            assert!(inbox.put(&number.to_string().into()), "{number}");
        }
        assert!(!inbox.put(&small), "too many");
        let left = Left { index: 3, position: 1, checkpoint: 2 };
        inbox.close(left);
        for number in 0..MAX_PIECES {
            assert_eq!(heard(&inbox), Poll::Ready(Heard::Piece(number.to_string().into())));
        }
        assert!(inbox.is_empty());
        assert_eq!(heard(&inbox), Poll::Ready(Heard::Left(left)), "after all that waited");
    }
}
