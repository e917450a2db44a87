//! What a world holds, drawn before it begins: its size, its faults, the orders and what is told of them.

use crate::chance::Chance;
use order_core::domain::{
    LineQuantity, NewFact, NewFactBody, NewOrder, PaymentKind, PaymentTerms, ShipmentKind,
    StockKind, Timestamp,
};
use std::sync::Arc;
use testkit::new_order;

/// 2025-01-01T00:00:00Z: the store's time when a world begins.
pub(crate) const START_MILLIS: i64 = 1_735_689_600_000;
/// How long faults go on, in virtual milliseconds.
pub(crate) const FAULTS_MILLIS: u64 = 30_000;
/// Topics that are read: money, stock and commands, parcels. So one order is told of by several
/// consumers at once.
const TOPICS: usize = 3;
/// A clock that is wrong is wrong by so much.
const SKEW_MILLIS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// How often what goes wrong, of a thousand times, while faults go on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    /// A call of the store fails before it has an effect.
    pub(crate) store_fails: u64,
    /// The answer of the store is lost: the call has had its effect.
    pub(crate) answer_lost: u64,
    /// The store refuses a whole batch, and later the culprit.
    pub(crate) batch_refused: u64,
    /// The process dies in the middle of a commit or of a publication.
    pub(crate) dies_there: u64,
    /// A call takes seconds instead of milliseconds.
    pub(crate) slow: u64,
    /// A caller's request, or its answer, is lost.
    pub(crate) net_loses: u64,
    /// The broker fails before, or after it has published.
    pub(crate) broker_fails: u64,
}

/// What is to happen.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) replicas: usize,
    pub(crate) feed_partitions: u16,
    pub(crate) rates: Rates,
    /// How far each replica's clock is wrong, in milliseconds; the first one's is right.
    pub(crate) skews: Vec<i64>,
    pub(crate) orders: Vec<PlannedOrder>,
    /// The topics' contents, in the order in which they are to be read.
    pub(crate) topics: Vec<Vec<Message>>,
}

/// An order, who places it, and what its caller does with it afterwards.
#[derive(Debug)]
pub(crate) struct PlannedOrder {
    pub(crate) number: usize,
    pub(crate) key: String,
    pub(crate) new: NewOrder,
    pub(crate) placed_by: PlacedBy,
    /// When its caller comes, in virtual milliseconds.
    pub(crate) at_millis: u64,
    pub(crate) commands: Vec<Command>,
    /// What is told of it, each fact once.
    pub(crate) facts: Vec<NewFact>,
}

/// Who places an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlacedBy {
    Client,
    /// A message of the commands' topic.
    Message,
    /// Nobody: what is told of it waits in vain.
    Nobody,
}

/// What a caller asks for after placing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Hold,
    /// Of the hold put before.
    Release,
    Cancel,
    Amend,
}

/// One message of a topic.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Fact(usize, Arc<NewFact>),
    Place(usize),
}

impl Message {
    fn topic(&self) -> usize {
        match self {
            Message::Fact(_, fact) => match fact.body {
                NewFactBody::Payment { .. } => 0,
                NewFactBody::Stock { .. } => 1,
                NewFactBody::Shipment { .. } | NewFactBody::Return { .. } => 2,
            },
            Message::Place(_) => 1,
        }
    }
}

impl PlannedOrder {
    /// The name in the trace.
    pub(crate) fn name(&self) -> String {
        format!("shop-{}", self.number)
    }

    /// Whether facts alone move it: then every order of their arrival ends the same.
    pub(crate) fn is_moved_by_facts_alone(&self) -> bool {
        self.commands.is_empty() && self.new.confirm_before.is_none()
    }
}

impl Plan {
    pub(crate) fn draw(chance: &Chance) -> Plan {
        let replicas = 1 + chance.index(3);
        let mut skews = vec![0; replicas];
        for skew in skews.iter_mut().skip(1) {
            *skew = *chance.one_of(&[0, 0, SKEW_MILLIS, -SKEW_MILLIS]);
        }
        let count = 3 + chance.index(6);
        let orders: Vec<PlannedOrder> = (0..count).map(|number| order(chance, number)).collect();
        let topics = topics(chance, &orders);
        Plan {
            replicas,
            feed_partitions: 1 + u16::from(chance.permille(300)),
            rates: rates(chance),
            skews,
            orders,
            topics,
        }
    }
}

/// Some worlds are calm, some are wild; each kind of fault is rare, frequent or absent for itself.
fn rates(chance: &Chance) -> Rates {
    let rate = |most: u64| *chance.one_of(&[0, most / 10, most]);
    Rates {
        store_fails: rate(100),
        answer_lost: rate(150),
        batch_refused: rate(100),
        dies_there: rate(30),
        slow: rate(50),
        net_loses: rate(200),
        broker_fails: rate(150),
    }
}

