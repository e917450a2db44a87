//! REST on the data plane: HTTP in, the application's answers out.
//!
//! The way of a request: `serve` (a connection, and the `visitor` at its other end) → `http_edge` (an axum router) → `router` (which call
//! it is) → `edge` (what every request has: its id, its role, its deadline, its metrics, one place where
//! problems become answers) → the call's own file → [`Orders`](order_core::app::Orders), and back
//! through `answer` or `error`.
//!
//! What never enters: a rule of the domain, a socket that `planes` did not make, SQL.

mod amend;
mod answer;
mod batch_place;
mod body;
mod cache_control;
mod call;
mod cancel;
mod change;
mod changes;
mod condition;
mod config;
mod context;
mod docs;
mod edge;
mod error;
mod get;
mod history;
mod hold;
mod http_edge;
mod idempotency;
mod limits;
mod list;
mod media;
mod metrics;
mod openapi;
mod operation;
mod parameters;
mod place;
mod probes;
mod query;
mod record_fact;
mod release;
mod route;
mod router;
mod serve;
mod sse;
mod visitor;
mod watch;

pub use config::Config;
pub use http_edge::HttpEdge;
pub use metrics::Metrics;
pub use openapi::openapi;
pub use operation::Operation;
pub use serve::{bind, serve};
pub use visitor::Visitor;
