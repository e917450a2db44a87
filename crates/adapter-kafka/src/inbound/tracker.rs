//! Which messages of one partition are done, and up to where all of them are. Pure.

use std::collections::VecDeque;

/// The messages of one assignment of one partition. Offsets have gaps (transactions, compaction), so
/// what was taken is remembered, and not what lies between.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    /// Taken and not yet told as done by `progress`, in the order of their offsets.
    open: VecDeque<(i64, bool)>,
    /// The newest offset that was taken.
    newest: Option<i64>,
    /// The next offset to be read by whoever comes after; `None` before anything was done, or where
    /// it was told already.
    next: Option<i64>,
}

impl Tracker {
    /// Takes a message; `false` if it was taken before, and so must not be handled again.
    pub(crate) fn take(&mut self, offset: i64) -> bool {
        if self.newest.is_some_and(|newest| offset <= newest) {
            return false;
        }
        self.newest = Some(offset);
        self.open.push_back((offset, false));
        true
    }

    /// Its effect is committed.
    pub(crate) fn done(&mut self, offset: i64) {
        if let Ok(at) = self
            .open
            .binary_search_by_key(&offset, |(offset, _)| *offset)
        {
            self.open[at].1 = true;
        }
        while let Some((offset, true)) = self.open.front() {
            self.next = Some(offset + 1);
            self.open.pop_front();
        }
    }

    /// The offset to store, if it has moved since it was last asked for: every message before it is
    /// done.
    pub(crate) fn progress(&mut self) -> Option<i64> {
        self.next.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Offsets with gaps, and an order in which they are done.
    fn runs() -> impl Strategy<Value = (Vec<i64>, Vec<usize>)> {
        prop::collection::vec(1..4_i64, 1..60).prop_flat_map(|steps| {
            let offsets: Vec<i64> = steps
                .iter()
                .scan(-1, |at, step| {
                    *at += step;
                    Some(*at)
                })
                .collect();
            let order: Vec<usize> = (0..offsets.len()).collect();
            (Just(offsets), Just(order).prop_shuffle())
        })
    }

    proptest! {
        /// What is stored never passes a message that is not done, never goes back, and ends behind
        /// the last one with nothing kept. Messages are taken while others are done.
        #[test]
        fn offsets_never_pass_what_is_open((offsets, order) in runs(), ahead in 1..60_usize) {
            let mut tracker = Tracker::default();
            let mut taken = 0;
            let mut open = BTreeSet::new();
            let mut stored = -1;
            for position in order {
                while taken < offsets.len() && (taken <= position || open.len() < ahead) {
                    prop_assert!(tracker.take(offsets[taken]));
                    prop_assert!(!tracker.take(offsets[taken]), "it was taken");
                    open.insert(offsets[taken]);
                    taken += 1;
                }
                tracker.done(offsets[position]);
                open.remove(&offsets[position]);
                if let Some(next) = tracker.progress() {
                    prop_assert!(next > stored, "{next} after {stored}");
                    prop_assert!(open.first().is_none_or(|first| next <= *first));
                    stored = next;
                }
                // Everything before the first open one can be stored.
                let first_open = open.first().copied().unwrap_or(offsets[taken - 1] + 1);
                let done_before = offsets.iter().filter(|offset| **offset < first_open).max();
                prop_assert_eq!(stored, done_before.map_or(-1, |last| last + 1));
            }
            prop_assert_eq!(stored, offsets.last().unwrap() + 1);
            prop_assert!(tracker.open.is_empty());
        }
    }

    #[test]
    fn what_was_never_taken_is_not_done() {
        let mut tracker = Tracker::default();
        tracker.done(7);
        assert_eq!(tracker.progress(), None);
        assert!(tracker.take(8));
        tracker.done(7);
        assert_eq!(tracker.progress(), None);
        tracker.done(8);
        assert_eq!((tracker.progress(), tracker.progress()), (Some(9), None));
    }
}