fn order(chance: &Chance, number: usize) -> PlannedOrder {
    let lines = 1 + u16::try_from(chance.index(3)).unwrap_or(0);
    let key = format!("key-{number}");
    let mut new = new_order()
        .external(&format!("shop-{number}"))
        .metadata("key", &key)
        .lines(lines)
        .terms(*chance.one_of(&[
            PaymentTerms::Authorize,
            PaymentTerms::Capture,
            PaymentTerms::Invoice,
        ]));
    if chance.permille(400) {
        let after = i64::try_from(chance.between(20_000, 60_000)).unwrap_or(0);
        new = new.confirm_before(Timestamp::default().plus_millis(START_MILLIS + after));
    }
    let placed_by = *chance.one_of(&[
        PlacedBy::Client,
        PlacedBy::Client,
        PlacedBy::Client,
        PlacedBy::Message,
        PlacedBy::Message,
        PlacedBy::Nobody,
    ]);
    let commands: &[&[Command]] = &[
        &[],
        &[],
        &[Command::Hold, Command::Release],
        &[Command::Amend, Command::Cancel],
        &[Command::Hold, Command::Amend],
    ];
    let commands = match placed_by {
        PlacedBy::Client => chance.one_of(commands).to_vec(),
        PlacedBy::Message | PlacedBy::Nobody => Vec::new(),
    };
    PlannedOrder {
        number,
        key,
        new: new.build(),
        placed_by,
        at_millis: chance.below(FAULTS_MILLIS * 2 / 3),
        commands,
        facts: facts(chance, number, lines),
    }
}

/// Facts in the order in which they happened, some of them under two message ids, some contradicting.
fn facts(chance: &Chance, number: usize, lines: u16) -> Vec<NewFact> {
    let all: Vec<LineQuantity> = (1..=i64::from(lines))
        .map(|line_no| LineQuantity {
            line_no,
            quantity: line_no,
        })
        .collect();
    let story = [
        payment(PaymentKind::Authorized, "pay-1", 90_000),
        stock(StockKind::Reserved),
        payment(PaymentKind::Captured, "pay-1", 90_000),
        payment(PaymentKind::Captured, "pay-2", 700),
        shipment(ShipmentKind::Shipped, &all),
        shipment(ShipmentKind::Delivered, &[]),
        payment(PaymentKind::Refunded, "pay-1", 300),
        NewFactBody::Return {
            return_id: "return-1".to_owned(),
            lines: all.iter().take(1).copied().collect(),
        },
        stock(StockKind::Refused),
        stock(StockKind::Released),
        payment(PaymentKind::Voided, "pay-1", 0),
        // The same business key as above, and another amount.
        payment(PaymentKind::Captured, "pay-2", 701),
    ];
    let often = [800, 800, 700, 250, 500, 500, 250, 250, 80, 80, 80, 80];
    let mut facts = Vec::new();
    for (body, often) in story.into_iter().zip(often) {
        if !chance.permille(often) {
            continue;
        }
        for again in 0..=usize::from(chance.permille(150)) {
            facts.push(NewFact {
                source: "/world".to_owned(),
                id: format!("fact-{number}-{}-{again}", facts.len()),
                order_id: None,
                external_id: Some(format!("shop-{number}")),
                body: body.clone(),
            });
        }
    }
    facts
}

fn payment(kind: PaymentKind, payment_id: &str, amount: i64) -> NewFactBody {
    let reference = (kind == PaymentKind::Refunded).then(|| "ref-1".to_owned());
    NewFactBody::Payment {
        kind,
        payment_id: payment_id.to_owned(),
        reference,
        amount: (kind != PaymentKind::Voided).then_some(amount),
        currency: Some("EUR".to_owned()),
        reason: None,
    }
}

fn stock(kind: StockKind) -> NewFactBody {
    NewFactBody::Stock {
        kind,
        reservation_id: "res-1".to_owned(),
        reason: None,
    }
}

fn shipment(kind: ShipmentKind, lines: &[LineQuantity]) -> NewFactBody {
    NewFactBody::Shipment {
        kind,
        shipment_id: "parcel-1".to_owned(),
        carrier: None,
        tracking_number: None,
        lines: lines.to_vec(),
    }
}

/// Each message one to three times, in any order.
fn topics(chance: &Chance, orders: &[PlannedOrder]) -> Vec<Vec<Message>> {
    let mut topics = vec![Vec::new(); TOPICS];
    for order in orders {
        let mut messages: Vec<Message> = Vec::new();
        for fact in &order.facts {
            messages.push(Message::Fact(order.number, Arc::new(fact.clone())));
        }
        if order.placed_by == PlacedBy::Message {
            messages.push(Message::Place(order.number));
        }
        for message in messages {
            for _ in 0..chance.between(1, 3) {
                topics[message.topic()].push(message.clone());
            }
        }
    }
    for topic in &mut topics {
        chance.shuffle(topic);
    }
    topics
}
