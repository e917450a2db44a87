//! Publish the feed: the rules by which one partition goes out, exactly once and in order.
//!
//! Whoever runs this keeps the lease and decides when to try again; what may be published, and when a
//! partition must stand still until an operator has looked, is decided here. After any error the
//! partition is taken over anew, since only the cursor tells what became of the last transaction.

mod halt;

pub use halt::Halt;

use crate::ports::{
    Cursor, EventFeed, EventPublisher, FeedError, FeedLeases, FeedPosition, Lease, PageLimit,
    PublishError, RecordedEvent, ReplicaId, StoreError, StoreId,
};
use futures_util::future;
use std::sync::Arc;

/// What is published at once: one transaction.
const TRANSACTION: PageLimit = PageLimit {
    events: 5_000,
    bytes: 8 * 1024 * 1024,
};

/// Publishes partitions for one replica. Cheap to clone.
#[derive(Clone)]
pub struct FeedPublisher {
    feed: Arc<dyn EventFeed>,
    publisher: Arc<dyn EventPublisher>,
    leases: Arc<dyn FeedLeases>,
    owner: ReplicaId,
}

/// A partition that was taken over and goes on being published.
pub struct Publishing {
    by: FeedPublisher,
    lease: Lease,
    /// Offset of the last event that was published.
    cursor: u64,
    /// Events after it that were read while the last ones were published.
    ahead: Vec<RecordedEvent>,
}

/// Why a partition is not published now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Standstill {
    /// It must not be published before an operator has looked.
    #[error(transparent)]
    Halted(#[from] Halt),
    /// Another replica holds the partition now.
    #[error("another replica holds the partition now")]
    LeaseLost,
    /// The publisher failed; it may work again.
    #[error(transparent)]
    Publish(PublishError),
    /// The store failed; it may work again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FeedPublisher {
    /// On these ports, for this replica.
    pub fn new(
        feed: Arc<dyn EventFeed>,
        publisher: Arc<dyn EventPublisher>,
        leases: Arc<dyn FeedLeases>,
        owner: ReplicaId,
    ) -> FeedPublisher {
        FeedPublisher {
            feed,
            publisher,
            leases,
            owner,
        }
    }

    /// Takes the partition over, and decides whether it may go on from its cursor.
    pub async fn take_over(&self, lease: Lease) -> Result<Publishing, Standstill> {
        let partition = lease.partition;
        // A process that slept would fence whoever has taken its place.
        if !self.leases.is_held(self.owner, lease).await? {
            return Err(Standstill::LeaseLost);
        }
        let store = self.leases.store_id().await?;
        // Asked before: whoever comes after us may begin the cursor that we do not find, and note it.
        let published = self.published(partition).await?;
        let found = self.publisher.take_over(partition).await?;
        let cursor = match (found, published) {
            (Some(cursor), _) => cursor,
            (None, Some(known)) => return Err(Halt::CursorLost { partition, known }.into()),
            (None, None) => {
                let genesis = Cursor {
                    offset: 0,
                    store,
                    event: None,
                };
                let set = self.publisher.set_cursor(partition, genesis.clone());
                set.await?;
                genesis
            }
        };
        self.check(partition, &cursor, store, published).await?;
        // Before anything is published: from now on a cursor that is gone is a cursor that was lost.
        let noted = self.leases.published(self.owner, lease, cursor.offset);
        noted.await?;
        Ok(Publishing {
            by: self.clone(),
            lease,
            cursor: cursor.offset,
            ahead: Vec::new(),
        })
    }

    /// Lets go of a partition in order.
    pub async fn let_go(&self, lease: Lease) {
        self.publisher.let_go(lease.partition).await;
    }

    async fn published(&self, partition: u16) -> Result<Option<u64>, StoreError> {
        let records = self.leases.partitions().await?;
        let record = records.iter().find(|known| known.partition == partition);
        Ok(record.and_then(|record| record.published))
    }

    /// That the cursor stands in this store's feed, and not behind what is known to be out.
    async fn check(
        &self,
        partition: u16,
        cursor: &Cursor,
        store: StoreId,
        published: Option<u64>,
    ) -> Result<(), Standstill> {
        if cursor.store != store {
            let (theirs, ours) = (cursor.store, store);
            return Err(Halt::OtherStore {
                partition,
                theirs,
                ours,
            }
            .into());
        }
        let offset = cursor.offset;
        if let Some(known) = published.filter(|known| *known > offset) {
            return Err(Halt::CursorBehind {
                partition,
                offset,
                known,
            }
            .into());
        }
        let head = self.feed.head().await.map_err(|error| {
            let after = FeedPosition { partition, offset };
            stopped(after, error)
        })?;
        let head = head.offset(partition);
        if offset > head {
            return Err(Halt::CursorAhead {
                partition,
                offset,
                head,
            }
            .into());
        }
        let ours = event_at(&*self.feed, FeedPosition { partition, offset }).await?;
        match (&cursor.event, ours) {
            (Some(theirs), Some(ours)) if *theirs != ours => Err(Halt::OtherHistory {
                partition,
                offset,
                published: theirs.clone(),
                stored: ours,
            }
            .into()),
            _ => Ok(()),
        }
    }
}

impl Publishing {
    /// Which partition, in which epoch.
    pub fn lease(&self) -> Lease {
        self.lease
    }

