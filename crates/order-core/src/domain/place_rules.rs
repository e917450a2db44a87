//! Placing: a new order is checked whole, then priced, or refused with everything that is wrong.

use super::fingerprint::Hasher;
use super::limits::{MAX_ID_CHARS, MAX_LINES, MAX_NAME_CHARS, MAX_QUANTITY};
use super::text_rules::{
    check_address, check_amount, check_deadline, check_metadata, check_optional, check_text,
};
use super::{
    Address, Amount, Asked, Currency, Fingerprint, FulfillmentStatus, Ledger, Line, LineCounters,
    NewLine, NewOrder, Order, OrderId, PaymentStatus, PaymentSums, PaymentTerms, ReturnStatus,
    State, Timestamp, Totals, Violations, allocate,
};
use std::collections::BTreeMap;

/// The order's amounts after their checks.
struct Amounts {
    discount: Amount,
    shipping: Amount,
    tax: Amount,
}

impl Order {
    /// The order that `new` asks for, at version 1 and PENDING; `now` is the time in `order_id`.
    pub fn place(
        new: NewOrder,
        order_id: OrderId,
        partition: u16,
        now: Timestamp,
    ) -> Result<Order, Violations> {
        let mut all = Violations::new();
        check_parts(&mut all, &new, now);
        let currency = Currency::parse(&new.currency);
        let amounts = Amounts {
            discount: check_amount(&mut all, "discount", new.discount),
            shipping: check_amount(&mut all, "shipping", new.shipping),
            tax: check_amount(&mut all, "tax", new.tax),
        };
        if let Some(expected) = new.expected_total {
            check_amount(&mut all, "expected_total", expected);
        }
        let (Some(currency), true) = (currency, all.is_empty()) else {
            return Err(all);
        };
        let lines = price(&amounts, new.lines)?;
        let totals = totals_of(&lines, &amounts)?;
        check_expected(new.expected_total, totals.total)?;
        let mut order = Order {
            order_id,
            partition,
            version: 1,
            placed_at: now,
            updated_at: now,
            external_id: new.external_id,
            customer_id: new.customer_id,
            currency,
            lines,
            discount: amounts.discount,
            shipping: amounts.shipping,
            tax: amounts.tax,
            payment_terms: new.payment_terms.unwrap_or(PaymentTerms::Authorize),
            shipping_address: new.shipping_address,
            metadata: new.metadata,
            confirm_before: new.confirm_before,
            deadline_handled: false,
            state: State::Pending,
            cancel_reason: String::new(),
            shipped_while_cancelling: false,
            ledger: Ledger::default(),
            caller_holds: Vec::new(),
            acknowledged: BTreeMap::new(),
            asked: Asked::default(),
            totals,
            payment: PaymentSums::default(),
            payment_status: PaymentStatus::None,
            fulfillment_status: FulfillmentStatus::Unfulfilled,
            return_status: ReturnStatus::None,
            shipments: Vec::new(),
            returns: Vec::new(),
            holds: Vec::new(),
        };
        order.derive();
        Ok(order)
    }
}

/// Checks everything that can be told field by field.
fn check_parts(all: &mut Violations, new: &NewOrder, now: Timestamp) {
    check_optional(all, "external_id", new.external_id.as_deref(), MAX_ID_CHARS);
    check_text(all, "customer_id", &new.customer_id, 1, MAX_ID_CHARS);
    if Currency::parse(&new.currency).is_none() {
        all.add("currency", "must be an ISO 4217 code such as EUR");
    }
    if new.lines.is_empty() || new.lines.len() > MAX_LINES {
        all.add("lines", format!("must have 1 to {MAX_LINES} lines"));
    }
    for (i, line) in new.lines.iter().take(MAX_LINES).enumerate() {
        check_line(all, i, line);
    }
    if let Some(address) = &new.shipping_address {
        check_address(all, address);
    }
    check_metadata(all, &new.metadata);
    if let Some(deadline) = new.confirm_before {
        check_deadline(all, deadline, now);
    }
}

fn check_line(all: &mut Violations, i: usize, line: &NewLine) {
    // Paths are only built for lines that fail: an order of 1,000 good lines builds none.
    let mut own = Violations::new();
    check_text(&mut own, "sku", &line.sku, 1, MAX_ID_CHARS);
    check_optional(&mut own, "name", line.name.as_deref(), MAX_NAME_CHARS);
    if quantity_of(line).is_none() {
        own.add("quantity", format!("must be 1 to {MAX_QUANTITY}"));
    }
    let price = check_amount(&mut own, "unit_price", line.unit_price);
    let discount = check_amount(&mut own, "discount", line.discount);
    check_amount(&mut own, "tax", line.tax);
    if own.is_empty() {
        match price.checked_mul(quantity_of(line).unwrap_or(0)) {
            None => own.add(
                "unit_price",
                format!("times quantity exceeds {} minor units", Amount::MAX),
            ),
            Some(gross) if discount > gross => {
                own.add("discount", "must not exceed quantity × unit_price");
            }
            Some(_) => {}
        }
    }
    if !own.is_empty() {
        all.merge(own.prefixed(&format!("lines[{i}].")));
    }
}

