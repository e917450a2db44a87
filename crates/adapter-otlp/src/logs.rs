//! Log lines: from the SDK into the queue, and from there to the collector.

use crate::queue::Queue;
use crate::ship::Cargo;
use opentelemetry::InstrumentationScope;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope as Scope;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogProcessor, SdkLogRecord};
use std::collections::BTreeMap;
use std::time::Duration;
use tonic::Status;
use tonic::transport::Channel;

/// A line and the module that wrote it.
#[derive(Debug)]
pub(crate) struct Line {
    target: String,
    record: LogRecord,
}

/// Puts lines into the queue.
#[derive(Debug)]
pub(crate) struct Lines(pub(crate) Queue<Line>);

impl LogProcessor for Lines {
    fn emit(&self, record: &mut SdkLogRecord, _scope: &InstrumentationScope) {
        let target = record.target().map(ToString::to_string);
        self.0.push(Line {
            target: target.unwrap_or_default(),
            record: LogRecord::from(&*record),
        });
    }

    /// `Otlp::stop` flushes.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Takes lines to the collector.
pub(crate) struct Logs {
    client: LogsServiceClient<Channel>,
    resource: Resource,
}

impl Logs {
    pub(crate) fn by(channel: Channel, resource: ResourceAttributesWithSchema) -> Logs {
        Logs {
            client: LogsServiceClient::new(channel),
            resource: Resource {
                attributes: resource.attributes.0,
                ..Resource::default()
            },
        }
    }
}

impl Cargo for Logs {
    type Item = Line;
    type Request = ExportLogsServiceRequest;

    fn pack(&self, lines: Vec<Line>) -> ExportLogsServiceRequest {
        let mut by_target: BTreeMap<String, Vec<LogRecord>> = BTreeMap::new();
        for Line { target, record } in lines {
            by_target.entry(target).or_default().push(record);
        }
        let scope = |(name, log_records)| ScopeLogs {
            scope: Some(Scope {
                name,
                ..Scope::default()
            }),
            log_records,
            ..ScopeLogs::default()
        };
        ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                resource: Some(self.resource.clone()),
                scope_logs: by_target.into_iter().map(scope).collect(),
                ..ResourceLogs::default()
            }],
        }
    }

    async fn send(&mut self, request: ExportLogsServiceRequest) -> Result<u64, Status> {
        let answer = self.client.export(request).await?.into_inner();
        let partial = answer.partial_success;
        Ok(partial.map_or(0, |partial| partial.rejected_log_records.unsigned_abs()))
    }
}
