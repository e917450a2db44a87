//! Facts and commands by Kafka, on the running binary with a real broker and a real PostgreSQL: rows
//! C1 to C8 of the catalogue. `kcat` is the producer: it knows nothing of this project.

mod brokers;
mod crashes;
mod dead_letters;
mod outages;
pub(crate) mod queue;
mod repairs;
mod repeats;
pub(crate) mod shop;
