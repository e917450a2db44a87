//! Logs: one line for each thing that an operator may want to know, on standard error, so that the
//! output of commands stays clean.

use crate::config::LogFormat;
use std::io;
use tracing_subscriber::EnvFilter;

/// Starts logging. `level` was checked when the configuration was read.
pub(crate) fn init(level: &str, format: LogFormat, terminal: bool) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_writer(io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(terminal).with_target(false).init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .init(),
    }
}
