//! One caller: a call, its answer, the next one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Calls;
use crate::LoadError;
use crate::line::{Answer, Line as _};
use crate::pace::{Pace, Turn};
use crate::tally::Tally;

/// What it has in common with the others of its thread.
pub(super) struct Caller<C> {
    pub(super) pace: Arc<Pace>,
    pub(super) calls: Arc<C>,
    pub(super) tally: Arc<Mutex<Tally>>,
}

impl<C: Calls> Caller<C> {
    /// Calls until the time is over.
    pub(super) async fn work(self, mut line: C::Line) {
        while let Some(turn) = self.pace.turn().await {
            let result = line.call(self.calls.call(turn.number)).await;
            let failed = result.is_err();
            self.count(turn, result);
            if failed && let Err(error) = line.reopen().await {
                self.tally().breaks(&error.to_string(), 0);
            }
        }
    }

    fn count(&self, turn: Turn, result: Result<Answer, LoadError>) {
        let latency = turn.counted_from.elapsed();
        let result = result.map(|answer| self.checked(turn.number, answer));
        if turn.counted_from >= self.pace.counted_since() {
            self.tally().count(latency, result);
        }
    }

    fn checked(&self, number: u64, answer: Answer) -> Answer {
        let Answer::Done(body) = &answer else {
            return answer;
        };
        match self.calls.check(number, body) {
            Ok(()) => answer,
            Err(reason) => Answer::Refused {
                code: "wrong answer".to_owned(),
                reason,
            },
        }
    }

    /// Of this thread alone, so nobody is ever waited for.
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
