//! What is in flight: lanes that keep the messages of one order in order, partitions with their
//! offsets, and the bounds of both. Knows no Kafka and does no I/O; one lock guards all of it.

use super::tracker::Tracker;
use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A partition of a topic.
pub(crate) type Partition = (String, i32);

/// Where a message stands, and in which assignment of its partition it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) partition: Partition,
    pub(crate) offset: i64,
    epoch: u64,
}

/// A message on its way.
#[derive(Debug)]
pub(crate) struct Job<M> {
    pub(crate) ticket: Ticket,
    pub(crate) message: M,
    bytes: usize,
}

/// A lane's name: the digest of an order. Two orders in one lane only wait for each other.
pub(crate) type Lane = u64;

/// What became of a message that was given to [`Flow::take`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It waits behind others of its lane, whose task comes to it.
    Queued,
    /// It is the first of its lane: a task has to be started.
    First,
    /// Its partition is not ours any more, or it was taken before.
    Ignored,
}

/// How much may be in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

/// Everything in flight.
#[derive(Debug)]
pub(crate) struct Flow<M> {
    room: Room,
    state: Mutex<State<M>>,
    /// Something ended: room may be there, a partition may be quiet.
    ended: Condvar,
}

#[derive(Debug)]
struct State<M> {
    lanes: HashMap<Lane, VecDeque<Job<M>>>,
    partitions: HashMap<Partition, Assigned>,
    epochs: u64,
    messages: usize,
    bytes: usize,
    waiting: usize,
    stopping: bool,
}

/// A partition that is ours.
#[derive(Debug)]
struct Assigned {
    epoch: u64,
    tracker: Tracker,
    /// Messages whose effect is being made at this moment.
    running: usize,
    /// No further message of it is begun.
    leaving: bool,
}

impl<M> Flow<M> {
    pub(crate) fn new(room: Room) -> Flow<M> {
        Flow {
            room,
            state: Mutex::new(State {
                lanes: HashMap::new(),
                partitions: HashMap::new(),
                epochs: 0,
                messages: 0,
                bytes: 0,
                waiting: 0,
                stopping: false,
            }),
            ended: Condvar::new(),
        }
    }

    /// These partitions are ours from now on.
    pub(crate) fn assign(&self, partitions: impl IntoIterator<Item = Partition>) {
        let mut state = self.lock();
        for partition in partitions {
            state.epochs += 1;
            let assigned = Assigned {
                epoch: state.epochs,
                tracker: Tracker::default(),
                running: 0,
                leaving: false,
            };
            state.partitions.insert(partition, assigned);
        }
    }

    /// Begins no further message of these partitions, and waits until what was begun has ended; at
    /// most so long. Their offsets can be stored then.
    pub(crate) fn quiet(&self, partitions: &[Partition], at_most: Duration) -> bool {
        let mut state = self.lock();
        for partition in partitions {
            if let Some(assigned) = state.partitions.get_mut(partition) {
                assigned.leaving = true;
            }
        }
        self.wait(state, at_most, |state| {
            let running = |partition| {
                let assigned = state.partitions.get(partition);
                assigned.is_some_and(|assigned| assigned.running > 0)
            };
            !partitions.iter().any(running)
        })
    }

    /// These partitions are not ours any more. What still waits of them is let go by its lanes.
    pub(crate) fn forget(&self, partitions: &[Partition]) {
        let mut state = self.lock();
        for partition in partitions {
            state.partitions.remove(partition);
        }
    }

    /// Begins nothing any more, and waits until what was begun has ended; at most so long.
    pub(crate) fn stop(&self, at_most: Duration) -> bool {
        let mut state = self.lock();
        state.stopping = true;
        self.wait(state, at_most, |state| {
            state
                .partitions
                .values()
                .all(|assigned| assigned.running == 0)
        })
    }

