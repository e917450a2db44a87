//! Waiting between attempts: longer each time, never beyond a bound, never in step with others.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Exponential delays with jitter: each is drawn from the upper half of a step that doubles from
/// `first` up to `longest`, so replicas that failed together do not come back together.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    step: Duration,
}

impl Backoff {
    /// Delays from `first` to `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        let first = first.min(longest);
        Self {
            first,
            longest,
            step: first,
        }
    }

    /// How long to wait before the next attempt.
    pub fn next_delay(&mut self) -> Duration {
        let step = self.step;
        self.step = step.saturating_mul(2).min(self.longest);
        let half = step / 2;
        half + half.saturating_mul(random_u8().into()) / u8::MAX.into()
    }

    /// Starts again from the shortest delay, after a success.
    pub fn reset(&mut self) {
        self.step = self.first;
    }
}

/// Randomness from the standard library's own seeding: enough to spread attempts, no secret.
fn random_u8() -> u8 {
    RandomState::new().hash_one(()).to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_within_half_and_whole_and_stay_bounded() {
        let (first, longest) = (Duration::from_millis(10), Duration::from_millis(65));
        let mut backoff = Backoff::new(first, longest);
        for step_ms in [10, 20, 40, 65, 65] {
            let step = Duration::from_millis(step_ms);
            let delay = backoff.next_delay();
            assert!(delay >= step / 2 && delay <= step, "{delay:?} of {step:?}");
        }
        backoff.reset();
        assert!(backoff.next_delay() <= first);
    }

    #[test]
    fn delays_are_spread() {
        let delays: std::collections::HashSet<_> = (0..32)
            .map(|_| Backoff::new(Duration::from_secs(1), Duration::from_secs(1)).next_delay())
            .collect();
        assert!(delays.len() > 8, "only {} different delays", delays.len());
    }
}
