//! The caller's span as the parent of ours: W3C Trace Context, from the field `traceparent` of a span.
//!
//! The layer that makes spans takes the current context of OpenTelemetry as the parent where a span has
//! none of ours. So one layer before it makes the caller's the current one, and one behind it ends that;
//! edges say what came in the header and need no other crate.

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, ContextGuard};
use std::cell::RefCell;
use std::fmt::Debug;
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
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
