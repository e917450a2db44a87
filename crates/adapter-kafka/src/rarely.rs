//! Words for the log that come by the thousand: one is told in a while, the others are counted.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets one through in each while.
#[derive(Debug)]
pub(crate) struct Rarely {
    every: Duration,
    state: Mutex<(Option<Instant>, u64)>,
}

impl Default for Rarely {
    /// One a second.
    fn default() -> Self {
        Self::every(Duration::from_secs(1))
    }
}

impl Rarely {
    pub(crate) const fn every(every: Duration) -> Rarely {
        Rarely {
            every,
            state: Mutex::new((None, 0)),
        }
    }

    /// How many were kept back since the last one that was told; `None` keeps this one back.
    pub(crate) fn now(&self) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, kept_back) = &mut *state;
        if told.is_some_and(|told| told.elapsed() < self.every) {
            *kept_back += 1;
            return None;
        }
        *told = Some(Instant::now());
        Some(std::mem::take(kept_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_is_told() {
        let rarely = Rarely::default();
        let told = (0..100).filter_map(|_| rarely.now()).count();
        assert_eq!(told, 1);
        rarely.state.lock().unwrap().0 = None;
        assert_eq!(rarely.now(), Some(99));
    }
}
