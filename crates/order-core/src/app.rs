//! The use cases, one a file, named by their verb. Each takes what an edge has parsed, asks the
//! domain for a decision, and has the store keep it.
//!
//! An edge calls [`Orders`] and nothing else; [`AppError`] is all that can go wrong.

mod aged_reads;
mod amend_order;
mod apply_parked;
mod cancel_order;
mod change_order;
mod error;
mod expire_orders;
mod get_order;
mod hold_order;
mod list_events;
mod list_orders;
mod place_order;
mod publish_feed;
mod record_fact;
mod redrive;
mod refresh_cache;
mod release_order;
mod repairs;
mod sweep;
mod take_stock;
mod turns;
mod watch_orders;

pub use change_order::{ChangeOptions, Changed};
pub use error::AppError;
pub use get_order::{AgedOrder, AllowedAge, age_seconds};
pub use list_events::EventPage;
pub use list_orders::{OrderPage, PageRequest};
pub use place_order::{PlaceRequest, Placed};
pub use publish_feed::{FeedPublisher, Halt, Publishing, Standstill, resume_after};
pub use record_fact::{FactOutcome, FactReceipt};
pub use redrive::{Handled, MessageHandler, Redriven, RepairError};
pub use refresh_cache::CacheRound;
pub use repairs::{LetterPage, ParkedPage, Repairs};
pub use sweep::Swept;
pub use take_stock::take_stock;
pub use watch_orders::{EventFilter, FeedBatch};

use crate::ports::{Clock, EventFeed, IdSource, OrderCache, OrderStore};
use std::sync::Arc;

/// The application: what every edge calls. Cheap to clone.
#[derive(Clone)]
pub struct Orders {
    store: Arc<dyn OrderStore>,
    feed: Arc<dyn EventFeed>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    turns: Arc<turns::Turns>,
    /// For reads that may be old; `None` without a cache.
    aged: Option<Arc<aged_reads::AgedReads>>,
    /// Where new orders go in the feed.
    partition: u16,
}

impl Orders {
    /// The application on these ports.
    pub fn new(
        store: Arc<dyn OrderStore>,
        feed: Arc<dyn EventFeed>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Orders {
        Orders {
            store,
            feed,
            clock,
            ids,
            turns: Arc::new(turns::Turns::new()),
            aged: None,
            partition: 0,
        }
    }

    /// The same application, which places orders in this partition of the feed; 0 otherwise. An order
    /// stays where it was placed.
    #[must_use]
    pub fn placing_in(self, partition: u16) -> Orders {
        Orders { partition, ..self }
    }
}

impl Orders {
    /// The same application, which answers callers that allow it from this cache.
    #[must_use]
    pub fn with_cache(self, cache: Arc<dyn OrderCache>) -> Orders {
        let aged = Some(Arc::new(aged_reads::AgedReads::new(cache)));
        Orders { aged, ..self }
    }
}

impl std::fmt::Debug for Orders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Orders")
    }
}
