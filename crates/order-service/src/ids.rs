//! Order ids: UUID version 7 with a counter, as RFC 9562 section 6.2 method 1 has it.

use order_core::domain::{OrderId, Timestamp};
use order_core::ports::IdSource;
use std::sync::{Mutex, PoisonError};

/// [`IdSource`] with random bits of the operating system, fetched for many ids at a time.
#[derive(Debug, Default)]
pub(crate) struct Uuid7Source(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last_millis: i64,
    counter: u16,
    random: Vec<u8>,
}

/// A clock that steps back no further than this is waited for: ids go on at the later time, so
/// that they rise. Beyond it the clock was set, and is believed.
const MAX_STEP_BACK_MILLIS: i64 = 1_000;
/// Ids of one millisecond, before the next one is borrowed.
const MAX_COUNTER: u16 = 0xFFF;
/// Random bytes fetched at once: 512 ids a system call.
const RANDOM_BYTES: usize = 4_096;

impl IdSource for Uuid7Source {
    fn order_id(&self, at: Timestamp) -> OrderId {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (millis, counter) = state.tick(at.millis());
        let at = Timestamp::from_millis(millis).unwrap_or(at);
        OrderId::v7(at, counter, state.random())
    }
}

impl State {
    /// The next id's time and counter, above those of the id before.
    fn tick(&mut self, now: i64) -> (i64, u16) {
        let stepped_far_back = now < self.last_millis - MAX_STEP_BACK_MILLIS;
        if now > self.last_millis || stepped_far_back {
            (self.last_millis, self.counter) = (now, 0);
        } else if self.counter < MAX_COUNTER {
            self.counter += 1;
        } else {
            (self.last_millis, self.counter) = (self.last_millis + 1, 0);
        }
        (self.last_millis, self.counter)
    }

    fn random(&mut self) -> u64 {
        if self.random.len() < 8 {
            self.random.resize(RANDOM_BYTES, 0);
            // The system's source fails only where it does not exist; an id of zero bits is then
            // still kept apart by its time and counter, and refused by the store if it is not.
            let _ = getrandom::fill(&mut self.random);
        }
        let at = self.random.len() - 8;
        self.random
            .split_off(at)
            .iter()
            .fold(0, |bits, byte| (bits << 8) | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_also_within_a_millisecond_and_when_the_clock_steps_back_a_little() {
        let source = Uuid7Source::default();
        let at = Timestamp::from_millis(1_700_000_000_000).unwrap();
        let mut last = source.order_id(at);
        for i in 0..10_000 {
            let id = source.order_id(at.plus_millis(if i % 3 == 0 { -900 } else { 0 }));
            assert!(id > last, "{id} after {last}");
            last = id;
        }
        assert_eq!(
            last.placed_at(),
            at.plus_millis(2),
            "10,000 ids take three milliseconds"
        );
    }

    #[test]
    fn a_clock_that_was_set_back_is_believed() {
        let source = Uuid7Source::default();
        let at = Timestamp::from_millis(1_700_000_000_000).unwrap();
        source.order_id(at);
        let month_before = at.plus_millis(-30 * 86_400_000);
        assert_eq!(source.order_id(month_before).placed_at(), month_before);
    }
}
