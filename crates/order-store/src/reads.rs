//! The reads of the port that are one statement each: the adapter's text, its values in a fixed order,
//! and rows that [`Columns`] reads.
//!
//! Texts pass through unread. Lists, loads and the feed differ too much between databases to be here.

use crate::columns::Columns;
use crate::prepare::fact_digest;
use order_core::domain::{FactKey, IdempotencyKey, Order, OrderId, Timestamp};
use order_core::ports::{
    Due, ParkedFact, RecordedEvent, StoreError, StoreId, StoredFact, StoredRequest,
};
use std::sync::Arc;

/// Asks a database.
pub trait Reads: Columns + Sync {
    /// The values of one statement.
    type Values: Values;

    /// The texts.
    const STATEMENTS: Statements;

    /// The rows of one statement, within the read timeout.
    fn ask(
        &self,
        sql: &'static str,
        values: Self::Values,
    ) -> impl Future<Output = Result<Vec<Self::Row>, StoreError>> + Send;
}

/// The values of a statement, in the order of its marks.
pub trait Values: Sized + Send {
    /// None yet.
    fn new() -> Self;
    /// A number.
    #[must_use]
    fn number(self, number: i64) -> Self;
    /// A number of 128 bits.
    #[must_use]
    fn wide(self, number: u128) -> Self;

    /// An order's id.
    #[must_use]
    fn id(self, id: OrderId) -> Self {
        self.wide(id.as_u128())
    }

    /// How many rows at most.
    #[must_use]
    fn limit(self, limit: usize) -> Self {
        self.number(i64::try_from(limit).unwrap_or(i64::MAX))
    }
}

/// One text for each read. The values stand in the order of the function's arguments; the columns are
/// those of the named method of [`Columns`].
#[derive(Clone, Copy, Debug)]
pub struct Statements {
    /// [`find_request`], columns of [`Columns::request`].
    pub request: &'static str,
    /// [`find_fact`] by the digest of its id, columns of [`Columns::fact`].
    pub fact: &'static str,
    /// [`now`], one row of one number: milliseconds of the database's clock.
    pub now: &'static str,
    /// [`store_id`], one row of one number of 128 bits. A table of one row has no plan to look at.
    pub identity: &'static str,
    /// [`due`], at least one row, columns of [`Columns::due`].
    pub due: &'static str,
    /// [`parked_ready`], columns of [`Columns::parked_with_order`].
    pub parked_ready: &'static str,
    /// [`parked_for`], columns of [`Columns::parked`].
    pub parked_for: &'static str,
    /// [`load_at`], columns of [`Columns::order`].
    pub at_version: &'static str,
    /// [`history`], columns of [`Columns::event`].
    pub history: &'static str,
}

impl Statements {
    /// All of them, for a test of their plans.
    pub const fn all(&self) -> [&'static str; 8] {
        [
            self.request,
            self.fact,
            self.now,
            self.due,
            self.parked_ready,
            self.parked_for,
            self.at_version,
            self.history,
        ]
    }
}

/// `FeedLeases::store_id`.
pub async fn store_id<R: Reads>(reader: &R) -> Result<StoreId, StoreError> {
    let rows = reader.ask(R::STATEMENTS.identity, R::Values::new()).await?;
    let missing = &"it has no row, which its migration made";
    let row = rows
        .first()
        .ok_or_else(|| reader.unreadable("store_identity", missing))?;
    Ok(StoreId(reader.wide(row, 0)?))
}

/// `OrderStore::find_request`.
pub async fn find_request<R: Reads>(
    reader: &R,
    key: IdempotencyKey,
) -> Result<Option<StoredRequest>, StoreError> {
    let values = R::Values::new().wide(key.0);
    let rows = reader.ask(R::STATEMENTS.request, values).await?;
    reader.first(&rows, R::request)
}

/// `OrderStore::find_fact`.
pub async fn find_fact<R: Reads>(
    reader: &R,
    key: &FactKey,
) -> Result<Option<StoredFact>, StoreError> {
    let values = R::Values::new().wide(fact_digest(key));
    let rows = reader.ask(R::STATEMENTS.fact, values).await?;
    reader.first(&rows, R::fact)
}

/// `OrderStore::now`.
pub async fn now<R: Reads>(reader: &R) -> Result<Timestamp, StoreError> {
    let rows = reader.ask(R::STATEMENTS.now, R::Values::new()).await?;
    let now = reader.first(&rows, |reader, row| reader.time(row, 0))?;
    now.ok_or_else(|| reader.unreadable("the time", &"there is none"))
}

/// `OrderStore::due`.
pub async fn due<R: Reads>(reader: &R, limit: usize) -> Result<Due, StoreError> {
    let values = R::Values::new().limit(limit);
    let rows = reader.ask(R::STATEMENTS.due, values).await?;
    let rows = reader.all(&rows, R::due)?;
    let Some(&(now, _)) = rows.first() else {
        return Err(reader.unreadable("the time", &"there is none"));
    };
    let orders = rows.into_iter().filter_map(|(_, order)| order).collect();
    Ok(Due { now, orders })
}

/// `OrderStore::parked_ready`.
pub async fn parked_ready<R: Reads>(
    reader: &R,
    limit: usize,
) -> Result<Vec<(OrderId, ParkedFact)>, StoreError> {
    let values = R::Values::new().limit(limit);
    let rows = reader.ask(R::STATEMENTS.parked_ready, values).await?;
    reader.all(&rows, R::parked_with_order)
}

/// `OrderStore::parked_for`.
pub async fn parked_for<R: Reads>(
    reader: &R,
    order_id: OrderId,
    limit: usize,
) -> Result<Vec<ParkedFact>, StoreError> {
    let values = R::Values::new().id(order_id).limit(limit);
    let rows = reader.ask(R::STATEMENTS.parked_for, values).await?;
    reader.all(&rows, R::parked)
}

/// `OrderStore::load_at`.
pub async fn load_at<R: Reads>(
    reader: &R,
    order_id: OrderId,
    version: u64,
) -> Result<Option<Arc<Order>>, StoreError> {
    // No order has a version beyond what a database can hold.
    let Ok(version) = i64::try_from(version) else {
        return Ok(None);
    };
    let values = R::Values::new().id(order_id).number(version);
    let rows = reader.ask(R::STATEMENTS.at_version, values).await?;
    reader.first(&rows, R::order)
}

/// `OrderStore::history`.
pub async fn history<R: Reads>(
    reader: &R,
    order_id: OrderId,
    after_version: u64,
    limit: usize,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let Ok(after) = i64::try_from(after_version) else {
        return Ok(Vec::new());
    };
    let values = R::Values::new().id(order_id).number(after).limit(limit);
    let rows = reader.ask(R::STATEMENTS.history, values).await?;
    reader.all(&rows, R::event)
}
