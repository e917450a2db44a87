//! Why a command was refused. Facts are never refused for what they say.

use super::{Action, State, Violations};

/// A typed refusal; each edge turns it into its own error once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The content is wrong; nothing was looked at beyond it.
    #[error("the request is not valid: {0}")]
    Invalid(Violations),
    /// The order is in no state for it.
    #[error("{action} is not allowed: {reason}")]
    NotAllowed {
        /// What was asked.
        action: Action,
        /// The state that the order is in.
        state: State,
        /// Why not, for people.
        reason: String,
    },
    /// No hold of that id is on the order.
    #[error("the order has no hold {hold_id:?}; its holds are listed in the order")]
    UnknownHold {
        /// The id that was asked for.
        hold_id: String,
    },
    /// The order's ledger is full ([`MAX_FACTS_PER_ORDER`](super::limits::MAX_FACTS_PER_ORDER)).
    #[error(
        "the order's ledger holds {limit} facts, the most it keeps; look at the producer of its facts"
    )]
    LedgerFull {
        /// How many it keeps.
        limit: usize,
    },
}

impl From<Violations> for Refusal {
    fn from(violations: Violations) -> Refusal {
        Refusal::Invalid(violations)
    }
}
