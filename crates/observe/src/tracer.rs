//! What is known of a span by whoever ships traces. Nobody does where no collector is named: then a look
//! here is one load of a static, and every answer is "nothing".

use std::sync::OnceLock;
use tracing::Span;

/// Whoever makes spans of OpenTelemetry out of those of `tracing`. It is told once for the process, as the
/// dispatcher of `tracing` is; both functions look at the dispatcher of the span that they are given.
#[derive(Clone, Copy, Debug)]
pub struct Tracer {
    /// The span as a W3C `traceparent` that names it as the parent; none where it is not traced.
    pub traceparent: fn(&Span) -> Option<String>,
    /// Links a span to the one that a `traceparent` names.
    pub link: fn(&Span, &str),
}

static TRACER: OnceLock<Tracer> = OnceLock::new();

impl Tracer {
    /// Has spans looked at by this one. The first one told stays.
    pub fn install(self) {
        _ = TRACER.set(self);
    }
}

/// The span as a W3C `traceparent`, for what it causes. None where spans are not shipped.
pub fn own_traceparent(span: &Span) -> Option<String> {
    let tracer = TRACER.get()?;
    (tracer.traceparent)(span)
}

/// Links `span` to the span that `traceparent` names; does nothing where spans are not shipped.
pub fn link(span: &Span, traceparent: &str) {
    if let Some(tracer) = TRACER.get() {
        (tracer.link)(span, traceparent);
    }
}
