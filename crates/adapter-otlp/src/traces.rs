//! Spans: from the SDK into the queue, and from there to the collector.

use crate::config::BATCH_ITEMS;
use crate::queue::Queue;
use crate::ship::Cargo;
use opentelemetry::Context;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use std::time::Duration;
use tonic::Status;
use tonic::transport::Channel;

/// Puts spans that ended into the queue.
#[derive(Debug)]
pub(crate) struct Spans(pub(crate) Queue<SpanData>);

impl SpanProcessor for Spans {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            self.0.push(span);
        }
    }

    /// `Otlp::stop` flushes.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Takes spans to the collector.
pub(crate) struct Traces {
    client: TraceServiceClient<Channel>,
    resource: ResourceAttributesWithSchema,
}

impl Traces {
    pub(crate) fn by(channel: Channel, resource: ResourceAttributesWithSchema) -> Traces {
        Traces {
            client: TraceServiceClient::new(channel),
            resource,
        }
    }
}

impl Cargo for Traces {
    type Item = SpanData;
    type Request = ExportTraceServiceRequest;

    fn pack(&self, spans: Vec<SpanData>) -> ExportTraceServiceRequest {
        debug_assert!(spans.len() <= BATCH_ITEMS);
        ExportTraceServiceRequest {
            resource_spans: group_spans_by_resource_and_scope(spans, &self.resource),
        }
    }

    async fn send(&mut self, request: ExportTraceServiceRequest) -> Result<u64, Status> {
        let answer = self.client.export(request).await?.into_inner();
        let partial = answer.partial_success;
        Ok(partial.map_or(0, |partial| partial.rejected_spans.unsigned_abs()))
    }
}
