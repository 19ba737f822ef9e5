//! What a child prints, line by line, with the moment at which each line arrived.
//!
//! In scope: reading without holding the child up, and waiting for a line. The moment is taken by the thread that reads, so it
//! does not depend on when somebody asks.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The lines of one child, in order.
#[derive(Debug)]
pub struct Lines(Receiver<Line>);

/// One line, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it arrived.
    pub at: Instant,
    /// What it says.
    pub text: String,
}

impl Lines {
    /// Reads until the other end closes.
    pub(super) fn of(output: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for text in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(Line { at: Instant::now(), text }).is_err() {
                    return;
                }
            }
        });
        Self(receiver)
    }

    /// The next line.
    ///
    /// # Errors
    /// When none came in time, or there will be none.
    pub fn next(&self, limit: Duration) -> Result<Line> {
        match self.0.recv_timeout(limit) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => bail!("no line within {:.1} s", limit.as_secs_f64()),
            Err(RecvTimeoutError::Disconnected) => bail!("the output has ended"),
        }
    }

    /// Every line that has arrived so far.
    pub fn arrived(&self) -> impl Iterator<Item = Line> + '_ {
        self.0.try_iter()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn lines_come_in_order_and_the_end_is_told() {
        let lines = Lines::of("one\ntwo\nthree".as_bytes());
        let first = lines.next(Duration::from_secs(10)).unwrap();
        assert_eq!(first.text, "one");
        assert_eq!(lines.next(Duration::from_secs(10)).unwrap().text, "two");
        assert!(lines.next(Duration::from_secs(10)).unwrap().at >= first.at);
        assert_eq!(lines.next(Duration::from_secs(10)).unwrap_err().to_string(), "the output has ended");
        assert_eq!(lines.arrived().count(), 0);
    }

    #[test]
    fn silence_ends_the_waiting() {
        let (reader, _writer) = std::io::pipe().unwrap();
        let error = Lines::of(reader).next(Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.to_string(), "no line within 0.0 s");
    }
}