fn quantity_of(line: &NewLine) -> Option<u32> {
    u32::try_from(line.quantity)
        .ok()
        .filter(|quantity| (1..=MAX_QUANTITY).contains(quantity))
}

/// The placed lines with their shares of the order's discount and tax.
fn price(amounts: &Amounts, lines: Vec<NewLine>) -> Result<Vec<Line>, Violations> {
    let mut placed: Vec<Line> = lines
        .into_iter()
        .enumerate()
        .filter_map(placed_line)
        .collect();
    let net = |line: &Line| {
        let gross = line
            .unit_price
            .checked_mul(line.quantity)
            .unwrap_or(Amount::MAX);
        gross.saturating_sub(line.discount)
    };
    let nets: Vec<Amount> = placed.iter().map(net).collect();
    if amounts.discount.wide() > nets.iter().map(|net| net.wide()).sum() {
        return Err(Violations::one(
            "discount",
            "must not exceed the sum of the lines",
        ));
    }
    let discounts = allocate(amounts.discount, &nets);
    let reduced: Vec<Amount> = nets
        .iter()
        .zip(&discounts)
        .map(|(net, share)| net.saturating_sub(*share))
        .collect();
    let taxes = allocate(amounts.tax, &reduced);
    for (i, line) in placed.iter_mut().enumerate() {
        line.allocated_discount = discounts[i];
        line.allocated_tax = taxes[i];
        let total = reduced[i].wide() + line.tax.wide() + taxes[i].wide();
        line.total = exact(total).ok_or_else(|| total_too_large(&format!("lines[{i}]")))?;
    }
    Ok(placed)
}

fn placed_line((i, line): (usize, NewLine)) -> Option<Line> {
    Some(Line {
        line_no: u32::try_from(i).ok()?.checked_add(1)?,
        quantity: quantity_of(&line)?,
        unit_price: Amount::new(line.unit_price)?,
        discount: Amount::new(line.discount)?,
        tax: Amount::new(line.tax)?,
        sku: line.sku,
        name: line.name,
        allocated_discount: Amount::ZERO,
        allocated_tax: Amount::ZERO,
        total: Amount::ZERO,
        cancelled: 0,
        counters: LineCounters::default(),
    })
}

fn totals_of(lines: &[Line], amounts: &Amounts) -> Result<Totals, Violations> {
    let totals = sums(lines, amounts.discount, amounts.shipping, amounts.tax);
    totals.ok_or_else(|| total_too_large("lines"))
}

/// The sums of priced lines; `None` where one of them exceeds [`Amount::MAX`].
pub(crate) fn sums(
    lines: &[Line],
    discount: Amount,
    shipping: Amount,
    tax: Amount,
) -> Option<Totals> {
    let over = |part: fn(&Line) -> i128| lines.iter().map(part).sum::<i128>();
    let subtotal = over(|line| line.unit_price.wide() * i128::from(line.quantity));
    Some(Totals {
        subtotal: exact(subtotal)?,
        discount: exact(over(|line| line.discount.wide()) + discount.wide())?,
        shipping,
        tax: exact(over(|line| line.tax.wide()) + tax.wide())?,
        total: exact(over(|line| line.total.wide()) + shipping.wide())?,
    })
}

fn exact(minor: i128) -> Option<Amount> {
    i64::try_from(minor).ok().and_then(Amount::new)
}

fn total_too_large(field: &str) -> Violations {
    Violations::one(
        field,
        format!("the total exceeds {} minor units", Amount::MAX),
    )
}

fn check_expected(expected: Option<i64>, total: Amount) -> Result<(), Violations> {
    let mut all = Violations::new();
    if let Some(expected) = expected.filter(|expected| *expected != total.minor()) {
        all.add_total_mismatch(format!("is {expected}, but the order's total is {total}"));
    }
    all.into_result()
}

impl NewOrder {
    /// What the request says, so that a repeated idempotency key can be told from a reused one.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Hasher::of("place");
        hash.option(self.external_id.as_deref(), Hasher::text);
        hash.text(&self.customer_id);
        hash.text(&self.currency);
        hash.list(self.lines.iter(), |hash, line| {
            hash.text(&line.sku);
            hash.option(line.name.as_deref(), Hasher::text);
            for number in [line.quantity, line.unit_price, line.discount, line.tax] {
                hash.number(number.into());
            }
        });
        for number in [self.discount, self.shipping, self.tax] {
            hash.number(number.into());
        }
        hash.option(self.expected_total, |hash, total| hash.number(total.into()));
        let terms = self.payment_terms.unwrap_or(PaymentTerms::Authorize);
        hash.number(terms.code().into());
        hash.option(self.shipping_address.as_ref(), hash_address);
        hash.list(self.metadata.iter(), |hash, (key, value)| {
            hash.text(key);
            hash.text(value);
        });
        hash.option(self.confirm_before, |hash, at| {
            hash.number(at.millis().into());
        });
        hash.finish()
    }
}

fn hash_address(hash: &mut Hasher, address: &Address) {
    hash.text(&address.name);
    hash.list(address.lines.iter(), |hash, line| hash.text(line));
    hash.text(&address.city);
    hash.option(address.region.as_deref(), Hasher::text);
    hash.option(address.postal_code.as_deref(), Hasher::text);
    hash.text(&address.country);
}
