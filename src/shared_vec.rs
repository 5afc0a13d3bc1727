//! A list whose copies share memory.
//!
//! A list consists of chunks of bounded length. A copy shares all of them. A change copies one chunk and the list of chunks, so its
//! cost is about the same in a list of a thousand values and of a million.

use std::sync::Arc;

/// The most values of a chunk. A longer one is split.
const MAX_CHUNK: usize = 512;

/// A list of values with cheap copies. Callers keep it sorted if they need that.
#[derive(Debug)]
pub struct SharedVec<T>(Arc<Chunks<T>>);

#[derive(Debug)]
struct Chunks<T> {
    /// The chunks. None is empty.
    chunks: Vec<Arc<Vec<T>>>,
    /// The number of values before each chunk.
    starts: Vec<usize>,
    len: usize,
}

impl<T> Clone for SharedVec<T> {
    fn clone(&self) -> SharedVec<T> {
        SharedVec(Arc::clone(&self.0))
    }
}

impl<T> Clone for Chunks<T> {
    fn clone(&self) -> Chunks<T> {
        Chunks {
            chunks: self.chunks.clone(),
            starts: self.starts.clone(),
            len: self.len,
        }
    }
}

impl<T> Default for SharedVec<T> {
    fn default() -> SharedVec<T> {
        SharedVec(Arc::new(Chunks {
            chunks: Vec::new(),
            starts: Vec::new(),
            len: 0,
        }))
    }
}

impl<T> SharedVec<T> {
    /// The number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// The value at `at`, from 0.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&T> {
        let (chunk, within) = self.position(at);
        self.0.chunks.get(chunk)?.get(within)
    }

    /// The first value.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.0.chunks.first()?.first()
    }

    /// The last value.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.0.chunks.last()?.last()
    }

    /// All values in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.0.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The values from `at` on. Values before that cost nothing.
    pub(crate) fn iter_from(&self, at: usize) -> impl Iterator<Item = &T> + Clone {
        let (first, within) = self.position(at);
        let chunks = self.0.chunks.get(first..).unwrap_or_default();
        let mut chunks = chunks.iter();
        let head = chunks.next().and_then(|chunk| chunk.get(within..)).unwrap_or_default();
        head.iter().chain(chunks.flat_map(|chunk| chunk.iter()))
    }

    /// The number of values at the start for which `is_before` is true. It must not be true for any value after those.
    #[must_use]
    pub(crate) fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let Chunks { chunks, starts, len } = &*self.0;
        let found = chunks.partition_point(|chunk| chunk.last().is_some_and(&is_before));
        match (chunks.get(found), starts.get(found)) {
            (Some(chunk), Some(start)) => start + chunk.partition_point(is_before),
            _ => *len,
        }
    }

    /// The chunk of the value at `at`, and its position there.
    fn position(&self, at: usize) -> (usize, usize) {
        if at >= self.0.len {
            return (self.0.chunks.len(), 0);
        }
        let chunk = self.0.starts.partition_point(|&start| start <= at).saturating_sub(1);
        (chunk, at - self.0.starts.get(chunk).copied().unwrap_or(0))
    }
}

impl<T: Clone> SharedVec<T> {
    /// Inserts `value` at `at`; at the end if `at` is past it.
    pub fn insert(&mut self, at: usize, value: T) {
        let (mut chunk, mut within) = self.position(at);
        let chunks = Arc::make_mut(&mut self.0);
        chunks.len += 1;
        // a value at the end goes into the last chunk, or into a new one if that is full
        if chunk == chunks.chunks.len() {
            match chunks.chunks.last().map(|last| last.len()) {
                Some(len) if len < MAX_CHUNK => (chunk, within) = (chunk - 1, len),
                _ => chunks.chunks.push(Arc::default()),
            }
        }
        if let Some(values) = chunks.chunks.get_mut(chunk).map(Arc::make_mut) {
            if values.len() < MAX_CHUNK {
                // a chunk has no more capacity than it may need
                if values.len() == values.capacity() {
                    values.reserve_exact(values.len().clamp(4, MAX_CHUNK / 4).min(MAX_CHUNK - values.len()));
                }
                values.insert(within, value);
            } else {
                let mut rest = values.split_off(MAX_CHUNK / 2);
                values.shrink_to_fit();
                match within.checked_sub(values.len()) {
                    Some(within) => rest.insert(within, value),
                    None => values.insert(within, value),
                }
                chunks.chunks.insert(chunk + 1, Arc::new(rest));
            }
        }
        chunks.count_from(chunk);
    }

    /// Removes the value at `at`, if there is one.
    pub fn remove(&mut self, at: usize) -> Option<T> {
        let (chunk, within) = self.position(at);
        if chunk == self.0.chunks.len() {
            return None;
        }
        let chunks = Arc::make_mut(&mut self.0);
        let values = Arc::make_mut(chunks.chunks.get_mut(chunk)?);
        let value = values.remove(within);
        let left = values.len();
        chunks.len -= 1;
        if left == 0 {
            chunks.chunks.remove(chunk);
        } else if let Some(next) = chunks.chunks.get(chunk + 1)
            && left + next.len() <= MAX_CHUNK / 2
        {
            let next = Arc::clone(next);
            if let Some(values) = chunks.chunks.get_mut(chunk) {
                Arc::make_mut(values).extend(next.iter().cloned());
            }
            chunks.chunks.remove(chunk + 1);
        }
        chunks.count_from(chunk);
        Some(value)
    }

