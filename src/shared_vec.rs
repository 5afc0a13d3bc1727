//! Values in an order, shared by one index and the next.
//!
//! A row is cut into pieces of bounded length. A copy shares all of them, and a change copies the piece that it is in and the list of
//! pieces, so that it costs about the same in a row of a thousand and of a million.

use std::sync::Arc;

/// A piece that would grow beyond this is cut in two.
const LONGEST_PIECE: usize = 512;

/// Values in the order in which they were put there; to keep it sorted is for who fills it.
#[derive(Debug)]
pub struct SharedVec<T>(Arc<Pieces<T>>);

#[derive(Debug)]
struct Pieces<T> {
    /// None of them is empty.
    pieces: Vec<Arc<Vec<T>>>,
    /// For each piece how many values stand before it.
    starts: Vec<usize>,
    len: usize,
}

impl<T> Clone for SharedVec<T> {
    fn clone(&self) -> SharedVec<T> {
        SharedVec(Arc::clone(&self.0))
    }
}

impl<T> Clone for Pieces<T> {
    fn clone(&self) -> Pieces<T> {
        Pieces {
            pieces: self.pieces.clone(),
            starts: self.starts.clone(),
            len: self.len,
        }
    }
}

impl<T> Default for SharedVec<T> {
    fn default() -> SharedVec<T> {
        SharedVec(Arc::new(Pieces {
            pieces: Vec::new(),
            starts: Vec::new(),
            len: 0,
        }))
    }
}

impl<T> SharedVec<T> {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// The value at `at`, from 0.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&T> {
        let (piece, within) = self.place(at);
        self.0.pieces.get(piece)?.get(within)
    }

    /// The first value.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.0.pieces.first()?.first()
    }

    /// The last value.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.0.pieces.last()?.last()
    }

    /// All values in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.0.pieces.iter().flat_map(|piece| piece.iter())
    }

    /// The values from `at` on; nothing is spent on those before.
    pub fn from(&self, at: usize) -> impl Iterator<Item = &T> + Clone {
        let (first, within) = self.place(at);
        let pieces = self.0.pieces.get(first..).unwrap_or_default();
        let mut pieces = pieces.iter();
        let head = pieces.next().and_then(|piece| piece.get(within..)).unwrap_or_default();
        head.iter().chain(pieces.flat_map(|piece| piece.iter()))
    }

    /// How many values there are from the first on of which `is_before` is true; it is true of none after one of which it is not.
    #[must_use]
    pub fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let Pieces { pieces, starts, len } = &*self.0;
        let found = pieces.partition_point(|piece| piece.last().is_some_and(&is_before));
        match (pieces.get(found), starts.get(found)) {
            (Some(piece), Some(start)) => start + piece.partition_point(is_before),
            _ => *len,
        }
    }

    /// The piece that the value at `at` is in, and its place there.
    fn place(&self, at: usize) -> (usize, usize) {
        if at >= self.0.len {
            return (self.0.pieces.len(), 0);
        }
        let piece = self.0.starts.partition_point(|&start| start <= at).saturating_sub(1);
        (piece, at - self.0.starts.get(piece).copied().unwrap_or(0))
    }
}

impl<T: Clone> SharedVec<T> {
    /// Puts `value` at `at`, before what stands there; at the end where that is past it.
    pub fn insert(&mut self, at: usize, value: T) {
        let (mut piece, mut within) = self.place(at);
        let pieces = Arc::make_mut(&mut self.0);
        pieces.len += 1;
        // what comes last goes into the last piece, and into a new one where that is full
        if piece == pieces.pieces.len() {
            match pieces.pieces.last().map(|last| last.len()) {
                Some(len) if len < LONGEST_PIECE => (piece, within) = (piece - 1, len),
                _ => pieces.pieces.push(Arc::default()),
            }
        }
        if let Some(values) = pieces.pieces.get_mut(piece).map(Arc::make_mut) {
            if values.len() < LONGEST_PIECE {
                // a piece has no more room than it may need
                if values.len() == values.capacity() {
                    values.reserve_exact(values.len().clamp(4, LONGEST_PIECE / 4).min(LONGEST_PIECE - values.len()));
                }
                values.insert(within, value);
            } else {
                let mut rest = values.split_off(LONGEST_PIECE / 2);
                values.shrink_to_fit();
                match within.checked_sub(values.len()) {
                    Some(within) => rest.insert(within, value),
                    None => values.insert(within, value),
                }
                pieces.pieces.insert(piece + 1, Arc::new(rest));
            }
        }
        pieces.count_from(piece);
    }

    /// Takes the value at `at` out, if there is one.
    pub fn remove(&mut self, at: usize) -> Option<T> {
        let (piece, within) = self.place(at);
        if piece == self.0.pieces.len() {
            return None;
        }
        let pieces = Arc::make_mut(&mut self.0);
        let values = Arc::make_mut(pieces.pieces.get_mut(piece)?);
        let value = values.remove(within);
        let left = values.len();
        pieces.len -= 1;
        if left == 0 {
            pieces.pieces.remove(piece);
        } else if let Some(next) = pieces.pieces.get(piece + 1)
            && left + next.len() <= LONGEST_PIECE / 2
        {
            let next = Arc::clone(next);
            if let Some(values) = pieces.pieces.get_mut(piece) {
                Arc::make_mut(values).extend(next.iter().cloned());
            }
            pieces.pieces.remove(piece + 1);
        }
        pieces.count_from(piece);
        Some(value)
    }

