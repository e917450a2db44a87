//! Words for the log that come by the thousand: one a second is told, the others are counted.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(1);

/// Lets one through each second.
#[derive(Debug, Default)]
pub(crate) struct Rarely(Mutex<(Option<Instant>, u64)>);

impl Rarely {
    /// How many were kept back since the last one that was told; `None` keeps this one back.
    pub(crate) fn now(&self) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, kept_back) = &mut *state;
        if told.is_some_and(|told| told.elapsed() < EVERY) {
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
        rarely.0.lock().unwrap().0 = None;
        assert_eq!(rarely.now(), Some(99));
    }
}