    /// The value at `at`, to be changed in position.
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        let (chunk, within) = self.position(at);
        if chunk == self.0.chunks.len() {
            return None;
        }
        let values = Arc::make_mut(&mut self.0).chunks.get_mut(chunk)?;
        Arc::make_mut(values).get_mut(within)
    }
}

/// A list sorted by key, in which several values may have the same key.
impl<K: Ord + Copy, V: Clone> SharedVec<(K, V)> {
    /// The values with `key`.
    pub(crate) fn values_of(&self, key: K) -> impl Iterator<Item = &V> + Clone {
        let first = self.partition_point(|(other, _)| *other < key);
        let alike = self.iter_from(first).take_while(move |(other, _)| *other == key);
        alike.map(|(_, value)| value)
    }

    /// Adds `value` under `key`.
    pub fn add(&mut self, key: K, value: V) {
        self.insert(self.partition_point(|(other, _)| *other < key), (key, value));
    }

    /// Removes the first value with `key` for which `wanted` is true.
    pub(crate) fn remove_value(&mut self, key: K, wanted: impl Fn(&V) -> bool) -> Option<V> {
        let within = self.values_of(key).position(wanted)?;
        let first = self.partition_point(|(other, _)| *other < key);
        self.remove(first + within).map(|(_, value)| value)
    }
}

impl<T> Chunks<T> {
    /// Updates the number of values before each chunk from `first` on.
    fn count_from(&mut self, first: usize) {
        self.starts.truncate(first + 1);
        let mut start = match first.checked_sub(1) {
            Some(before) => {
                self.starts.get(before).copied().unwrap_or(0) + self.chunks.get(before).map_or(0, |chunk| chunk.len())
            }
            None => 0,
        };
        self.starts.truncate(first);
        for chunk in self.chunks.iter().skip(first) {
            self.starts.push(start);
            start += chunk.len();
        }
    }
}

impl<T> FromIterator<T> for SharedVec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> SharedVec<T> {
        let mut values = values.into_iter();
        let mut list = Chunks {
            chunks: Vec::new(),
            starts: Vec::new(),
            len: 0,
        };
        loop {
            // chunks that are not full have room for more values
            let mut chunk: Vec<T> = values.by_ref().take(MAX_CHUNK / 4 * 3).collect();
            if chunk.is_empty() {
                return SharedVec(Arc::new(list));
            }
            // an iterator without a known length allocates too much
            chunk.shrink_to_fit();
            list.starts.push(list.len);
            list.len += chunk.len();
            list.chunks.push(Arc::new(chunk));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum ListChange {
        Insert(usize, u32),
        Remove(usize),
        Set(usize, u32),
    }

    fn step() -> impl Strategy<Value = ListChange> {
        let at = 0_usize..3000;
        prop_oneof![
            3 => (at.clone(), any::<u32>()).prop_map(|(at, value)| ListChange::Insert(at, value)),
            2 => at.clone().prop_map(ListChange::Remove),
            1 => (at, any::<u32>()).prop_map(|(at, value)| ListChange::Set(at, value)),
        ]
    }

    fn is_same(list: &SharedVec<u32>, values: &[u32]) {
        assert!(list.iter().eq(values));
        assert!(list.iter().rev().eq(values.iter().rev()));
        assert_eq!((list.len(), list.is_empty()), (values.len(), values.is_empty()));
        assert_eq!((list.first(), list.last()), (values.first(), values.last()));
        for at in [0, 1, 383, 384, 385, 512, 1000, values.len(), values.len() + 1] {
            assert_eq!(list.get(at), values.get(at), "at {at}");
            assert!(list.iter_from(at).eq(values.iter().skip(at)), "from {at}");
        }
    }

    proptest! {
        #[test]
        fn it_behaves_like_a_vec_and_a_copy_never_changes(
            begun in proptest::collection::vec(any::<u32>(), 0..2000),
            steps in proptest::collection::vec(step(), 0..200),
        ) {
            let mut list: SharedVec<u32> = begun.iter().copied().collect();
            let copy = list.clone();
            let mut values = begun.clone();
            for step in steps {
                match step {
                    ListChange::Insert(at, value) => {
                        list.insert(at, value);
                        values.insert(at.min(values.len()), value);
                    }
                    ListChange::Remove(at) => {
                        let expected = (at < values.len()).then(|| values.remove(at));
                        prop_assert_eq!(list.remove(at), expected);
                    }
                    ListChange::Set(at, value) => {
                        prop_assert_eq!(list.get_mut(at).copied(), values.get(at).copied());
                        if let Some((old, other)) = list.get_mut(at).zip(values.get_mut(at)) {
                            (*old, *other) = (value, value);
                        }
                    }
                }
            }
            is_same(&list, &values);
            is_same(&copy, &begun);
        }

        #[test]
        fn it_is_searched_like_a_vec(mut values in proptest::collection::vec(0_u32..50, 0..1500), sought in 0_u32..52) {
            values.sort_unstable();
            let list: SharedVec<u32> = values.iter().copied().collect();
            prop_assert_eq!(list.partition_point(|&value| value < sought), values.partition_point(|&value| value < sought));
        }
    }

    #[test]
    fn a_list_that_is_filled_and_emptied_has_few_chunks() {
        let mut list = SharedVec::default();
        for value in 0..5000 {
            list.insert(usize::MAX, value);
        }
        assert_eq!(list.0.chunks.len(), 5000_usize.div_ceil(MAX_CHUNK));
        is_same(&list, &(0..5000).collect::<Vec<_>>());
        while list.len() > 100 {
            list.remove(list.len() / 2);
        }
        assert!(list.0.chunks.len() <= 2, "{} chunks", list.0.chunks.len());
    }
}
