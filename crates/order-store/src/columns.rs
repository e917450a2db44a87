//! From the columns of a stored row to what the port answers. Which columns stand where is the contract
//! between a method here and the adapter's statement.

use crate::position::from_row;
use order_core::domain::{Cause, Event, Fingerprint, Order, OrderId, Timestamp};
use order_core::ports::{ParkedFact, RecordedEvent, StoreError, StoredFact, StoredRequest};
use order_proto::storage::{decode_event_data, decode_order, decode_parked_fact};
use std::fmt::Display;
use std::sync::Arc;

/// Reads rows of a database. An adapter gives the values of columns, with its own words for what goes
/// wrong; what is made of them is the same for all.
pub trait Columns {
    /// A row.
    type Row;

    /// A number.
    fn number(&self, row: &Self::Row, column: usize) -> Result<i64, StoreError>;
    /// Yes or no.
    fn flag(&self, row: &Self::Row, column: usize) -> Result<bool, StoreError>;
    /// A number of 128 bits.
    fn wide(&self, row: &Self::Row, column: usize) -> Result<u128, StoreError>;
    /// A text, if there is one.
    fn text(&self, row: &Self::Row, column: usize) -> Result<Option<String>, StoreError>;
    /// Bytes, if there are any.
    fn bytes_or_null<'r>(
        &self,
        row: &'r Self::Row,
        column: usize,
    ) -> Result<Option<&'r [u8]>, StoreError>;
    /// Bytes.
    fn bytes<'r>(&self, row: &'r Self::Row, column: usize) -> Result<&'r [u8], StoreError>;
    /// The error of a row, named by `what`, whose values make no sense.
    fn unreadable(&self, what: &str, error: &dyn Display) -> StoreError;

    /// What `read` makes of every row.
    fn all<T>(
        &self,
        rows: &[Self::Row],
        read: impl Fn(&Self, &Self::Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        rows.iter().map(|row| read(self, row)).collect()
    }

    /// What `read` makes of the first row, if there is one.
    fn first<T>(
        &self,
        rows: &[Self::Row],
        read: impl Fn(&Self, &Self::Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        rows.first().map(|row| read(self, row)).transpose()
    }

    /// A number that is never negative.
    fn unsigned(&self, row: &Self::Row, column: usize) -> Result<u64, StoreError> {
        let number = self.number(row, column)?;
        u64::try_from(number).map_err(|error| self.unreadable("a version or position", &error))
    }

    /// An order's id.
    fn order_id(&self, row: &Self::Row, column: usize) -> Result<OrderId, StoreError> {
        self.wide(row, column).map(OrderId::from_u128)
    }

    /// A time, in milliseconds since the epoch.
    fn time(&self, row: &Self::Row, column: usize) -> Result<Timestamp, StoreError> {
        let time = Timestamp::from_millis(self.number(row, column)?);
        time.ok_or_else(|| self.unreadable("a time", &"it is out of range"))
    }

    /// The database's time, and `order_id IS NOT NULL, order_id` of an order that is due.
    fn due(&self, row: &Self::Row) -> Result<(Timestamp, Option<OrderId>), StoreError> {
        let order = if self.flag(row, 1)? {
            Some(self.order_id(row, 2)?)
        } else {
            None
        };
        Ok((self.time(row, 0)?, order))
    }

    /// `order_id, snapshot` from `column` on.
    fn order_at(&self, row: &Self::Row, column: usize) -> Result<Arc<Order>, StoreError> {
        let order = decode_order(self.bytes(row, column + 1)?);
        order
            .map(Arc::new)
            .map_err(|error| match self.order_id(row, column) {
                Ok(id) => self.unreadable(&format!("order {id}"), &error),
                Err(no_id) => no_id,
            })
    }

    /// `order_id, snapshot`.
    fn order(&self, row: &Self::Row) -> Result<Arc<Order>, StoreError> {
        self.order_at(row, 0)
    }

    /// `fingerprint, order_id, version` of an idempotency key.
    fn request(&self, row: &Self::Row) -> Result<StoredRequest, StoreError> {
        Ok(StoredRequest {
            fingerprint: Fingerprint(self.wide(row, 0)?),
            order_id: self.order_id(row, 1)?,
            version: self.unsigned(row, 2)?,
        })
    }

    /// `fingerprint, order_id IS NOT NULL, order_id, version` of a fact.
    fn fact(&self, row: &Self::Row) -> Result<StoredFact, StoreError> {
        let order = if self.flag(row, 1)? {
            Some((self.order_id(row, 2)?, self.unsigned(row, 3)?))
        } else {
            None
        };
        Ok(StoredFact {
            order,
            fingerprint: Fingerprint(self.wide(row, 0)?),
        })
    }

    /// `known_order_id, content` of a parked fact, without the order.
    fn parked(&self, row: &Self::Row) -> Result<ParkedFact, StoreError> {
        let parked = decode_parked_fact(self.bytes(row, 1)?);
        parked.map_err(|error| self.unreadable("a parked fact", &error))
    }

    /// `known_order_id, content` of a parked fact.
    fn parked_with_order(&self, row: &Self::Row) -> Result<(OrderId, ParkedFact), StoreError> {
        Ok((self.order_id(row, 0)?, self.parked(row)?))
    }

    /// `position, time, caller, source, cause_id, traceparent, data, order_id, snapshot` of an event.
    fn event(&self, row: &Self::Row) -> Result<RecordedEvent, StoreError> {
        let position = from_row(self.number(row, 0)?);
        let at = || format!("event at position {position:?}");
        let time = Timestamp::from_millis(self.number(row, 1)?);
        let cause = Cause {
            caller: self.text(row, 2)?,
            source: self.text(row, 3)?,
            id: self.text(row, 4)?,
            traceparent: self.text(row, 5)?,
        };
        let data = decode_event_data(self.bytes(row, 6)?);
        let event = Event {
            data: data.map_err(|error| self.unreadable(&at(), &error))?,
            time: time.ok_or_else(|| self.unreadable(&at(), &"its time is out of range"))?,
            cause: Arc::new(cause),
            order: self.order_at(row, 7)?,
        };
        Ok(RecordedEvent { position, event })
    }
}
