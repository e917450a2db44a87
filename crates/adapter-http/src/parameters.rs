//! Parameters and headers of the calls, for the contract. The calls read them by themselves
//! (`query`, `condition`, `idempotency`); a test holds the two together.
#![expect(
    dead_code,
    reason = "these types describe; nothing is parsed into them"
)]

use crate::condition::EntityTags;
use order_json::scalars::{
    ExternalId, FulfillmentStatusName, Identifier, KeyText, OrderIdText, PaymentStatusName,
    PositionText, StateName, TimestampText,
};
use utoipa::IntoParams;

/// The order in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OrderPath {
    /// The order's id.
    #[param(value_type = OrderIdText)]
    order_id: String,
}

/// To try a change.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ValidateOnly {
    /// Tell what would happen, and change nothing.
    #[param(required = false)]
    validate_only: bool,
}

/// Headers of placing.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct PlaceHeaders {
    /// A key of the caller's own for this order, the same when the request is repeated.
    #[param(rename = "Idempotency-Key", value_type = KeyText)]
    idempotency_key: String,
}

/// Headers of a change.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct ChangeHeaders {
    /// A key of the caller's own for this change, the same when the request is repeated.
    #[param(rename = "Idempotency-Key", value_type = KeyText, required = false)]
    idempotency_key: String,
    /// Apply the change to this version alone: entity tags such as `"v3"`, or `*`.
    #[param(rename = "If-Match", value_type = EntityTags, required = false, example = "*")]
    if_match: String,
}

/// Headers of reading an order.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct ReadHeaders {
    /// Answer only if the order has this version.
    #[param(rename = "If-Match", value_type = EntityTags, required = false, example = "*")]
    if_match: String,
    /// Answer 304 if the order still has this version.
    #[param(rename = "If-None-Match", value_type = EntityTags, required = false, example = "\"v1\"")]
    if_none_match: String,
    /// `max-age=N`: an answer of that age in seconds will do. `stale-if-error=N`: so will one of that
    /// age where the store does not answer.
    #[param(
        rename = "Cache-Control",
        required = false,
        example = "max-age=5, stale-if-error=60"
    )]
    cache_control: String,
}

/// Headers of listing.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct CacheHeaders {
    /// `max-age=N`: an answer of that age in seconds would do; lists are fresh all the same.
    #[param(rename = "Cache-Control", required = false, example = "max-age=5")]
    cache_control: String,
}

/// A page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParameters {
    /// How many at most: 50 where nothing or 0 is said, and never more than 500.
    #[param(required = false, minimum = 0, example = 50)]
    page_size: i64,
    /// `next_page_token` of the page before.
    #[param(required = false)]
    page_token: String,
}

/// Filters of a list; each that is given must match.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParameters {
    /// Of this customer.
    #[param(value_type = Identifier, required = false)]
    customer_id: String,
    /// With this number of the caller's.
    #[param(value_type = ExternalId, required = false)]
    external_id: String,
    /// In this state.
    #[param(value_type = StateName, required = false)]
    state: String,
    /// With this payment status.
    #[param(value_type = PaymentStatusName, required = false)]
    payment_status: String,
    /// With this fulfilment status.
    #[param(value_type = FulfillmentStatusName, required = false)]
    fulfillment_status: String,
    /// Placed at this time or later.
    #[param(value_type = TimestampText, required = false)]
    placed_after: String,
    /// Placed before this time.
    #[param(value_type = TimestampText, required = false)]
    placed_before: String,
    /// How many at most: 50 where nothing or 0 is said, and never more than 500.
    #[param(required = false, minimum = 0, example = 50)]
    page_size: i64,
    /// `next_page_token` of the page before; bound to the filters.
    #[param(required = false)]
    page_token: String,
}

/// Where to read the feed.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangesParameters {
    /// Events after this position: `next_after` of the answer before. From the beginning where absent.
    #[param(value_type = PositionText, required = false, example = "0")]
    after: String,
    /// How many at most: 100 where nothing is said.
    #[param(required = false, minimum = 1, maximum = 1000, example = 100)]
    limit: i64,
}

/// Which events to follow.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WatchParameters {
    /// Events after this position; from now on where absent.
    #[param(value_type = PositionText, required = false, example = "0")]
    after: String,
    /// Of this customer's orders.
    #[param(value_type = Identifier, required = false)]
    customer_id: String,
    /// After which the order is in this state.
    #[param(value_type = StateName, required = false)]
    state: String,
}

/// Where a client of `:watch` comes back.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct WatchHeaders {
    /// Where the client stopped reading: it wins over `after`.
    #[param(rename = "Last-Event-ID", value_type = PositionText, required = false, example = "0")]
    last_event_id: String,
}
