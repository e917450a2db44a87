//! What waits to be written, and what becomes of it.

use crate::prepare::Prepared;
use order_core::domain::Timestamp;
use order_core::ports::Committed;

/// What waits to be written.
#[derive(Debug)]
pub enum Job {
    /// One change.
    Change(Box<Prepared>),
    /// Facts parked before this time go to the dead letters, so many at most.
    Bury(Timestamp, usize),
    /// One small write, to learn whether writing works.
    Probe,
}

/// What became of a [`Job`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// Of one change.
    Change(Committed),
    /// How many facts became dead letters.
    Buried(u64),
    /// Writing works.
    Probed,
}

impl Job {
    /// The change, if it is one.
    pub fn change(&self) -> Option<&Prepared> {
        match self {
            Job::Change(prepared) => Some(prepared),
            Job::Bury(..) | Job::Probe => None,
        }
    }
}
