//! The feed goes out: one transactional producer for each partition, on a thread of its own.
//!
//! A transaction holds events and the cursor that stands after them. `init_transactions` fences
//! whoever published the partition before; only then is the cursor read. After any error the producer
//! is dropped and made anew: a late `EndTxn` of it is then of an old epoch, and cannot hit a later
//! transaction (librdkafka lacks transactions v2 of KIP-890).
//!
//! The way of an event: [`KafkaPublisher`] → `worker` (the thread) → `message` (what consumers see) and
//! `cursor` (how far it has come) → `producer` (one transaction). `scan` reads the cursor back.

mod cursor;
mod message;
mod producer;
mod publisher;
mod scan;
mod worker;

pub use publisher::KafkaPublisher;
