//! What the edges observe of a request in the same way: the trace that it belongs to, and its duration,
//! with examples (exemplars) that name a trace to look at.
//!
//! What never enters: OpenTelemetry (whoever ships traces tells [`Tracer`] what it knows), a wire format, a
//! registry.

mod active;
mod durations;
mod tracer;

pub use active::Active;
pub use durations::{DURATION_BUCKETS_SECONDS, Durations, TraceId};
pub use tracer::{Tracer, link, own_traceparent};

/// False in a build that shows what counting costs (`cargo xtask bench --metrics`), and in no other.
const COUNTING: bool = !cfg!(feature = "no-metrics");
