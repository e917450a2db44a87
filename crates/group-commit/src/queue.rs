//! The hand-off between callers and writers: a bounded queue behind one short lock.
//!
//! A push is one lock and no allocation once the queue has grown; a writer swaps the whole queue out
//! in one lock, and is woken once a batch. No item is looked into, no future is polled and nothing of
//! the user's is dropped under the lock. Only what `super` lends is used here, because the model test
//! compiles this file a second time against shuttle's lock.

use std::{
    collections::VecDeque,
    future::poll_fn,
    mem,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker},
};

use super::{
    Config, Rejected, Stats,
    sync::{Mutex, MutexGuard},
};

/// What waits, and who waits for it.
pub(crate) struct Queue<T> {
    config: Config,
    state: Mutex<State<T>>,
}

/// A writer's place at the queue. Dropping it, however the writer ends, gives the place up.
pub(crate) struct Seat<T> {
    queue: Arc<Queue<T>>,
    number: usize,
}

/// One accepted item. The weight stays with it because a batch is bounded by weight too.
pub(crate) struct Entry<T> {
    pub(crate) value: T,
    weight_bytes: usize,
}

struct State<T> {
    waiting: VecDeque<Entry<T>>,
    closed: bool,
    writers: Vec<Writer>,
    stats: Stats,
}

enum Writer {
    /// Will look at the queue before it does anything else, so it needs no wake-up.
    Awake,
    /// Looked, found nothing to do, and waits to be woken.
    Parked(Waker),
    /// Writes a batch, and looks again afterwards.
    Busy,
    Gone,
}

impl<T> Queue<T> {
    /// A queue and the places of its writers.
    pub(crate) fn new(config: Config, writers: usize) -> (Arc<Self>, Vec<Seat<T>>) {
        let state = State {
            waiting: VecDeque::new(),
            closed: false,
            writers: (0..writers).map(|_| Writer::Awake).collect(),
            stats: Stats::default(),
        };
        let queue = Arc::new(Self {
            config,
            state: Mutex::new(state),
        });
        let seats = (0..writers)
            .map(|number| Seat {
                queue: Arc::clone(&queue),
                number,
            })
            .collect();
        (queue, seats)
    }

    /// Accepts `value` or says at once why not.
    pub(crate) fn push(&self, value: T, weight_bytes: usize) -> Result<(), Rejected> {
        // The guard, a local, is released before a refused `value`, a parameter, is dropped.
        let mut state = self.lock();
        state.admit(&self.config, weight_bytes)?;
        state.waiting.push_back(Entry {
            value,
            weight_bytes,
        });
        state.stats.queued_weight_bytes += weight_bytes;
        let woken = state.next_to_wake(&self.config);
        drop(state);
        wake(woken);
        Ok(())
    }

    /// Refuses new items from now on. Writers take what was accepted, and then end.
    pub(crate) fn close(&self) {
        let woken = self.locked(|state| {
            state.closed = true;
            state.next_to_wake(&self.config)
        });
        wake(woken);
    }

    pub(crate) fn stats(&self) -> Stats {
        self.locked(|state| Stats {
            queued_items: state.waiting.len(),
            busy_writers: state.busy_writers(),
            ..state.stats
        })
    }

    fn locked<R>(&self, work: impl FnOnce(&mut State<T>) -> R) -> R {
        work(&mut self.lock())
    }

    /// A panic under this lock cannot leave the state half changed, since nothing of the user's runs
    /// there; so a poisoned lock is taken as it is rather than spread to every caller.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Seat<T> {
    /// Waits for the next batch and puts it into `batch`, which must be empty and whose memory the
    /// queue uses next. False when the queue is closed and empty: the writer is to end.
    pub(crate) async fn take(&mut self, batch: &mut VecDeque<Entry<T>>) -> bool {
        poll_fn(|cx| self.poll_take(batch, cx)).await
    }

    /// Counts what became of a batch.
    pub(crate) fn count(&self, count: impl FnOnce(&mut Stats)) {
        self.queue.locked(|state| count(&mut state.stats));
    }

    fn poll_take(&mut self, batch: &mut VecDeque<Entry<T>>, cx: &Context<'_>) -> Poll<bool> {
        let config = &self.queue.config;
        let (taken, woken) = self.queue.locked(|state| {
            state.writers[self.number] = Writer::Awake;
            if !state.has_work(config) {
                state.writers[self.number] = Writer::Parked(cx.waker().clone());
                return (Poll::Pending, None);
            }
            if state.waiting.is_empty() {
                return (Poll::Ready(false), None);
            }
            state.fill(batch, config);
            state.writers[self.number] = Writer::Busy;
            (Poll::Ready(true), state.next_to_wake(config))
        });
        wake(woken);
        taken
    }
}

