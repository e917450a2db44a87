//! Turns: changes of one order wait for each other instead of racing in the store.
//!
//! Without them, n changes of one order would be decided n²/2 times. They are a courtesy, not what
//! keeps orders right: that is the version each change expects.
//!
//! Turns are taken in the order of arrival and handed from one to the next, so nobody is overtaken and
//! no clock decides who is next: a simulation of the use cases goes the same way every time.

use crate::domain::OrderId;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// More queues than changes are ever under way, so two orders rarely share one.
const QUEUES: usize = 1_024;

/// A fixed number of queues; an order's id chooses its own.
pub(super) struct Turns(Box<[Queue]>);

#[derive(Default)]
struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    /// Somebody has the turn, or was called to it.
    taken: bool,
    /// Who was called and has not come yet.
    called: Option<u64>,
    next_ticket: u64,
    waiting: VecDeque<(u64, Waker)>,
}

impl Turns {
    pub(super) fn new() -> Turns {
        Turns((0..QUEUES).map(|_| Queue::default()).collect())
    }

    /// Waits for the turn of a change of this order; dropping what it answers ends the turn.
    pub(super) fn wait_for(&self, order_id: OrderId) -> Waiting<'_> {
        Waiting {
            queue: &self.0[queue_of(order_id)],
            ticket: None,
        }
    }
}

impl Queue {
    /// Nothing panics under this lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the next one, if somebody waits.
    fn pass_on(&self) {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        state.taken = next.is_some();
        state.called = next.as_ref().map(|(ticket, _)| *ticket);
        drop(state);
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }
}

/// Waits for a turn. Whoever goes away leaves the queue, or passes on the turn it was called to.
pub(super) struct Waiting<'t> {
    queue: &'t Queue,
    ticket: Option<u64>,
}

/// A turn, until it is dropped.
pub(super) struct Turn<'t> {
    queue: &'t Queue,
    waited: bool,
}

impl Turn<'_> {
    /// Whether somebody else had a turn meanwhile: what was read of the order before may be old.
    pub(super) fn was_waited_for(&self) -> bool {
        self.waited
    }
}

impl<'t> Future for Waiting<'t> {
    type Output = Turn<'t>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Turn<'t>> {
        let queue = self.queue;
        let mut state = queue.state();
        match self.ticket {
            None if !state.taken => {
                state.taken = true;
                return Poll::Ready(Turn {
                    queue,
                    waited: false,
                });
            }
            None => {
                let ticket = state.next_ticket;
                state.next_ticket += 1;
                state.waiting.push_back((ticket, cx.waker().clone()));
                self.ticket = Some(ticket);
            }
            Some(ticket) if state.called == Some(ticket) => {
                state.called = None;
                self.ticket = None;
                return Poll::Ready(Turn {
                    queue,
                    waited: true,
                });
            }
            Some(ticket) => {
                let mut waiting = state.waiting.iter_mut();
                if let Some((_, waker)) = waiting.find(|(waits, _)| *waits == ticket) {
                    waker.clone_from(cx.waker());
                }
            }
        }
        Poll::Pending
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut state = self.queue.state();
        if state.called == Some(ticket) {
            drop(state);
            self.queue.pass_on();
        } else {
            state.waiting.retain(|(waits, _)| *waits != ticket);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.queue.pass_on();
    }
}

/// Every bit of the id counts, whichever of them its source draws by lot: Fibonacci hashing of both
/// halves (Knuth, The Art of Computer Programming 3, 6.4).
fn queue_of(order_id: OrderId) -> usize {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let bytes = order_id.to_bytes();
    let spread = bytes.chunks_exact(8).fold(0_u64, |spread, half| {
        let half = half.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
        (spread.rotate_left(32) ^ half).wrapping_mul(GOLDEN)
    });
    // The highest bits are the best mixed: they are taken as a fraction of all queues.
    let choice = (u128::from(spread) * QUEUES as u128) >> 64;
    usize::try_from(choice).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{QUEUES, Turn, Turns, Waiting, queue_of};
    use crate::domain::{OrderId, Timestamp};
    use std::collections::BTreeSet;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn orders_that_differ_anywhere_rarely_share_a_queue() {
        let at = |millis: i64| Timestamp::default().plus_millis(1_735_689_600_000 + millis);
        for shift in [0, 12, 22, 40, 52] {
            let by_number = (0..512_u64).map(|n| OrderId::v7(at(0), 0, n << shift));
            let queues: BTreeSet<usize> = by_number.map(queue_of).collect();
            assert!(
                queues.len() > QUEUES / 4,
                "{} queues at {shift}",
                queues.len()
            );
        }
        let by_time: BTreeSet<usize> = (0..512)
            .map(|n| queue_of(OrderId::v7(at(n), 0, 0)))
            .collect();
        assert!(
            by_time.len() > QUEUES / 4,
            "{} queues by time",
            by_time.len()
        );
    }

    fn now(waiting: &mut Waiting<'static>) -> Option<Turn<'static>> {
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(waiting).poll(&mut cx) {
            Poll::Ready(turn) => Some(turn),
            Poll::Pending => None,
        }
    }

    fn waiting(turns: &'static Turns, count: usize) -> Vec<Waiting<'static>> {
        let wait = |_| turns.wait_for(OrderId::NIL);
        let mut all: Vec<Waiting<'static>> = (0..count).map(wait).collect();
        for waiting in &mut all {
            assert!(now(waiting).is_none());
        }
        all
    }

    #[test]
    fn turns_are_taken_in_the_order_of_arrival_and_nobody_overtakes() {
        let turns: &'static Turns = Box::leak(Box::new(Turns::new()));
        let mut turn = now(&mut turns.wait_for(OrderId::NIL));
        let mut all = waiting(turns, 3);
        for next in 0..3 {
            drop(turn.take());
            let mut late = turns.wait_for(OrderId::NIL);
            assert!(now(&mut late).is_none(), "the turn is {next}'s");
            for (n, waiting) in all.iter_mut().enumerate().skip(next) {
                let got = now(waiting);
                assert_eq!(got.is_some(), n == next);
                turn = turn.or(got);
            }
        }
        drop(turn);
        assert!(now(&mut turns.wait_for(OrderId::NIL)).is_some());
    }

    #[test]
    fn whoever_goes_away_leaves_the_queue_or_passes_the_turn_on() {
        let turns: &'static Turns = Box::leak(Box::new(Turns::new()));
        let turn = now(&mut turns.wait_for(OrderId::NIL)).unwrap();
        let mut all = waiting(turns, 3);
        drop(all.remove(1));
        drop(turn);
        drop(all.remove(0));
        assert!(now(&mut all[0]).is_some(), "called, gone, and passed on");
        drop(all);
        assert!(now(&mut turns.wait_for(OrderId::NIL)).is_some());
    }
}
