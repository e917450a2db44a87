//! Lists of orders: which ones, and from where on; and orders that are due.

use crate::domain::{FulfillmentStatus, OrderId, PaymentStatus, State, Timestamp};

/// Which orders a list holds; every part that is set must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Of this customer.
    pub customer_id: Option<String>,
    /// With this number of the caller's: at most one order.
    pub external_id: Option<String>,
    /// In this state.
    pub state: Option<State>,
    /// With this payment status.
    pub payment_status: Option<PaymentStatus>,
    /// With this fulfilment status.
    pub fulfillment_status: Option<FulfillmentStatus>,
    /// Placed at this time or later.
    pub placed_after: Option<Timestamp>,
    /// Placed before this time.
    pub placed_before: Option<Timestamp>,
}

/// One page of a list, newest order first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Which orders.
    pub filter: ListFilter,
    /// Only orders with a smaller id than this: the last one of the page before.
    pub before: Option<OrderId>,
    /// How many at most.
    pub limit: usize,
}

/// Orders whose deadline has passed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The store's time, by which they are due and at which they are to be decided upon.
    pub now: Timestamp,
    /// The orders, earliest deadline first.
    pub orders: Vec<OrderId>,
}
