//! The rows that a batch writes, borrowed from its changes, and how each becomes arguments.

use order_core::domain::{Event, IdempotencyKey, Order, OrderId, OrderRef, Timestamp};
use order_core::ports::{FeedPosition, ParkedFact, RequestRecord, StoredFact, StoredRequest};
use order_store::position::to_row;
use order_store::{EventBytes, Moved, Parking};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Encode, Sqlite, Type};
use std::collections::{BTreeMap, HashMap};

/// Everything that a batch writes.
#[derive(Default)]
pub(crate) struct Plan<'a> {
    pub(crate) orders: Vec<OrderRow<'a>>,
    pub(crate) events: Vec<EventRow<'a>>,
    pub(crate) requests: Vec<RequestRow>,
    pub(crate) facts: Vec<FactRow>,
    pub(crate) parking: Parking<'a>,
    /// Orders of which a hold came or went, and whether they have one now.
    pub(crate) holds: BTreeMap<OrderId, bool>,
    /// The newest offset of each partition; starts as what the file has.
    pub(crate) heads: HashMap<u16, u64>,
}

pub(crate) struct OrderRow<'a> {
    pub(crate) order: &'a Order,
    pub(crate) position: FeedPosition,
}

pub(crate) struct EventRow<'a> {
    pub(crate) position: FeedPosition,
    pub(crate) event: &'a Event,
    pub(crate) bytes: &'a EventBytes,
}

pub(crate) struct RequestRow {
    pub(crate) key: IdempotencyKey,
    pub(crate) stored: StoredRequest,
}

pub(crate) struct FactRow {
    pub(crate) key: u128,
    pub(crate) stored: StoredFact,
}

impl<'a> order_store::Plan<'a> for Plan<'a> {
    /// The events take the next positions; the order stands at the last of them.
    fn moved(&mut self, moved: Moved<'a>) {
        let order = moved.order;
        if let Some(held) = moved.held() {
            self.holds.insert(order.order_id, held);
        }
        let partition = order.partition;
        let head = self.heads.entry(partition).or_insert(0);
        for (event, bytes) in moved.events.iter().zip(moved.bytes) {
            *head += 1;
            let position = FeedPosition {
                partition,
                offset: *head,
            };
            self.events.push(EventRow {
                position,
                event,
                bytes,
            });
        }
        let position = FeedPosition {
            partition,
            offset: *head,
        };
        self.orders.push(OrderRow { order, position });
        if let Some(RequestRecord { key, fingerprint }) = moved.request {
            let stored = StoredRequest {
                order_id: order.order_id,
                version: order.version,
                fingerprint,
            };
            self.requests.push(RequestRow { key, stored });
        }
    }

    fn fact(&mut self, key: u128, stored: StoredFact) {
        self.facts.push(FactRow { key, stored });
    }

    fn parking(&mut self) -> &mut Parking<'a> {
        &mut self.parking
    }
}

/// A row of one table.
pub(crate) trait Insert {
    /// `INSERT` up to the values, which a sub-select gives as `column1`, `column2` and so on. Rows
    /// whose first column is null are padding.
    const HEAD: &'static str;
    /// What follows the values.
    const TAIL: &'static str;
    /// Values of one row.
    const COLUMNS: usize;

    /// Adds the values of one row.
    fn bind(&self, arguments: &mut Bind) -> sqlx::Result<()>;
}

/// Arguments under construction.
#[derive(Default)]
pub(crate) struct Bind(SqliteArguments);

impl Bind {
    pub(crate) fn add<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(
        &mut self,
        value: T,
    ) -> sqlx::Result<()> {
        self.0.add(value).map_err(sqlx::Error::Encode)
    }

    fn wide(&mut self, value: u128) -> sqlx::Result<()> {
        self.add(value.to_be_bytes().as_slice())
    }

    fn version(&mut self, version: u64) -> sqlx::Result<()> {
        self.add(i64::try_from(version).map_err(|error| sqlx::Error::Encode(error.into()))?)
    }

    /// A row of padding.
    pub(crate) fn nothing(&mut self, columns: usize) -> sqlx::Result<()> {
        (0..columns).try_for_each(|_| self.add(None::<i64>))
    }

