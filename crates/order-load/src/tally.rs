//! What a run counts while it goes on.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::LoadError;
use crate::line::Answer;

/// The longest latency that is told apart, in microseconds; longer ones count as this.
const MAX_LATENCY_MICROSECONDS: u64 = 120_000_000;
/// Significant digits of a latency: an error of 0.1 %.
const LATENCY_DIGITS: u8 = 3;

/// Answers so far.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Of calls that were answered as asked, in microseconds.
    pub latency: Histogram<u64>,
    /// The bytes of those answers together.
    pub answer_bytes: u64,
    /// Other answers, by HTTP status or gRPC code.
    pub refused: BTreeMap<String, u64>,
    /// Calls without an answer.
    pub broken: u64,
    /// What was wrong first.
    pub first_error: Option<String>,
}

impl Default for Tally {
    fn default() -> Self {
        let latency = Histogram::new_with_bounds(1, MAX_LATENCY_MICROSECONDS, LATENCY_DIGITS)
            .expect("the bounds are constants that the histogram takes");
        Self {
            latency,
            answer_bytes: 0,
            refused: BTreeMap::new(),
            broken: 0,
            first_error: None,
        }
    }
}

impl Tally {
    /// Counts one call.
    pub fn count(&mut self, latency: Duration, result: Result<Answer, LoadError>) {
        match result {
            Ok(Answer::Done(body)) => {
                let microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
                self.latency.saturating_record(microseconds.max(1));
                self.answer_bytes += body.len() as u64;
            }
            Ok(Answer::Refused { code, reason }) => {
                self.first_error
                    .get_or_insert_with(|| format!("{code}: {reason}"));
                *self.refused.entry(code).or_default() += 1;
            }
            Err(error) => self.breaks(&error.to_string(), 1),
        }
    }

    /// Counts calls that no answer came to.
    pub fn breaks(&mut self, error: &str, calls: u64) {
        self.broken += calls;
        self.first_error.get_or_insert_with(|| error.to_owned());
    }

    /// Adds what another thread counted.
    pub fn merge(&mut self, other: Self) {
        // Every tally has the same bounds, and only others fail.
        let _ = self.latency.add(other.latency);
        self.answer_bytes += other.answer_bytes;
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
        self.broken += other.broken;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of_each() -> Tally {
        let refused = Answer::Refused {
            code: "503".to_owned(),
            reason: "too much waits".to_owned(),
        };
        let mut tally = Tally::default();
        let two = Duration::from_millis(2);
        tally.count(two, Ok(Answer::Done(b"12345".as_slice().into())));
        tally.count(two, Ok(refused));
        tally.count(two, Err(LoadError::Timeout { seconds: 1 }));
        tally
    }

    #[test]
    fn only_what_was_asked_for_has_a_latency() {
        let tally = one_of_each();
        assert_eq!((tally.latency.len(), tally.answer_bytes), (1, 5));
        assert_eq!(tally.refused, BTreeMap::from([("503".to_owned(), 1)]));
        assert_eq!(tally.broken, 1);
        assert_eq!(tally.first_error.as_deref(), Some("503: too much waits"));
    }

    #[test]
    fn the_counts_of_threads_are_added() {
        let mut sum = Tally::default();
        sum.merge(one_of_each());
        sum.merge(one_of_each());
        assert_eq!((sum.latency.len(), sum.answer_bytes), (2, 10));
        assert_eq!((sum.refused["503"], sum.broken), (2, 2));
        assert!(sum.first_error.is_some());
    }
}
