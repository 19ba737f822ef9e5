//! A growing list that never moves what it holds: a push costs the same at ten entries and at ten million, and the
//! memory in use is the memory needed (plus less than one chunk). `Vec` would double and copy while readers wait.

/// Items per chunk, as a power of two.
const CHUNK_BITS: u32 = 12;
const CHUNK: usize = 1 << CHUNK_BITS;

/// An append-only list in chunks.
#[derive(Debug, Clone)]
pub(crate) struct Chunked<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Chunked<T> {
    pub(crate) fn len(&self) -> u64 {
        let last = self.chunks.last().map_or(0, Vec::len);
        (self.chunks.len().saturating_sub(1) * CHUNK + last) as u64
    }

    pub(crate) fn push(&mut self, item: T) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(item),
            _ => self.chunks.push(vec![item]),
        }
    }

    pub(crate) fn get(&self, index: u64) -> Option<&T> {
        let chunk = usize::try_from(index >> CHUNK_BITS).ok()?;
        self.chunks.get(chunk)?.get(index as usize & (CHUNK - 1))
    }

    pub(crate) fn get_mut(&mut self, index: u64) -> Option<&mut T> {
        let chunk = usize::try_from(index >> CHUNK_BITS).ok()?;
        self.chunks.get_mut(chunk)?.get_mut(index as usize & (CHUNK - 1))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn holds_what_was_pushed_across_chunk_borders() {
        let mut list = Chunked::default();
        assert_eq!((list.len(), list.get(0)), (0, None));
        for i in 0..(3 * CHUNK as u64 + 1) {
            assert_eq!(list.len(), i);
            list.push(i);
        }
        for i in [0, 1, CHUNK as u64 - 1, CHUNK as u64, 3 * CHUNK as u64] {
            assert_eq!(list.get(i), Some(&i));
        }
        assert_eq!(list.get(3 * CHUNK as u64 + 1), None);
        assert_eq!(list.get(u64::MAX), None);
    }
}
