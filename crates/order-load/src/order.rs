//! The JSON that the service takes, as its public surface words it.

use std::collections::BTreeMap;

use serde::Serialize;

/// The body of `POST /v1/orders`. Amounts are minor units of the currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewOrder {
    /// 1–64 characters.
    pub customer_id: String,
    /// ISO 4217.
    pub currency: &'static str,
    /// 1–1,000 lines.
    pub lines: Vec<NewLine>,
    /// The caller's own number; unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// At most 50 pairs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<&'static str, String>,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewLine {
    /// 1–64 characters.
    pub sku: String,
    /// 1–1,000,000.
    pub quantity: u64,
    /// Of one piece.
    pub unit_price: u64,
    /// Of the whole line.
    #[serde(skip_serializing_if = "is_zero")]
    pub discount: u64,
}

impl NewLine {
    /// A line of `quantity` pieces (at least one) whose total is exactly `paid`, after at least
    /// `off` was taken off. The price of a piece is rounded up, and the rounding is part of the
    /// discount: purchase records tell totals, which no whole price divides.
    pub fn totalling(sku: String, quantity: u64, paid: u64, off: u64) -> Self {
        let quantity = quantity.max(1);
        let unit_price = (paid + off).div_ceil(quantity);
        Self {
            sku,
            quantity,
            unit_price,
            discount: quantity * unit_price - paid,
        }
    }

    /// What the line comes to.
    pub const fn total(&self) -> u64 {
        self.quantity * self.unit_price - self.discount
    }
}

impl NewOrder {
    /// What the order comes to; nothing but its lines costs anything here.
    pub fn total(&self) -> u64 {
        self.lines.iter().map(NewLine::total).sum()
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes the field by reference"
)]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_that_no_price_divides_is_met_exactly() {
        let line = NewLine::totalling("CD".to_owned(), 3, 1000, 0);
        assert_eq!(
            (line.unit_price, line.discount, line.total()),
            (334, 2, 1000)
        );
    }

    #[test]
    fn every_total_is_met_exactly() {
        for quantity in 0..40 {
            for paid in 0..200 {
                for off in [0, 1, 7] {
                    let line = NewLine::totalling("CD".to_owned(), quantity, paid, off);
                    assert_eq!(line.total(), paid);
                    assert!(line.discount >= off && line.quantity >= 1);
                }
            }
        }
    }

    #[test]
    fn what_is_absent_is_not_sent() {
        let order = NewOrder {
            customer_id: "00001".to_owned(),
            currency: "USD",
            lines: vec![NewLine::totalling("CD".to_owned(), 1, 1177, 0)],
            external_id: None,
            metadata: BTreeMap::new(),
        };
        let json = serde_json::to_string(&order).unwrap();
        let lines = r#"[{"sku":"CD","quantity":1,"unit_price":1177}]"#;
        let expected = format!(r#"{{"customer_id":"00001","currency":"USD","lines":{lines}}}"#);
        assert_eq!(json, expected);
    }
}
