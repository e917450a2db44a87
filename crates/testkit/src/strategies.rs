//! What proptest draws: orders that may be placed, facts that contradict each other, commands that
//! may be refused.

use order_core::domain::{
    Address, AddressPatch, Amendment, Amount, Cancellation, Cause, Currency, Decision, Fact,
    HoldRequest, LineQuantity, NewLine, NewOrder, Order, Patch, PaymentFact, PaymentKind,
    PaymentTerms, Refusal, ReturnFact, ShipmentFact, ShipmentKind, StockFact, StockKind, Timestamp,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::Arc;

/// Lines of a drawn order, at most: enough for every way of spreading amounts, few enough to read.
const MAX_DRAWN_LINES: usize = 12;
/// Minor units of one unit, at most: a total of such lines stays far below [`Amount::MAX`].
const MAX_DRAWN_PRICE: i64 = 1_000_000_000;
/// Units of a line, at most.
const MAX_DRAWN_QUANTITY: i64 = 1_000;

/// Any order that may be placed, with a deadline far ahead or none.
pub fn any_new_order() -> impl Strategy<Value = NewOrder> {
    let amounts = (0..=100_i64, 0..=10_000_i64, 0..=100_000_i64);
    let who = (
        option::of(any_text(64)),
        any_text(64),
        select(vec!["EUR", "JPY", "KWD", "CLF", "USD"]),
    );
    let rest = (
        option::of(select(PaymentTerms::ALL)),
        option::of(any_address()),
        btree_map(any_text(64), any_text(500), 0..4),
        option::of(Just(Timestamp::MAX)),
    );
    (who, vec(any_line(), 1..=MAX_DRAWN_LINES), amounts, rest).prop_map(
        |(who, lines, amounts, rest)| {
            let (external_id, customer_id, currency) = who;
            let (discount_percent, shipping, tax) = amounts;
            let (payment_terms, shipping_address, metadata, confirm_before) = rest;
            let net: i64 = lines
                .iter()
                .map(|line| line.quantity * line.unit_price - line.discount)
                .sum();
            NewOrder {
                external_id,
                customer_id,
                currency: currency.to_owned(),
                // A discount may take everything off, never more.
                discount: net / 100 * discount_percent + net % 100 * discount_percent / 100,
                lines,
                shipping,
                tax,
                expected_total: None,
                payment_terms,
                shipping_address,
                metadata,
                confirm_before,
            }
        },
    )
}

fn any_line() -> impl Strategy<Value = NewLine> {
    let price = prop_oneof![0..=200_i64, 0..=MAX_DRAWN_PRICE];
    let quantity = prop_oneof![1..=3_i64, 1..=MAX_DRAWN_QUANTITY];
    (
        any_text(64),
        option::of(any_text(256)),
        quantity,
        price,
        0..=100_i64,
        0..=10_000_i64,
    )
        .prop_map(
            |(sku, name, quantity, unit_price, discount_percent, tax)| NewLine {
                sku,
                name,
                quantity,
                unit_price,
                discount: quantity * unit_price / 100 * discount_percent,
                tax,
            },
        )
}

fn any_address() -> impl Strategy<Value = Address> {
    let parts = (any_text(200), vec(any_text(200), 1..=3), any_text(200));
    (
        parts,
        option::of(any_text(200)),
        option::of(any_text(200)),
        select(vec!["DE", "GB", "JP", "US"]),
    )
        .prop_map(
            |((name, lines, city), region, postal_code, country)| Address {
                name,
                lines,
                city,
                region,
                postal_code,
                country: country.to_owned(),
            },
        )
}

/// 1 to `max` characters, plain and odd ones, none of them a control character.
pub fn any_text(max: usize) -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        8 => proptest::char::range('a', 'z'),
        1 => any::<char>().prop_filter("no control character", |letter| !letter.is_control()),
    ];
    vec(letter, 1..=max.min(12)).prop_map(|letters| letters.into_iter().collect())
}

/// Sets of well-formed facts about `order`. Few numbers of payments, reservations, parcels and
/// returns, so that facts meet, undo and contradict each other; each fact once.
pub fn any_facts(order: &Order) -> impl Strategy<Value = Vec<Fact>> + use<> {
    btree_set(any_fact(order), 0..12)
        .prop_map(|facts| facts.into_iter().collect())
        .prop_shuffle()
}

/// Any well-formed fact about `order`.
pub fn any_fact(order: &Order) -> impl Strategy<Value = Fact> + use<> {
    prop_oneof![
        4 => any_payment(order).prop_map(Fact::Payment),
        3 => (number("res"), select(StockKind::ALL), reason())
            .prop_map(|(reservation_id, kind, reason)| Fact::Stock(StockFact { reservation_id, kind, reason })),
        3 => any_shipment(order).prop_map(Fact::Shipment),
        1 => (number("return"), parcel(order)).prop_map(|(return_id, lines)| Fact::Return(ReturnFact { return_id, lines })),
    ]
}