    /// Offset of the last event that was published.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Publishes what comes next, and answers how many events that were; 0 at the end of the feed. While
    /// a full page goes out, the next one is read. Not to be cancelled: it ends within the publisher's
    /// and the store's own bounds.
    pub async fn publish_next(&mut self) -> Result<usize, Standstill> {
        let partition = self.lease.partition;
        let events = if self.ahead.is_empty() {
            self.read(self.cursor).await?
        } else {
            std::mem::take(&mut self.ahead)
        };
        let Some(last) = events.last().map(|event| event.position.offset) else {
            return Ok(0);
        };
        self.assert_next(&events)?;
        let count = events.len();
        let publishing = self.by.publisher.publish(partition, events);
        // A small page was the end of the feed: reading on would find next to nothing.
        if count < TRANSACTION.events {
            publishing.await?;
        } else {
            let (published, read) = future::join(publishing, self.read(last)).await;
            published?;
            self.ahead = read?;
        }
        self.cursor = last;
        Ok(count)
    }

    /// Returns when there may be something to publish, at the latest after some seconds. May be cancelled.
    pub async fn wait(&self) -> Result<(), Standstill> {
        if !self.ahead.is_empty() {
            return Ok(());
        }
        let after = self.after(self.cursor);
        let waited = self.by.feed.wait_in_partition(after).await;
        waited.map_err(|error| stopped(after, error))
    }

    async fn read(&self, offset: u64) -> Result<Vec<RecordedEvent>, Standstill> {
        let after = self.after(offset);
        let read = self.by.feed.read_partition(after, TRANSACTION).await;
        read.map_err(|error| stopped(after, error))
    }

    /// A hole in the feed would be a hole for every consumer, for good.
    fn assert_next(&self, events: &[RecordedEvent]) -> Result<(), Halt> {
        let partition = self.lease.partition;
        for (expected, event) in (self.cursor + 1..).zip(events) {
            if event.position.partition != partition || event.position.offset != expected {
                let got = event.position;
                return Err(Halt::Gap {
                    partition,
                    expected,
                    got,
                });
            }
        }
        Ok(())
    }

    fn after(&self, offset: u64) -> FeedPosition {
        let partition = self.lease.partition;
        FeedPosition { partition, offset }
    }
}

/// The id of the event at this position; `None` at 0, and where it is no longer kept.
pub(crate) async fn event_at(
    feed: &dyn EventFeed,
    at: FeedPosition,
) -> Result<Option<String>, StoreError> {
    let Some(before) = at.offset.checked_sub(1) else {
        return Ok(None);
    };
    let after = FeedPosition {
        offset: before,
        ..at
    };
    let one = PageLimit {
        events: 1,
        bytes: 1,
    };
    match feed.read_partition(after, one).await {
        Ok(events) => Ok(events.first().map(|recorded| recorded.event.id())),
        Err(FeedError::Store(error)) => Err(error),
        Err(FeedError::Gone { .. } | FeedError::Ahead { .. }) => Ok(None),
    }
}

/// The operator's way out of a halt: from now on the partition goes on after `offset`, whatever was
/// published. Fences whoever publishes it now. Answers the cursor that stood there.
///
/// Events above `offset` that were published are published again; events up to it that were not are
/// never published.
pub async fn resume_after(
    feed: &dyn EventFeed,
    publisher: &dyn EventPublisher,
    leases: &dyn FeedLeases,
    at: FeedPosition,
) -> Result<Option<Cursor>, Standstill> {
    let partition = at.partition;
    let head = feed.head().await.map_err(|error| stopped(at, error))?;
    if at.offset > head.offset(partition) {
        let (offset, head) = (at.offset, head.offset(partition));
        return Err(Halt::CursorAhead {
            partition,
            offset,
            head,
        }
        .into());
    }
    let store = leases.store_id().await?;
    let event = event_at(feed, at).await?;
    let before = match publisher.take_over(partition).await {
        // It is being replaced.
        Err(PublishError::BadCursor { .. }) => None,
        other => other?,
    };
    let cursor = Cursor {
        offset: at.offset,
        store,
        event,
    };
    publisher.set_cursor(partition, cursor).await?;
    leases.restart(partition, at.offset).await?;
    publisher.let_go(partition).await;
    Ok(before)
}

/// What the feed says of a position, as a reason to stand still.
fn stopped(at: FeedPosition, error: FeedError) -> Standstill {
    let FeedPosition { partition, offset } = at;
    match error {
        FeedError::Store(error) => error.into(),
        FeedError::Gone { oldest } => Halt::Forgotten {
            partition,
            offset,
            oldest: oldest.offset(partition),
        }
        .into(),
        FeedError::Ahead { newest } => Halt::CursorAhead {
            partition,
            offset,
            head: newest.offset(partition),
        }
        .into(),
    }
}

impl From<PublishError> for Standstill {
    fn from(error: PublishError) -> Standstill {
        match error {
            PublishError::BadCursor { partition, detail } => {
                Halt::BadCursor { partition, detail }.into()
            }
            error => Standstill::Publish(error),
        }
    }
}

impl std::fmt::Debug for FeedPublisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FeedPublisher({})", self.owner)
    }
}

impl std::fmt::Debug for Publishing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Publishing({:?} after {})", self.lease, self.cursor)
    }
}
