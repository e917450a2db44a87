//! Real servers for tests, and what breaks them. A server that cannot be had fails its test with a
//! line that says what to install; nothing is ever skipped.

mod cpu;
mod install;
mod offspring;
pub mod postgres;
pub mod proxy;

pub use cpu::cpu_millis;
pub use postgres::{Options, Postgres, Version};
pub use proxy::Proxy;
