//! What callers ask of a placed order: cancel, hold, release (amend: `amend.rs`).

use crate::WireType;
use crate::scalars::{HoldKindText, Identifier, LineNo, OrderIdText, QuantityValue, ReasonText};
use crate::strict::{Spelled, object_only};
use order_core::domain::{Cancellation, HoldRequest, OrderId, Violations};
use serde::Deserialize;
use utoipa::ToSchema;

/// Cancel the order, or units of some of its lines.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schema(example = json!({"reason": "the customer changed her mind"}))]
pub struct Cancel {
    /// Why, for people.
    #[schema(value_type = ReasonText)]
    reason: String,
    /// Which units; absent or null: the whole order.
    #[schema(min_items = 1, max_items = 1000)]
    lines: Option<Vec<LineQuantity>>,
}

/// Data of `order.cancel.v1`: which order, and what REST takes as the body of a cancel.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct CancelCommand {
    /// The order by our id.
    #[schema(value_type = OrderIdText)]
    order_id: Spelled<OrderId>,
    /// Why, for people.
    #[schema(value_type = ReasonText)]
    reason: String,
    /// Which units; absent or null: the whole order.
    #[schema(min_items = 1, max_items = 1000)]
    lines: Option<Vec<LineQuantity>>,
}

/// So many units of a line.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct LineQuantity {
    /// 1 for the first line.
    #[schema(value_type = LineNo)]
    line_no: i64,
    /// How many units.
    #[schema(value_type = QuantityValue)]
    quantity: i64,
}

/// Put a hold on the order: it does not move forward until the hold is released.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schema(example = json!({"kind": "FRAUD_CHECK", "reason": "address and card differ"}))]
pub struct Hold {
    /// Of which kind: none that the service itself raises.
    #[schema(value_type = HoldKindText)]
    kind: String,
    /// Why, for people.
    #[schema(value_type = ReasonText)]
    reason: String,
}

/// Release one hold of the order.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schema(example = json!({"hold_id": "hold-2"}))]
pub struct Release {
    /// Which, as the order's `holds` name it.
    #[schema(value_type = Identifier)]
    hold_id: String,
}

object_only!(Cancel, CancelCommand, LineQuantity, Hold, Release);

impl From<LineQuantity> for order_core::domain::LineQuantity {
    fn from(wire: LineQuantity) -> Self {
        Self {
            line_no: wire.line_no,
            quantity: wire.quantity,
        }
    }
}

impl WireType for Cancel {
    type Domain = Cancellation;

    fn into_domain(self, wrong: &mut Violations) -> Cancellation {
        let lines = self
            .lines
            .map(|lines| lines.into_iter().map(Into::into).collect::<Vec<_>>());
        // A list that came out empty by mistake must not cancel everything.
        if lines.as_ref().is_some_and(Vec::is_empty) {
            wrong.add(
                "lines",
                "must name a line; leave it out to cancel the whole order",
            );
        }
        Cancellation {
            reason: self.reason,
            lines: lines.unwrap_or_default(),
        }
    }
}

impl WireType for CancelCommand {
    type Domain = (OrderId, Cancellation);

    fn into_domain(self, wrong: &mut Violations) -> (OrderId, Cancellation) {
        let CancelCommand {
            order_id,
            reason,
            lines,
        } = self;
        (order_id.0, Cancel { reason, lines }.into_domain(wrong))
    }
}

impl WireType for Hold {
    type Domain = HoldRequest;

    fn into_domain(self, _: &mut Violations) -> HoldRequest {
        HoldRequest {
            kind: self.kind,
            reason: self.reason,
        }
    }
}

impl WireType for Release {
    type Domain = String;

    fn into_domain(self, _: &mut Violations) -> String {
        self.hold_id
    }
}
