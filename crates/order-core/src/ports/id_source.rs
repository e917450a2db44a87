//! Fresh order ids.

use crate::domain::{OrderId, Timestamp};

/// Makes order ids.
///
/// Contract: no two ids of any two sources are ever equal (62 random bits a millisecond suffice);
/// ids of one source rise strictly as long as `at` does not fall, so that the order of ids is the
/// order of placing; [`OrderId::placed_at`] of the id is `at`.
pub trait IdSource: Send + Sync {
    /// A fresh id for an order placed at `at`.
    fn order_id(&self, at: Timestamp) -> OrderId;
}
