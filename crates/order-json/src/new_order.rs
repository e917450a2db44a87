//! An order to place, as a caller writes it.

use crate::scalars::{
    AmountValue, CurrencyCode, ExternalId, Identifier, Metadata, NameText, PaymentTermsName,
    QuantityValue, TimestampText,
};
use crate::strict::{Spelled, UniqueMap, object_only};
use crate::{Address, WireType};
use order_core::domain::{self, PaymentTerms, Timestamp, Violations};
use serde::Deserialize;
use utoipa::ToSchema;

/// An order to place. Members that are absent or null take their defaults.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schema(example = json!({
    "customer_id": "customer-1", "currency": "EUR",
    "lines": [
        {"sku": "book-1", "name": "A book", "quantity": 2, "unit_price": 1999},
        {"sku": "pen-7", "quantity": 10, "unit_price": 120, "discount": 200, "tax": 190}
    ],
    "shipping": 495, "metadata": {"channel": "web"}
}))]
pub struct NewOrder {
    /// Whose order it is.
    #[schema(value_type = Identifier)]
    customer_id: String,
    /// The currency of every amount.
    #[schema(value_type = CurrencyCode)]
    currency: String,
    /// What is ordered.
    #[schema(min_items = 1, max_items = 1000)]
    lines: Vec<NewOrderLine>,
    /// The caller's own number of the order, unique among all orders.
    #[schema(value_type = Option<ExternalId>)]
    external_id: Option<String>,
    /// Off the whole order, spread over the lines; at most their sum. 0 where absent.
    #[schema(value_type = Option<AmountValue>)]
    discount: Option<i64>,
    /// For shipping. 0 where absent.
    #[schema(value_type = Option<AmountValue>)]
    shipping: Option<i64>,
    /// Tax on the whole order, spread over the lines. 0 where absent.
    #[schema(value_type = Option<AmountValue>)]
    tax: Option<i64>,
    /// The total that the caller counts on; the order is refused when ours differs.
    #[schema(value_type = Option<AmountValue>)]
    expected_total: Option<i64>,
    /// What has to be paid before the order is confirmed; AUTHORIZE where absent.
    #[schema(value_type = Option<PaymentTermsName>)]
    payment_terms: Option<Spelled<PaymentTerms>>,
    /// Where the goods go.
    shipping_address: Option<Address>,
    /// The caller's own pairs.
    #[schema(value_type = Option<Metadata>)]
    metadata: Option<UniqueMap<String>>,
    /// The order expires if it is not confirmed by then; must be in the future.
    #[schema(value_type = Option<TimestampText>)]
    confirm_before: Option<Spelled<Timestamp>>,
}

/// One line of an order to place.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct NewOrderLine {
    /// What is sold.
    #[schema(value_type = Identifier)]
    sku: String,
    /// What it is called.
    #[schema(value_type = Option<NameText>)]
    name: Option<String>,
    /// How many.
    #[schema(value_type = QuantityValue)]
    quantity: i64,
    /// The price of one.
    #[schema(value_type = AmountValue)]
    unit_price: i64,
    /// Off the line; at most `quantity` × `unit_price`. 0 where absent.
    #[schema(value_type = Option<AmountValue>)]
    discount: Option<i64>,
    /// Tax on the line. 0 where absent.
    #[schema(value_type = Option<AmountValue>)]
    tax: Option<i64>,
}

object_only!(NewOrder, NewOrderLine);

impl From<NewOrderLine> for domain::NewLine {
    fn from(wire: NewOrderLine) -> domain::NewLine {
        domain::NewLine {
            sku: wire.sku,
            name: wire.name,
            quantity: wire.quantity,
            unit_price: wire.unit_price,
            discount: wire.discount.unwrap_or(0),
            tax: wire.tax.unwrap_or(0),
        }
    }
}

impl WireType for NewOrder {
    type Domain = domain::NewOrder;

    fn into_domain(self, _: &mut Violations) -> domain::NewOrder {
        domain::NewOrder {
            external_id: self.external_id,
            customer_id: self.customer_id,
            currency: self.currency,
            lines: self.lines.into_iter().map(Into::into).collect(),
            discount: self.discount.unwrap_or(0),
            shipping: self.shipping.unwrap_or(0),
            tax: self.tax.unwrap_or(0),
            expected_total: self.expected_total,
            payment_terms: self.payment_terms.map(|terms| terms.0),
            shipping_address: self.shipping_address.map(Into::into),
            metadata: self.metadata.map(|map| map.0).unwrap_or_default(),
            confirm_before: self.confirm_before.map(|at| at.0),
        }
    }

    /// Placeholders have no prices, so what depends on sums cannot be judged.
    fn forget_sums(order: &mut domain::NewOrder) {
        order.expected_total = None;
        let no_more_than_zero = |amount: &mut i64| *amount = (*amount).min(0);
        no_more_than_zero(&mut order.discount);
        for line in &mut order.lines {
            no_more_than_zero(&mut line.discount);
        }
    }
}
