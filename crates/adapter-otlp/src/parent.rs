//! The caller's span as the parent of ours, and ours as the parent of what it causes: W3C Trace Context.
//!
//! The layer that makes spans takes the current context of OpenTelemetry as the parent where a span has
//! none of ours. So one layer before it makes the caller's the current one, and one behind it ends that;
//! edges say what came in the header, in the field `traceparent`, and need no other crate. What they hand
//! on they ask of `observe`, which asks [`TRACER`].

use observe::Tracer;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, ContextGuard};
use std::cell::RefCell;
use std::fmt::Debug;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::{self, Layer};

/// The field that edges fill.
const FIELD: &str = "traceparent";

thread_local! {
    /// Between the two layers, which are called one after the other on one thread.
    static CURRENT: RefCell<Option<ContextGuard>> = const { RefCell::new(None) };
}

/// Before the layer that makes spans.
pub(crate) struct Enter;

/// Behind it.
pub(crate) struct Leave;

impl<S: Subscriber> Layer<S> for Enter {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: layer::Context<'_, S>) {
        let mut found = Found(None);
        attributes.record(&mut found);
        if let Some(parent) = found.0 {
            let guard = Context::new().with_remote_span_context(parent).attach();
            CURRENT.with_borrow_mut(|current| *current = Some(guard));
        }
    }
}

impl<S: Subscriber> Layer<S> for Leave {
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: layer::Context<'_, S>) {
        drop(CURRENT.with_borrow_mut(Option::take));
    }
}

struct Found(Option<SpanContext>);

impl Visit for Found {
    fn record_str(&mut self, field: &Field, text: &str) {
        if field.name() == FIELD {
            self.0 = parse(text);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// What others may ask of a span.
pub(crate) const TRACER: Tracer = Tracer {
    traceparent,
    link: |span, traceparent| {
        if let Some(other) = parse(traceparent) {
            span.add_link(other);
        }
    },
};

/// Starts the span, if it has not been: its parent is known by then, since it came with its fields.
fn traceparent(span: &Span) -> Option<String> {
    let context = span.context();
    let ours = context.span().span_context().clone();
    ours.is_valid().then(|| {
        let (trace, id) = (ours.trace_id(), ours.span_id());
        format!("00-{trace}-{id}-{:02x}", ours.trace_flags())
    })
}

/// The edges have checked it: version, trace, span and flags in hexadecimal digits.
fn parse(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let span = SpanId::from_hex(parts.next()?).ok()?;
    let flags = u8::from_str_radix(parts.next()?, 16).ok()?;
    let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
    let parent = SpanContext::new(trace, span, flags, true, TraceState::default());
    parent.is_valid().then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_trace_span_and_whether_it_is_kept() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0";
        let kept = parse(&format!("{text}1")).unwrap();
        assert_eq!(
            kept.trace_id().to_string(),
            "0af7651916cd43dd8448eb211c80319c"
        );
        assert_eq!(kept.span_id().to_string(), "b7ad6b7169203331");
        assert!(kept.is_remote() && kept.is_sampled());
        assert!(!parse(&format!("{text}0")).unwrap().is_sampled());
        for text in ["", "00-1-2", "00-0-0-00", "00-x-y-z"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
