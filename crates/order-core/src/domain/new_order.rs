//! An order as a caller asks for it, before anything is checked.

use super::{PaymentTerms, Timestamp};
use std::collections::BTreeMap;

/// What a caller wants to place. Numbers are as wide as the wire's, so that what is out of range is
/// told with its field instead of failing in a conversion; [`Order::place`](super::Order::place) checks all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewOrder {
    /// The caller's own number of the order, unique among all orders.
    pub external_id: Option<String>,
    /// Whose order it is.
    pub customer_id: String,
    /// ISO 4217 code, upper case.
    pub currency: String,
    /// 1 to [`MAX_LINES`](super::limits::MAX_LINES).
    pub lines: Vec<NewLine>,
    /// Minor units off the whole order, spread over the lines.
    pub discount: i64,
    /// Minor units for shipping.
    pub shipping: i64,
    /// Minor units of tax on the whole order, spread over the lines.
    pub tax: i64,
    /// The total that the caller counts on; refused when ours differs.
    pub expected_total: Option<i64>,
    /// What has to be paid before the order is confirmed.
    pub payment_terms: Option<PaymentTerms>,
    /// Where the goods go.
    pub shipping_address: Option<Address>,
    /// The caller's own pairs.
    pub metadata: BTreeMap<String, String>,
    /// The order expires if it is not confirmed by then.
    pub confirm_before: Option<Timestamp>,
}

/// One line of a [`NewOrder`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewLine {
    /// What is sold.
    pub sku: String,
    /// What it is called.
    pub name: Option<String>,
    /// How many, 1 to [`MAX_QUANTITY`](super::limits::MAX_QUANTITY).
    pub quantity: i64,
    /// Minor units of one.
    pub unit_price: i64,
    /// Minor units off the line.
    pub discount: i64,
    /// Minor units of tax on the line.
    pub tax: i64,
}

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Who receives.
    pub name: String,
    /// Street and what else stands above the city, 1 to 10 lines.
    pub lines: Vec<String>,
    /// City.
    pub city: String,
    /// State, province or region, where the country has them.
    pub region: Option<String>,
    /// Postal code, where the country has them.
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2 code, upper case.
    pub country: String,
}
