//! Facts: when one is well-formed, and what makes two of them the same.
//!
//! Whether a fact fits its order is not asked here: one that contradicts it is recorded all the same.

use super::fingerprint::Hasher;
use super::limits::{
    MAX_EVENT_ID_CHARS, MAX_ID_CHARS, MAX_LINES, MAX_NAME_CHARS, MAX_QUANTITY, MAX_REASON_CHARS,
};
use super::text_rules::{check_amount, check_optional, check_text};
use super::{
    Currency, Fact, FactKey, Fingerprint, IncomingFact, LineQuantity, NewFact, NewFactBody,
    OrderRef, PaymentFact, PaymentKind, ReturnFact, ShipmentFact, ShipmentKind, StockFact,
    Violations,
};
use std::collections::BTreeMap;

impl NewFact {
    /// The fact, if it is well-formed. Paths are the `CloudEvents` envelope's: `id`, `data.amount`.
    pub fn check(self) -> Result<IncomingFact, Violations> {
        let mut all = Violations::new();
        check_text(&mut all, "source", &self.source, 1, MAX_EVENT_ID_CHARS);
        check_text(&mut all, "id", &self.id, 1, MAX_EVENT_ID_CHARS);
        check_optional(
            &mut all,
            "data.external_id",
            self.external_id.as_deref(),
            MAX_ID_CHARS,
        );
        if self.order_id.is_none() && self.external_id.is_none() {
            all.add("data.order_id", "is required, or external_id in its place");
        }
        let fact = check_body(&mut all, self.body);
        all.into_result()?;
        let order = match self.order_id {
            Some(order_id) => OrderRef::Id(order_id),
            None => OrderRef::External(self.external_id.unwrap_or_default()),
        };
        Ok(IncomingFact {
            key: FactKey {
                source: self.source,
                id: self.id,
            },
            order,
            fact,
        })
    }
}

fn check_body(all: &mut Violations, body: NewFactBody) -> Fact {
    match body {
        NewFactBody::Payment {
            kind,
            payment_id,
            reference,
            amount,
            currency,
            reason,
        } => {
            let reference = reference.unwrap_or_default();
            check_text(all, "data.payment_id", &payment_id, 1, MAX_ID_CHARS);
            check_text(all, "data.reference", &reference, 0, MAX_ID_CHARS);
            let reason = checked_reason(all, reason);
            let currency = checked_currency(all, kind, amount, currency.as_deref());
            if amount.is_none() && kind.needs_amount() {
                all.add("data.amount", "is required");
            }
            let amount = amount.map(|minor| check_amount(all, "data.amount", minor));
            Fact::Payment(PaymentFact {
                payment_id,
                kind,
                reference,
                amount,
                currency,
                reason,
            })
        }
        NewFactBody::Stock {
            kind,
            reservation_id,
            reason,
        } => {
            check_text(all, "data.reservation_id", &reservation_id, 1, MAX_ID_CHARS);
            let reason = checked_reason(all, reason);
            Fact::Stock(StockFact {
                reservation_id,
                kind,
                reason,
            })
        }
        NewFactBody::Shipment {
            kind,
            shipment_id,
            carrier,
            tracking_number,
            lines,
        } => {
            check_text(all, "data.shipment_id", &shipment_id, 1, MAX_ID_CHARS);
            let carrier = carrier.unwrap_or_default();
            let tracking_number = tracking_number.unwrap_or_default();
            check_text(all, "data.carrier", &carrier, 0, MAX_NAME_CHARS);
            check_text(
                all,
                "data.tracking_number",
                &tracking_number,
                0,
                MAX_NAME_CHARS,
            );
            let lines = checked_parcel_lines(all, kind, &lines);
            Fact::Shipment(ShipmentFact {
                shipment_id,
                kind,
                lines,
                carrier,
                tracking_number,
            })
        }
        NewFactBody::Return { return_id, lines } => {
            check_text(all, "data.return_id", &return_id, 1, MAX_ID_CHARS);
            Fact::Return(ReturnFact {
                return_id,
                lines: checked_lines(all, &lines),
            })
        }
    }
}