fn any_payment(order: &Order) -> impl Strategy<Value = PaymentFact> + use<> {
    let total = order.totals.total.minor();
    let amount = prop_oneof![
        4 => Just(total),
        2 => Just(total / 2),
        1 => Just(total - total / 2),
        1 => 0..=total,
        1 => Just(Amount::MAX.minor()),
    ];
    let own = order.currency;
    let currency = prop_oneof![9 => Just(Some(own)), 1 => Just(Currency::parse("CHF"))];
    let reference = select(vec!["", "a", "b"]);
    (
        number("pay"),
        select(PaymentKind::ALL),
        reference,
        option::weighted(0.8, amount),
        currency,
        reason(),
    )
        .prop_map(|(payment_id, kind, reference, minor, currency, reason)| {
            let minor = if kind.needs_amount() {
                Some(minor.unwrap_or(1))
            } else {
                minor
            };
            let amount = minor.and_then(Amount::new);
            PaymentFact {
                payment_id,
                kind,
                reference: reference.to_owned(),
                amount,
                currency: amount.and(currency),
                reason,
            }
        })
}

fn any_shipment(order: &Order) -> impl Strategy<Value = ShipmentFact> + use<> {
    (number("parcel"), select(ShipmentKind::ALL), parcel(order)).prop_map(
        |(shipment_id, kind, lines)| ShipmentFact {
            shipment_id,
            kind,
            lines: if kind == ShipmentKind::Shipped {
                lines
            } else {
                Vec::new()
            },
            carrier: String::new(),
            tracking_number: String::new(),
        },
    )
}

/// Everything that was ordered, or some lines in any quantity, with one that the order does not have.
fn parcel(order: &Order) -> impl Strategy<Value = Vec<(u32, u32)>> + use<> {
    let all: Vec<(u32, u32)> = order
        .lines
        .iter()
        .map(|line| (line.line_no, line.quantity))
        .collect();
    let beyond = u32::try_from(all.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    let most = all.iter().map(|(_, quantity)| *quantity).max().unwrap_or(1);
    let some = btree_map(1..=beyond, 1..=most.saturating_add(1), 1..4)
        .prop_map(|lines| lines.into_iter().collect());
    prop_oneof![Just(all), some]
}

fn number(kind: &'static str) -> impl Strategy<Value = String> {
    (1..=2).prop_map(move |n| format!("{kind}-{n}"))
}

fn reason() -> impl Strategy<Value = String> {
    select(vec!["", "no stock", "\u{2014}"]).prop_map(str::to_owned)
}

/// What a caller, or the deadline, asks of a placed order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Cancel it, or units of some lines.
    Cancel(Cancellation),
    /// Change what may still change.
    Amend(Amendment),
    /// Put a hold on it.
    Hold(HoldRequest),
    /// Release the hold at this place of its list, counted round; none: an unknown one.
    Release(usize),
    /// Deal with the deadline.
    Expire,
}

impl Command {
    /// Asks `order`.
    pub fn ask(
        &self,
        order: &Order,
        now: Timestamp,
        cause: Arc<Cause>,
    ) -> Result<Decision, Refusal> {
        match self {
            Command::Cancel(ask) => order.cancel(ask, now, cause),
            Command::Amend(patch) => order.amend(patch, now, cause),
            Command::Hold(ask) => order.hold(ask, now, cause),
            Command::Release(place) => {
                let hold = order.holds.get(place % order.holds.len().max(1));
                order.release(hold.map_or("hold-0", |hold| &hold.hold_id), now, cause)
            }
            Command::Expire => Ok(order.expire(now, cause)),
        }
    }
}

/// Any command, valid or not.
pub fn any_command() -> impl Strategy<Value = Command> {
    let quantity = prop_oneof![3 => 1..=3_i64, 1 => select(vec![-1, 0, 1_000, i64::MAX, i64::MIN])];
    let line_no = prop_oneof![3 => 1..=3_i64, 1 => select(vec![-1, 0, 99, i64::MAX, i64::MIN])];
    let lines = vec(
        (line_no, quantity).prop_map(|(line_no, quantity)| LineQuantity { line_no, quantity }),
        0..3,
    );
    let words = select(vec!["", "changed my mind", "\u{7}"]).prop_map(str::to_owned);
    let kind = select(vec!["FRAUD_CHECK", "CONTRADICTION", "lower", ""]).prop_map(str::to_owned);
    prop_oneof![
        3 => (words.clone(), lines).prop_map(|(reason, lines)| Command::Cancel(Cancellation { reason, lines })),
        2 => any_amendment().prop_map(Command::Amend),
        2 => (kind, words).prop_map(|(kind, reason)| Command::Hold(HoldRequest { kind, reason })),
        2 => (0..4_usize).prop_map(Command::Release),
        1 => Just(Command::Expire),
    ]
}

fn any_amendment() -> impl Strategy<Value = Amendment> {
    let pairs = btree_map(any_text(64), option::of(any_text(500)), 0..3);
    let deadline = select(vec![Timestamp::MIN, Timestamp::default(), Timestamp::MAX]);
    (patch(any_address_patch()), patch(pairs), patch(deadline)).prop_map(
        |(shipping_address, metadata, confirm_before)| Amendment {
            shipping_address,
            metadata,
            confirm_before,
        },
    )
}

fn any_address_patch() -> impl Strategy<Value = AddressPatch> {
    let country = select(vec!["DE", "GB", "XX"]).prop_map(str::to_owned);
    let text = || patch(any_text(200));
    (
        text(),
        patch(vec(any_text(200), 0..3)),
        text(),
        text(),
        text(),
        patch(country),
    )
        .prop_map(
            |(name, lines, city, region, postal_code, country)| AddressPatch {
                name,
                lines,
                city,
                region,
                postal_code,
                country,
            },
        )
}

fn patch<T: std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Patch<T>> {
    prop_oneof![2 => Just(Patch::Keep), 1 => Just(Patch::Remove), 3 => value.prop_map(Patch::Set)]
}
