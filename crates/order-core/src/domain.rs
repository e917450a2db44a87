//! What an order is and what may happen to it: pure values and decisions.
//!
//! Commands ask and may be refused; facts have happened and are always recorded. Every decision is
//! a function of the order, the command or fact, and a time that the caller passes in.

mod actions;
mod allocation;
mod amend;
mod amend_rules;
mod amount;
mod cancel;
mod command;
mod contradictions;
mod country;
mod currency;
mod decision;
mod derive;
mod event;
mod fact;
mod fact_rules;
mod fingerprint;
mod hold;
mod hold_rules;
mod ids;
mod ledger;
mod lifecycle;
pub mod limits;
mod line;
mod new_fact;
mod new_order;
mod order;
mod payments;
mod place_rules;
mod record_fact;
mod refusal;
mod shipping;
mod status;
mod text_rules;
mod time;
mod violation;

pub use actions::{Action, AllowedAction};
pub use allocation::allocate;
pub use amend::{AddressPatch, Amendment, Patch};
pub use amount::Amount;
pub use command::{Cancellation, HoldRequest, LineQuantity};
pub use country::{country_codes, is_country};
pub use currency::Currency;
pub use decision::Decision;
pub use event::{Cause, Event, EventData, PaymentRelease};
pub use fact::{
    Fact, FactKey, IncomingFact, OrderRef, PaymentFact, PaymentKind, ReturnFact, ShipmentFact,
    ShipmentKind, StockFact, StockKind,
};
pub use fingerprint::{Fingerprint, IdempotencyKey};
pub use hold::{Hold, HoldKind};
pub use hold_rules::release_fingerprint;
pub use ids::{InvalidOrderId, OrderId};
pub use ledger::{Ledger, Recorded};
pub use line::{Line, LineCounters};
pub use new_fact::{NewFact, NewFactBody};
pub use new_order::{Address, NewLine, NewOrder};
pub use order::{Asked, Order, Totals};
pub use payments::PaymentSums;
pub use refusal::Refusal;
pub use shipping::{Return, Shipment, ShipmentStatus};
pub use status::{FulfillmentStatus, PaymentStatus, PaymentTerms, ReturnStatus, State};
pub use time::Timestamp;
pub use violation::{Violation, Violations};
