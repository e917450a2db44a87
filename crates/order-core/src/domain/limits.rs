//! Every bound of the domain, in one place. The edges have their own (body, page, time).

/// Lines of an order, at most.
pub const MAX_LINES: usize = 1_000;
/// Units of one line, at most.
pub const MAX_QUANTITY: u32 = 1_000_000;
/// Characters of `sku`, `customer_id`, `external_id`, `payment_id` and the like, at most.
pub const MAX_ID_CHARS: usize = 64;
/// Characters of a line's name, at most.
pub const MAX_NAME_CHARS: usize = 256;
/// Characters of a reason, at most.
pub const MAX_REASON_CHARS: usize = 500;
/// Characters of a hold's kind, at most.
pub const MAX_HOLD_KIND_CHARS: usize = 40;
/// Holds that callers may have on one order at a time.
pub const MAX_CALLER_HOLDS: usize = 50;
/// Pairs of metadata, at most.
pub const MAX_METADATA_PAIRS: usize = 50;
/// Characters of a metadata key, at most.
pub const MAX_METADATA_KEY_CHARS: usize = 64;
/// Characters of a metadata value, at most.
pub const MAX_METADATA_VALUE_CHARS: usize = 500;
/// Lines of a postal address, at most.
pub const MAX_ADDRESS_LINES: usize = 10;
/// Characters of each part of a postal address, at most.
pub const MAX_ADDRESS_PART_CHARS: usize = 200;
/// Characters of an idempotency key, at most.
pub const MAX_IDEMPOTENCY_KEY_CHARS: usize = 255;
/// Characters of a `CloudEvents` source or id, at most.
pub const MAX_EVENT_ID_CHARS: usize = 255;
/// Facts that one order's ledger keeps. A well-formed fact is never refused for what it says; this
/// bound only stops a producer gone wild from growing one order without end.
pub const MAX_FACTS_PER_ORDER: usize = 2_000;
/// Violations that one answer tells, at most: a broken body of 1,000 lines needs no 5,000 of them.
pub const MAX_VIOLATIONS: usize = 100;
/// Orders of one batch, at most.
pub const MAX_BATCH_ORDERS: usize = 1_000;
/// How long a fact waits for its order, in milliseconds: 72 hours.
pub const PARKING_MILLIS: i64 = 72 * 60 * 60 * 1_000;
/// Bytes of a dead message's value that a store keeps, at most; of a larger one, none.
pub const MAX_KEPT_VALUE_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of its key and headers together, at most; of larger ones, none.
pub const MAX_KEPT_HEAD_BYTES: usize = 64 * 1024;
/// Characters of the reason that a store keeps of what went wrong.
pub const MAX_KEPT_REASON_CHARS: usize = 1_000;
/// Bytes of a dead message's value that a list shows.
pub const MAX_LISTED_VALUE_BYTES: usize = 4 * 1024;
/// Dead letters of each kind, and parked facts, that are counted; beyond it there are "more".
pub const MAX_COUNTED_ENTRIES: u64 = 10_000;
/// Orders that are counted of each state.
pub const MAX_COUNTED_ORDERS: u64 = 100_000;
