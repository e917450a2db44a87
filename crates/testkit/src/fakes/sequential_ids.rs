//! Order ids that a test can foretell.

use order_core::domain::{OrderId, Timestamp};
use order_core::ports::IdSource;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bits of an id's random part that say which source made it.
const SOURCE_BITS: u32 = 22;

/// Version 7 ids that are the same in every run: where a real source draws random bits, this one
/// puts a running number and its own.
#[derive(Debug, Default)]
pub struct SequentialIds {
    source: u64,
    next: AtomicU64,
}

impl SequentialIds {
    /// The source with this number; two sources with different numbers never give equal ids.
    pub fn new(source: u16) -> SequentialIds {
        SequentialIds {
            source: u64::from(source),
            next: AtomicU64::new(0),
        }
    }
}

impl IdSource for SequentialIds {
    fn order_id(&self, at: Timestamp) -> OrderId {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        OrderId::v7(at, 0, (number << SOURCE_BITS) | self.source)
    }
}
