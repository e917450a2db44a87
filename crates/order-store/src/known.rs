//! What stands in the way of the changes of a batch.

use order_core::domain::{IdempotencyKey, OrderId, OrderRef};
use order_core::ports::{StoredFact, StoredRequest};
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
    /// Whether it waits in the parking.
    pub parked: bool,
}