    /// Takes a message of `bytes` into its lane.
    pub(crate) fn take(
        &self,
        lane: Lane,
        (topic, partition, offset): (&str, i32, i64),
        message: M,
        bytes: usize,
    ) -> Taken {
        let mut state = self.lock();
        let state = &mut *state;
        let partition = (topic.to_owned(), partition);
        let Some(assigned) = state.partitions.get_mut(&partition) else {
            return Taken::Ignored;
        };
        if !assigned.tracker.take(offset) {
            return Taken::Ignored;
        }
        let ticket = Ticket {
            epoch: assigned.epoch,
            partition,
            offset,
        };
        state.messages += 1;
        state.bytes += bytes;
        let job = Job {
            ticket,
            message,
            bytes,
        };
        if let Some(waiting) = state.lanes.get_mut(&lane) {
            waiting.push_back(job);
            return Taken::Queued;
        }
        state.lanes.insert(lane, VecDeque::from([job]));
        Taken::First
    }

    /// The next message of a lane; `None` ends its task.
    pub(crate) fn next(&self, lane: Lane) -> Option<Job<M>> {
        let mut state = self.lock();
        let next = state.lanes.get_mut(&lane).and_then(VecDeque::pop_front);
        if next.is_none() {
            state.lanes.remove(&lane);
        }
        next
    }

    /// Whether the effect of a message may be begun now. If so, [`Flow::ended`] must follow.
    pub(crate) fn begin(&self, ticket: &Ticket) -> bool {
        let mut state = self.lock();
        if state.stopping {
            return false;
        }
        match state.partitions.get_mut(&ticket.partition) {
            Some(assigned) if assigned.epoch == ticket.epoch && !assigned.leaving => {
                assigned.running += 1;
                true
            }
            _ => false,
        }
    }

    /// What was begun has ended; `done` if the message needs nothing more.
    pub(crate) fn ended(&self, ticket: &Ticket, done: bool) {
        let mut state = self.lock();
        if let Some(assigned) = state.partitions.get_mut(&ticket.partition)
            && assigned.epoch == ticket.epoch
        {
            assigned.running -= 1;
            if done {
                assigned.tracker.done(ticket.offset);
            }
        }
        drop(state);
        self.ended.notify_all();
    }

    /// A message leaves, done or given up.
    pub(crate) fn leave(&self, job: &Job<M>) {
        let mut state = self.lock();
        state.messages -= 1;
        state.bytes -= job.bytes;
        drop(state);
        self.ended.notify_all();
    }

    /// The offsets that moved since they were last asked for.
    pub(crate) fn progress(&self) -> Vec<(Partition, i64)> {
        let mut state = self.lock();
        let moved = |(partition, assigned): (&Partition, &mut Assigned)| {
            let next = assigned.tracker.progress()?;
            Some((partition.clone(), next))
        };
        state.partitions.iter_mut().filter_map(moved).collect()
    }

    /// Waits for room for another message, at most so long; whether there is any.
    pub(crate) fn room(&self, at_most: Duration) -> bool {
        let room = self.room;
        self.wait(self.lock(), at_most, |state| {
            state.messages < room.messages && state.bytes < room.bytes
        })
    }

    /// Counts a message that waits for something that all need; the guard's end is the wait's.
    pub(crate) fn waits(&self) -> Waiting<'_, M> {
        self.lock().waiting += 1;
        Waiting(self)
    }

    /// Whether any message waits for something that all need.
    pub(crate) fn is_waiting(&self) -> bool {
        self.lock().waiting > 0
    }

    /// Messages and bytes in flight.
    pub(crate) fn held(&self) -> (usize, usize) {
        let state = self.lock();
        (state.messages, state.bytes)
    }

    fn wait(
        &self,
        mut state: MutexGuard<'_, State<M>>,
        at_most: Duration,
        holds: impl Fn(&State<M>) -> bool,
    ) -> bool {
        let deadline = Instant::now() + at_most;
        loop {
            if holds(&state) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.ended.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<M>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message that waits for something that all need.
#[derive(Debug)]
pub(crate) struct Waiting<'a, M>(&'a Flow<M>);

impl<M> Drop for Waiting<'_, M> {
    fn drop(&mut self) {
        self.0.lock().waiting -= 1;
    }
}

#[cfg(test)]
mod tests;
