//! What stands in the way of the changes of a batch.

use order_core::domain::{IdempotencyKey, OrderId, OrderRef};
use order_core::ports::{Leaves, StoredFact, StoredRequest};
use std::collections::{HashMap, HashSet};

/// Everything that stands in the way of a change, or that it waits for. Starts as what the database
/// knows of the batch's [`Keys`](crate::Keys); the decisions of a batch add to it, so that later changes
/// of the batch see earlier ones.
#[derive(Debug, Default)]
pub struct Known {
    /// By idempotency key, what it did.
    pub requests: HashMap<IdempotencyKey, StoredRequest>,
    /// By the digest of its id, a fact that came before.
    pub facts: HashMap<u128, KnownFact>,
    /// By external id, the order that has it.
    pub externals: HashMap<String, OrderId>,
    /// The version of each order that is there.
    pub versions: HashMap<OrderId, u64>,
    /// What parked facts wait for.
    pub awaited: HashSet<OrderRef>,
}

/// A fact that came before.
#[derive(Clone, Copy, Debug)]
pub struct KnownFact {
    /// What is kept of it.
    pub stored: StoredFact,
    /// Where it is kept until it is recorded, if it is.
    pub kept: Leaves,
}

impl KnownFact {
    /// The place with this number in a row of a look-up: 1 is the parking, 2 the dead letters.
    pub fn kept_from(code: i64) -> Leaves {
        match code {
            1 => Leaves::Parking,
            2 => Leaves::DeadLetters,
            _ => Leaves::Nothing,
        }
    }
}
