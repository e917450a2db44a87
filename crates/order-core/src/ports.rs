//! What the domain needs from outside, one trait a file. A port's documentation is its contract;
//! the conformance suites of `testkit` prove it on every implementation, the fakes included.

mod callers;
mod clock;
mod dead_message;
mod event_feed;
mod event_publisher;
mod feed_leases;
mod health;
mod id_source;
mod identity;
mod order_cache;
mod order_store;
mod rate_limiter;
mod repair;
mod store_change;
mod store_query;
mod tally;

pub use callers::{Access, Callers, Denied, Everybody, Role, Roles, Standing};
pub use clock::Clock;
pub(crate) use dead_message::bounded_reason;
pub use dead_message::{DeadMessage, ListedMessage};
pub use event_feed::{
    EventFeed, FeedError, FeedPosition, FeedToken, InvalidToken, PageLimit, RecordedEvent,
};
pub use event_publisher::{Cursor, EventPublisher, PublishError};
pub use feed_leases::{
    FeedLeases, Holding, InvalidStoreId, Lease, PartitionRecord, ReplicaId, StoreId,
};
pub use health::{Component, HealthReport, HealthSource};
pub use id_source::IdSource;
pub use identity::{Caller, Identity, InvalidIdentity, MAX_IDENTITY_CHARS};
pub use order_cache::{CachedOrder, OrderCache};
pub use order_store::{OrderStore, StoreError};
pub use rate_limiter::{Bucket, Rate, RateDecision, RateLimiter, caller_at};
pub use repair::{
    Count, DeadLetter, EntryId, EntryKind, InvalidEntry, LetterContent, Place, Repair,
    RepairCounts, WaitingFact,
};
pub use store_change::{
    Change, Committed, FactRecord, Leaves, ParkedFact, RequestRecord, StoredFact, StoredRequest,
};
pub use store_query::{Due, ListFilter, ListQuery};
pub use tally::{Counts, Tally};
