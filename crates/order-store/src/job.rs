//! What waits to be written, and what becomes of it.

use crate::prepare::Prepared;
use order_core::domain::Timestamp;
use order_core::ports::{Committed, DeadMessage, EntryId};
use order_proto::storage::encode_headers;

/// What waits to be written.
#[derive(Debug)]
pub enum Job {
    /// One change.
    Change(Box<Prepared>),
    /// Facts parked before this time go to the dead letters, so many at most.
    Bury(Timestamp, usize),
    /// One step of the port `Repair`.
    Repair(Box<RepairStep>),
    /// One small write, to learn whether writing works.
    Probe,
}

/// What `Repair` writes.
#[derive(Debug)]
pub enum RepairStep {
    /// A message is kept, once for its place.
    Keep {
        /// The message.
        message: DeadMessage,
        /// Its headers as they are stored.
        headers: Vec<u8>,
    },
    /// Why an entry is still wrong.
    Note(EntryId, String),
    /// An entry goes for good.
    Discard(EntryId),
}

/// What became of a [`Job`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// Of one change.
    Change(Committed),
    /// How many facts became dead letters.
    Buried(u64),
    /// Whether a step of a repair changed anything.
    Repaired(bool),
    /// Writing works.
    Probed,
}

impl Job {
    /// The change, if it is one.
    pub fn change(&self) -> Option<&Prepared> {
        match self {
            Job::Change(prepared) => Some(prepared),
            Job::Bury(..) | Job::Repair(_) | Job::Probe => None,
        }
    }
}

impl RepairStep {
    /// Keeping `message`.
    pub fn keep(message: DeadMessage) -> RepairStep {
        let headers = encode_headers(&message.headers);
        RepairStep::Keep { message, headers }
    }

    /// About what it occupies while it waits.
    pub(crate) fn weight_bytes(&self) -> usize {
        match self {
            RepairStep::Keep { message, headers } => message.weight_bytes() + headers.len(),
            RepairStep::Note(_, reason) => reason.len(),
            RepairStep::Discard(_) => 0,
        }
    }
}
