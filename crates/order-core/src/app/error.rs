//! Everything that can go wrong in a use case. Each edge turns it into its own error, once.

use crate::domain::{OrderId, Refusal, Violations};
use crate::ports::{FeedError, StoreError};

/// Why a use case did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppError {
    /// The domain refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No order has this id.
    #[error("no order has the id {0}")]
    NotFound(OrderId),
    /// The idempotency key was used for another request.
    #[error(
        "the idempotency key was used for another request; take a fresh key for each order or change"
    )]
    KeyReused,
    /// Another order has this external id.
    #[error("the external_id is taken by order {order_id}")]
    ExternalIdTaken {
        /// That order.
        order_id: OrderId,
    },
    /// The fact's source and id were used for another fact.
    #[error("the event's source and id were used for another fact; nothing was recorded")]
    FactIdReused,
    /// The order is not at the version that the caller named.
    #[error(
        "the order is at version {current}, not at the one that the request names; read it again"
    )]
    VersionMismatch {
        /// The order's version.
        current: u64,
    },
    /// Other changes of the order were always faster.
    #[error("the order changed {attempts} times while this request was tried; try again")]
    Contended {
        /// How often it was tried.
        attempts: u32,
    },
    /// The feed did not answer.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Violations> for AppError {
    fn from(violations: Violations) -> AppError {
        AppError::Refused(Refusal::Invalid(violations))
    }
}