    pub(crate) fn into_arguments(self) -> SqliteArguments {
        self.0
    }
}

impl Insert for OrderRow<'_> {
    const HEAD: &'static str = "INSERT INTO orders (order_id, version, position, external_id, \
        customer_id, state, payment_status, fulfillment_status, deadline)";
    // Only what moves is named: indexes of the other columns are not even looked at.
    const TAIL: &'static str = "ON CONFLICT (order_id) DO UPDATE SET version = excluded.version, \
        position = excluded.position, state = excluded.state, \
        payment_status = excluded.payment_status, \
        fulfillment_status = excluded.fulfillment_status, deadline = excluded.deadline";
    const COLUMNS: usize = 9;

    fn bind(&self, to: &mut Bind) -> sqlx::Result<()> {
        let order = self.order;
        to.wide(order.order_id.as_u128())?;
        to.version(order.version)?;
        to.add(to_row(self.position))?;
        to.add(order.external_id.as_deref())?;
        to.add(order.customer_id.as_str())?;
        to.add(i64::from(order.state.code()))?;
        to.add(i64::from(order.payment_status.code()))?;
        to.add(i64::from(order.fulfillment_status.code()))?;
        to.add(order.open_deadline().map(Timestamp::millis))
    }
}

impl Insert for EventRow<'_> {
    const HEAD: &'static str = "INSERT INTO order_events (position, order_id, version, time, caller, \
        source, cause_id, traceparent, data, snapshot)";
    const TAIL: &'static str = "";
    const COLUMNS: usize = 10;

    fn bind(&self, to: &mut Bind) -> sqlx::Result<()> {
        let cause = &self.event.cause;
        to.add(to_row(self.position))?;
        to.wide(self.event.order.order_id.as_u128())?;
        to.version(self.event.version())?;
        to.add(self.event.time.millis())?;
        for text in [&cause.caller, &cause.source, &cause.id, &cause.traceparent] {
            to.add(text.as_deref())?;
        }
        to.add(self.bytes.data.as_slice())?;
        to.add(self.bytes.snapshot.as_slice())
    }
}

impl Insert for RequestRow {
    const HEAD: &'static str = "INSERT INTO requests (key, fingerprint, order_id, version)";
    const TAIL: &'static str = "";
    const COLUMNS: usize = 4;

    fn bind(&self, to: &mut Bind) -> sqlx::Result<()> {
        to.wide(self.key.0)?;
        to.wide(self.stored.fingerprint.0)?;
        to.wide(self.stored.order_id.as_u128())?;
        to.version(self.stored.version)
    }
}

impl Insert for FactRow {
    const HEAD: &'static str = "INSERT INTO facts (key, fingerprint, order_id, version)";
    // A fact that leaves the parking is known already, without an order.
    const TAIL: &'static str = "ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, \
        order_id = excluded.order_id, version = excluded.version";
    const COLUMNS: usize = 4;

    fn bind(&self, to: &mut Bind) -> sqlx::Result<()> {
        to.wide(self.key)?;
        to.wide(self.stored.fingerprint.0)?;
        match self.stored.order {
            Some((order_id, version)) => {
                to.wide(order_id.as_u128())?;
                to.version(version)
            }
            None => to.nothing(2),
        }
    }
}

impl Insert for (u128, &ParkedFact, &[u8]) {
    const HEAD: &'static str =
        "INSERT INTO parked_facts (fact_key, order_id, external_id, parked_at, content)";
    const TAIL: &'static str = "";
    const COLUMNS: usize = 5;

    fn bind(&self, to: &mut Bind) -> sqlx::Result<()> {
        let (key, parked, content) = *self;
        to.wide(key)?;
        match parked.order() {
            OrderRef::Id(order_id) => {
                to.wide(order_id.as_u128())?;
                to.nothing(1)?;
            }
            OrderRef::External(external_id) => {
                to.nothing(1)?;
                to.add(external_id.as_str())?;
            }
        }
        to.add(parked.parked_at.millis())?;
        to.add(content)
    }
}
