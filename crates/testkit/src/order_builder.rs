//! Orders to place, written the way a test reads: what matters is said, the rest is ordinary.

use order_core::domain::{Address, NewLine, NewOrder, PaymentTerms, Timestamp};

/// An order of one line of 10.00 EUR by `customer-1`, to be changed as the test needs.
pub fn new_order() -> OrderBuilder {
    OrderBuilder(NewOrder {
        customer_id: "customer-1".to_owned(),
        currency: "EUR".to_owned(),
        lines: vec![line(1, 1, 1_000)],
        ..NewOrder::default()
    })
}

/// Builds a [`NewOrder`]; nothing is checked before it is placed.
#[derive(Clone, Debug)]
pub struct OrderBuilder(NewOrder);

impl OrderBuilder {
    /// Whose order it is.
    #[must_use]
    pub fn customer(mut self, customer_id: &str) -> Self {
        customer_id.clone_into(&mut self.0.customer_id);
        self
    }

    /// The caller's own number.
    #[must_use]
    pub fn external(mut self, external_id: &str) -> Self {
        self.0.external_id = Some(external_id.to_owned());
        self
    }

    /// ISO 4217 code.
    #[must_use]
    pub fn currency(mut self, code: &str) -> Self {
        code.clone_into(&mut self.0.currency);
        self
    }

    /// `count` lines of 1, 2, 3 … units at 10.00, 20.00, 30.00 …, with a name, a discount and a tax
    /// each, so that no two lines are alike.
    #[must_use]
    pub fn lines(mut self, count: u16) -> Self {
        self.0.lines = (1..=i64::from(count))
            .map(|n| line(n, n, n * 1_000))
            .collect();
        for (n, line) in (1..).zip(&mut self.0.lines) {
            line.name = Some(format!("Article {n}"));
            line.discount = n;
            line.tax = n * 2;
        }
        self
    }

    /// Only this line: `quantity` units at `unit_price` minor units.
    #[must_use]
    pub fn only_line(mut self, quantity: i64, unit_price: i64) -> Self {
        self.0.lines = vec![line(1, quantity, unit_price)];
        self
    }

    /// One more line.
    #[must_use]
    pub fn line(mut self, line: NewLine) -> Self {
        self.0.lines.push(line);
        self
    }

    /// Minor units off the whole order, for shipping, and of tax on the whole order.
    #[must_use]
    pub fn amounts(mut self, discount: i64, shipping: i64, tax: i64) -> Self {
        (self.0.discount, self.0.shipping, self.0.tax) = (discount, shipping, tax);
        self
    }

    /// What has to be paid before it is confirmed.
    #[must_use]
    pub fn terms(mut self, terms: PaymentTerms) -> Self {
        self.0.payment_terms = Some(terms);
        self
    }

    /// It expires if it is not confirmed by then.
    #[must_use]
    pub fn confirm_before(mut self, deadline: Timestamp) -> Self {
        self.0.confirm_before = Some(deadline);
        self
    }

    /// One pair of metadata.
    #[must_use]
    pub fn metadata(mut self, key: &str, value: &str) -> Self {
        self.0.metadata.insert(key.to_owned(), value.to_owned());
        self
    }

    /// An address with every part.
    #[must_use]
    pub fn address(mut self) -> Self {
        self.0.shipping_address = Some(Address {
            name: "Ada Lovelace".to_owned(),
            lines: vec!["12 St James's Square".to_owned(), "Second floor".to_owned()],
            city: "London".to_owned(),
            region: Some("Greater London".to_owned()),
            postal_code: Some("SW1Y 4JH".to_owned()),
            country: "GB".to_owned(),
        });
        self
    }

    /// The order as it was built.
    pub fn build(self) -> NewOrder {
        self.0
    }
}

impl From<OrderBuilder> for NewOrder {
    fn from(builder: OrderBuilder) -> NewOrder {
        builder.build()
    }
}

fn line(n: i64, quantity: i64, unit_price: i64) -> NewLine {
    NewLine {
        sku: format!("sku-{n}"),
        quantity,
        unit_price,
        ..NewLine::default()
    }
}
