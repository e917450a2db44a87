//! What callers may ask of a placed order (amending: `amend.rs`).

/// Cancel the order, or units of some lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cancellation {
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// Which units; empty: the whole order.
    pub lines: Vec<LineQuantity>,
}

/// So many units of a line. As wide as the wire's numbers; checked by the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineQuantity {
    /// 1 for the first line.
    pub line_no: i64,
    /// At least 1.
    pub quantity: i64,
}

/// Put a hold on the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoldRequest {
    /// `[A-Z_]{1,40}`, none of the service's own kinds.
    pub kind: String,
    /// Why, 1 to 500 characters.
    pub reason: String,
}
