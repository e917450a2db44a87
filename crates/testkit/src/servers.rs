//! Real servers for tests, and what breaks them. A server that cannot be had fails its test with a
//! line that says what to install; nothing is ever skipped.

pub mod certificates;
mod cpu;
mod install;
pub mod kafka;
pub mod names;
mod offspring;
mod place;
pub mod postgres;
mod process;
pub mod prometheus;
pub mod proxy;
pub mod redis;

pub use certificates::Authority;
pub use cpu::cpu_millis;
pub use kafka::Kafka;
pub use names::NameServer;
pub use postgres::{Options, Postgres, Version};
pub use prometheus::Prometheus;
pub use proxy::Proxy;
pub use redis::Redis;