fn checked_reason(all: &mut Violations, reason: Option<String>) -> String {
    let reason = reason.unwrap_or_default();
    check_text(all, "data.reason", &reason, 0, MAX_REASON_CHARS);
    reason
}

fn checked_currency(
    all: &mut Violations,
    kind: PaymentKind,
    amount: Option<i64>,
    code: Option<&str>,
) -> Option<Currency> {
    let currency = code.and_then(Currency::parse);
    if code.is_some() && currency.is_none() {
        all.add("data.currency", "must be an ISO 4217 code such as EUR");
    }
    if code.is_none() && (kind.needs_amount() || amount.is_some()) {
        all.add("data.currency", "is required with an amount");
    }
    currency
}

fn checked_parcel_lines(
    all: &mut Violations,
    kind: ShipmentKind,
    lines: &[LineQuantity],
) -> Vec<(u32, u32)> {
    if kind == ShipmentKind::Shipped {
        return checked_lines(all, lines);
    }
    if !lines.is_empty() {
        all.add("data.lines", "belongs to shipment.shipped.v1 alone");
    }
    Vec::new()
}

/// Each line once, sorted: the same parcel has one spelling.
fn checked_lines(all: &mut Violations, lines: &[LineQuantity]) -> Vec<(u32, u32)> {
    if lines.is_empty() || lines.len() > MAX_LINES {
        all.add("data.lines", format!("must have 1 to {MAX_LINES} lines"));
    }
    let mut units: BTreeMap<u32, u32> = BTreeMap::new();
    for (i, line) in lines.iter().take(MAX_LINES).enumerate() {
        let line_no = u32::try_from(line.line_no)
            .ok()
            .filter(|line_no| *line_no >= 1);
        let quantity = u32::try_from(line.quantity)
            .ok()
            .filter(|units| (1..=MAX_QUANTITY).contains(units));
        if line_no.is_none() {
            all.add(
                format!("data.lines[{i}].line_no"),
                "must be a line number, 1 for the first",
            );
        }
        if quantity.is_none() {
            all.add(
                format!("data.lines[{i}].quantity"),
                format!("must be 1 to {MAX_QUANTITY}"),
            );
        }
        if let (Some(line_no), Some(quantity)) = (line_no, quantity) {
            let sum = units.entry(line_no).or_default();
            *sum = sum.saturating_add(quantity);
        }
    }
    units.into_iter().collect()
}

impl IncomingFact {
    /// What the message says, so that a repeated id can be told from a reused one.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Hasher::of(self.fact.type_name());
        match &self.order {
            OrderRef::Id(order_id) => {
                hash.number(1);
                hash.id(*order_id);
            }
            OrderRef::External(external_id) => {
                hash.number(2);
                hash.text(external_id);
            }
        }
        match &self.fact {
            Fact::Payment(fact) => {
                hash.text(&fact.payment_id);
                hash.text(&fact.reference);
                hash.option(fact.amount, |hash, amount| hash.number(amount.wide()));
                hash.option(fact.currency, |hash, currency| hash.text(currency.code()));
                hash.text(&fact.reason);
            }
            Fact::Stock(fact) => {
                hash.text(&fact.reservation_id);
                hash.text(&fact.reason);
            }
            Fact::Shipment(fact) => {
                hash.text(&fact.shipment_id);
                hash.text(&fact.carrier);
                hash.text(&fact.tracking_number);
                hash_lines(&mut hash, &fact.lines);
            }
            Fact::Return(fact) => {
                hash.text(&fact.return_id);
                hash_lines(&mut hash, &fact.lines);
            }
        }
        hash.finish()
    }
}

fn hash_lines(hash: &mut Hasher, lines: &[(u32, u32)]) {
    hash.list(lines.iter(), |hash, (line_no, quantity)| {
        hash.number((*line_no).into());
        hash.number((*quantity).into());
    });
}
