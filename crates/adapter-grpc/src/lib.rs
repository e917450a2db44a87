//! gRPC on the data plane: HTTP/2 in, the application's answers out.
//!
//! The way of a call: `serve` (a connection, and the `visitor` at its other end) → `edge` (what every
//! call has: its id, its role, its deadline, its
//! metrics, details in every error) → `service` (which method it is) → the method's own file →
//! [`Orders`](order_core::app::Orders), and back through `error`. Messages and their conversion are
//! `order-proto`'s.
//!
//! What never enters: a rule of the domain, a socket that `planes` did not make, SQL.

mod age;
mod amend;
mod batch_place;
mod call;
mod cancel;
mod change;
mod codec;
mod config;
mod context;
mod edge;
mod error;
mod get;
mod health;
mod history;
mod hold;
mod limits;
mod list;
mod method;
mod metrics;
mod orders;
mod place;
mod record_fact;
mod release;
mod serve;
mod services;
mod until_drain;
mod visitor;
mod watch;

pub use config::Config;
pub use edge::GrpcEdge;
pub use method::Method;
pub use metrics::Metrics;
pub use serve::{bind, serve};
pub use visitor::Visitor;