    /// The value at `at`, to be changed without moving in the order.
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        let (piece, within) = self.place(at);
        if piece == self.0.pieces.len() {
            return None;
        }
        let values = Arc::make_mut(&mut self.0).pieces.get_mut(piece)?;
        Arc::make_mut(values).get_mut(within)
    }
}

/// A row in the order of keys, several values to a key if need be.
impl<K: Ord + Copy, V: Clone> SharedVec<(K, V)> {
    /// The values with `key`.
    pub fn with(&self, key: K) -> impl Iterator<Item = &V> + Clone {
        let first = self.partition_point(|(other, _)| *other < key);
        let alike = self.from(first).take_while(move |(other, _)| *other == key);
        alike.map(|(_, value)| value)
    }

    /// Adds `value` under `key`.
    pub fn add(&mut self, key: K, value: V) {
        self.insert(self.partition_point(|(other, _)| *other < key), (key, value));
    }

    /// Takes out the first value with `key` that is the `wanted` one.
    pub fn take(&mut self, key: K, wanted: impl Fn(&V) -> bool) -> Option<V> {
        let within = self.with(key).position(wanted)?;
        let first = self.partition_point(|(other, _)| *other < key);
        self.remove(first + within).map(|(_, value)| value)
    }
}

impl<T> Pieces<T> {
    /// Counts anew what stands before each piece after `first`.
    fn count_from(&mut self, first: usize) {
        self.starts.truncate(first + 1);
        let mut start = match first.checked_sub(1) {
            Some(before) => {
                self.starts.get(before).copied().unwrap_or(0) + self.pieces.get(before).map_or(0, |piece| piece.len())
            }
            None => 0,
        };
        self.starts.truncate(first);
        for piece in self.pieces.iter().skip(first) {
            self.starts.push(start);
            start += piece.len();
        }
    }
}

impl<T> FromIterator<T> for SharedVec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> SharedVec<T> {
        let mut values = values.into_iter();
        let mut row = Pieces {
            pieces: Vec::new(),
            starts: Vec::new(),
            len: 0,
        };
        loop {
            // pieces that are not full have room for the next values
            let mut piece: Vec<T> = values.by_ref().take(LONGEST_PIECE / 4 * 3).collect();
            if piece.is_empty() {
                return SharedVec(Arc::new(row));
            }
            // who cannot say how many values there are takes more room than they need
            piece.shrink_to_fit();
            row.starts.push(row.len);
            row.len += piece.len();
            row.pieces.push(Arc::new(piece));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(usize, u32),
        Remove(usize),
        Set(usize, u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        let at = 0_usize..3000;
        prop_oneof![
            3 => (at.clone(), any::<u32>()).prop_map(|(at, value)| Step::Insert(at, value)),
            2 => at.clone().prop_map(Step::Remove),
            1 => (at, any::<u32>()).prop_map(|(at, value)| Step::Set(at, value)),
        ]
    }

    fn is_same(row: &SharedVec<u32>, values: &[u32]) {
        assert!(row.iter().eq(values));
        assert!(row.iter().rev().eq(values.iter().rev()));
        assert_eq!((row.len(), row.is_empty()), (values.len(), values.is_empty()));
        assert_eq!((row.first(), row.last()), (values.first(), values.last()));
        for at in [0, 1, 383, 384, 385, 512, 1000, values.len(), values.len() + 1] {
            assert_eq!(row.get(at), values.get(at), "at {at}");
            assert!(row.from(at).eq(values.iter().skip(at)), "from {at}");
        }
    }

    proptest! {
        #[test]
        fn a_row_is_a_list_and_a_copy_never_changes(
            begun in proptest::collection::vec(any::<u32>(), 0..2000),
            steps in proptest::collection::vec(step(), 0..200),
        ) {
            let mut row: SharedVec<u32> = begun.iter().copied().collect();
            let copy = row.clone();
            let mut values = begun.clone();
            for step in steps {
                match step {
                    Step::Insert(at, value) => {
                        row.insert(at, value);
                        values.insert(at.min(values.len()), value);
                    }
                    Step::Remove(at) => {
                        let expected = (at < values.len()).then(|| values.remove(at));
                        prop_assert_eq!(row.remove(at), expected);
                    }
                    Step::Set(at, value) => {
                        prop_assert_eq!(row.get_mut(at).copied(), values.get(at).copied());
                        if let Some((old, other)) = row.get_mut(at).zip(values.get_mut(at)) {
                            (*old, *other) = (value, value);
                        }
                    }
                }
            }
            is_same(&row, &values);
            is_same(&copy, &begun);
        }

        #[test]
        fn it_is_searched_as_a_list_is(mut values in proptest::collection::vec(0_u32..50, 0..1500), sought in 0_u32..52) {
            values.sort_unstable();
            let row: SharedVec<u32> = values.iter().copied().collect();
            prop_assert_eq!(row.partition_point(|&value| value < sought), values.partition_point(|&value| value < sought));
        }
    }

    #[test]
    fn a_row_that_is_filled_one_by_one_and_emptied_is_cut_well() {
        let mut row = SharedVec::default();
        for value in 0..5000 {
            row.insert(usize::MAX, value);
        }
        assert_eq!(row.0.pieces.len(), 5000_usize.div_ceil(LONGEST_PIECE));
        is_same(&row, &(0..5000).collect::<Vec<_>>());
        while row.len() > 100 {
            row.remove(row.len() / 2);
        }
        assert!(row.0.pieces.len() <= 2, "{} pieces", row.0.pieces.len());
    }
}