impl<T> Drop for Seat<T> {
    fn drop(&mut self) {
        let (orphans, woken) = self.queue.locked(|state| {
            state.writers[self.number] = Writer::Gone;
            let orphans = if state
                .writers
                .iter()
                .all(|writer| matches!(writer, Writer::Gone))
            {
                state.closed = true;
                state.stats.queued_weight_bytes = 0;
                mem::take(&mut state.waiting)
            } else {
                VecDeque::new()
            };
            (orphans, state.next_to_wake(&self.queue.config))
        });
        wake(woken);
        // Outside the lock: with these go the answers that their callers wait for, so that they are
        // told instead of waiting for a writer that no longer exists.
        drop(orphans);
    }
}

impl<T> State<T> {
    fn admit(&mut self, config: &Config, weight_bytes: usize) -> Result<(), Rejected> {
        if self.closed {
            return Err(Rejected::Closed);
        }
        let max_queued_weight_bytes = config.max_queued_weight_bytes;
        if weight_bytes > max_queued_weight_bytes {
            return Err(Rejected::TooHeavy {
                weight_bytes,
                max_queued_weight_bytes,
            });
        }
        let queued_weight_bytes = self.stats.queued_weight_bytes;
        if self.waiting.len() >= config.max_queued_items
            || weight_bytes > max_queued_weight_bytes - queued_weight_bytes
        {
            self.stats.full += 1;
            return Err(Rejected::Full {
                queued_items: self.waiting.len(),
                queued_weight_bytes,
            });
        }
        Ok(())
    }

    /// Whether a writer that looks now has something to do: a batch to take, or to end.
    fn has_work(&self, config: &Config) -> bool {
        if self.waiting.is_empty() {
            return self.closed;
        }
        // Beside a writer at work, a further one that takes little only splits the batch that the
        // first would have taken next.
        self.busy_writers() == 0
            || self.waiting.len().saturating_mul(100)
                >= self
                    .stats
                    .last_batch_items
                    .saturating_mul(config.further_writer_percent)
    }

    /// The writer to wake after a change of state, if one is needed: every change of state must ask.
    /// While one is awake no other is woken, for it will look, and asks again once it has taken.
    fn next_to_wake(&mut self, config: &Config) -> Option<Waker> {
        // Most pushes end at this look at the writers: while they are all busy, nobody can be woken.
        let mut parked = None;
        for (number, writer) in self.writers.iter().enumerate() {
            match writer {
                Writer::Awake => return None,
                Writer::Parked(_) => parked = Some(number),
                Writer::Busy | Writer::Gone => {}
            }
        }
        let parked = parked.filter(|_| self.has_work(config))?;
        match mem::replace(&mut self.writers[parked], Writer::Awake) {
            Writer::Parked(waker) => Some(waker),
            Writer::Awake | Writer::Busy | Writer::Gone => None,
        }
    }

    fn fill(&mut self, batch: &mut VecDeque<Entry<T>>, config: &Config) {
        let queued_weight_bytes = self.stats.queued_weight_bytes;
        if self.waiting.len() <= config.max_batch_items
            && queued_weight_bytes <= config.max_batch_weight_bytes
        {
            mem::swap(&mut self.waiting, batch);
            self.stats.queued_weight_bytes = 0;
        } else {
            let mut weight_bytes = 0;
            let fits = |entry: &&Entry<T>| {
                weight_bytes += entry.weight_bytes;
                weight_bytes <= config.max_batch_weight_bytes
            };
            let fitting = self
                .waiting
                .iter()
                .take(config.max_batch_items)
                .take_while(fits)
                .count();
            // An item heavier than any batch may be still has to be written: alone.
            batch.extend(self.waiting.drain(..fitting.max(1)));
            self.stats.queued_weight_bytes -=
                batch.iter().map(|entry| entry.weight_bytes).sum::<usize>();
        }
        self.stats.last_batch_items = batch.len();
        self.stats.batches += 1;
        self.stats.items += batch.len() as u64;
    }

    fn busy_writers(&self) -> usize {
        self.writers
            .iter()
            .filter(|writer| matches!(writer, Writer::Busy))
            .count()
    }
}

/// Outside the lock, for the woken writer takes it first thing.
fn wake(woken: Option<Waker>) {
    if let Some(waker) = woken {
        waker.wake();
    }
}
