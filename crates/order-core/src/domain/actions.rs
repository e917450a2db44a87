//! What a caller may do with an order now, and why not the rest.

use super::limits::MAX_CALLER_HOLDS;
use super::status::named_enum;
use super::{Order, State};

named_enum! {
    /// What a caller may ask of a placed order.
    Action {
        /// Cancel the whole order.
        Cancel = "cancel" / 1,
        /// Cancel units of some lines.
        CancelLines = "cancel_lines" / 2,
        /// Change the address, metadata or deadline.
        Amend = "amend" / 3,
        /// Put a hold on it.
        Hold = "hold" / 4,
        /// Release one of its holds.
        Release = "release" / 5,
    }
}

/// Whether an action is allowed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedAction {
    /// Which.
    pub action: Action,
    /// Why not, for people; `None` if it is allowed.
    pub refusal: Option<&'static str>,
}

impl Order {
    /// Every action, with the reason where it is not allowed.
    pub fn allowed_actions(&self) -> Vec<AllowedAction> {
        let one = |&action: &Action| AllowedAction {
            action,
            refusal: self.refusal_of(action),
        };
        Action::ALL.iter().map(one).collect()
    }

    /// Why `action` is not allowed now.
    pub(crate) fn refusal_of(&self, action: Action) -> Option<&'static str> {
        match action {
            Action::Cancel => self.closed().or(self.shipped_any().then_some(SHIPPED)),
            Action::CancelLines => {
                let nothing_left = self.lines.iter().all(|line| line.cancellable() == 0);
                self.closed()
                    .or(nothing_left.then_some("no unit is left that is not shipped"))
            }
            Action::Amend => self.closed(),
            Action::Hold => {
                let ended = self.state.is_terminal().then_some("the order has ended");
                let full = self.caller_holds.len() >= MAX_CALLER_HOLDS;
                ended.or(full.then_some("the order has as many holds as it may have"))
            }
            Action::Release => self.holds.is_empty().then_some("the order has no hold"),
        }
    }

    /// Why the order can be neither cancelled nor amended in its state.
    fn closed(&self) -> Option<&'static str> {
        match self.state {
            State::Pending | State::Confirmed => None,
            State::Cancelling => Some("the order is being cancelled"),
            State::Cancelled => Some("the order is cancelled"),
            State::Rejected => Some("the order was rejected"),
            State::Expired => Some("the order has expired"),
            State::Completed => Some("the order is completed"),
        }
    }

    /// Whether anything has left that is not lost.
    pub(crate) fn shipped_any(&self) -> bool {
        self.lines.iter().any(|line| line.counters.shipped > 0)
    }
}

/// Why what needs the goods at hand is refused.
pub(crate) const SHIPPED: &str = "a part of the order has been shipped";
