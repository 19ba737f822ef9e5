//! Server-sent events, as bytes come in: whole events out, however the pieces are cut. (HTML Living Standard, 9.2.6.)
//!
//! In scope: the members that registries send. Out of scope: connections.

/// Longest event that is kept: far above what a registry sends.
const MAX_EVENT: usize = 4 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// Its id, where it has one.
    pub(super) id: Option<String>,
    /// Its name; `message` has none.
    pub(super) event: Option<String>,
    /// What it carries.
    pub(super) data: String,
}

/// More bytes without an end than any event has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the registry sent an event of more than {MAX_EVENT} bytes")]
pub(super) struct TooLong;

/// Bytes on their way to events.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// Up to where no end of an event lies.
    searched: usize,
}

impl Frames {
    /// Takes what came.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), TooLong> {
        self.bytes.extend_from_slice(piece);
        if self.bytes.len() > MAX_EVENT && !self.bytes.windows(2).any(|pair| pair == b"\n\n") {
            return Err(TooLong);
        }
        Ok(())
    }

    /// The next whole event. Comments and settings are passed over.
    pub(super) fn next(&mut self) -> Option<Frame> {
        loop {
            let from = self.searched.saturating_sub(1);
            let Some(at) = self.bytes[from..].windows(2).position(|pair| pair == b"\n\n") else {
                self.searched = self.bytes.len();
                return None;
            };
            let block: Vec<u8> = self.bytes.drain(..from + at + 2).collect();
            self.searched = 0;
            if let Some(frame) = read(&String::from_utf8_lossy(&block)) {
                return Some(frame);
            }
        }
    }
}

fn read(block: &str) -> Option<Frame> {
    let mut frame = Frame::default();
    let mut data = Vec::new();
    for line in block.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => frame.id = Some(value.to_owned()),
            "event" => frame.event = Some(value.to_owned()),
            "data" => data.push(value),
            _ => {}
        }
    }
    frame.data = data.join("\n");
    (!data.is_empty()).then_some(frame)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn events_come_whole_however_the_bytes_are_cut() {
        let text = "retry: 1000\n:\n\n:\nid: 12.3\ndata: {\"a\": 1}\n\nevent: checkpoint\ndata: \"x\\n\"\n\nid: 13\ndata: a\ndata: b\n\nid: 14\n";
        for cut in 1..text.len() {
            let (mut frames, mut found) = (Frames::default(), Vec::new());
            for piece in text.as_bytes().chunks(cut) {
                frames.push(piece).unwrap();
                while let Some(frame) = frames.next() {
                    found.push(frame);
                }
            }
            let ids: Vec<_> = found.iter().map(|frame| frame.id.as_deref()).collect();
            assert_eq!(ids, [Some("12.3"), None, Some("13")], "cut {cut}");
            assert_eq!(found[1].event.as_deref(), Some("checkpoint"));
            assert_eq!(found[2].data, "a\nb");
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut frames = Frames::default();
        assert_eq!(frames.push(&vec![b'x'; MAX_EVENT + 1]), Err(TooLong));
    }
}
