//! Logs: one line for each thing that an operator may want to know, on standard error, so that the
//! output of commands stays clean. Where a collector is named it gets them too, and traces.

use crate::config::{Config, LogFormat};
use crate::health::Health;
use adapter_otlp::Otlp;
use order_core::ports::Component;
use std::io::{self, IsTerminal};
use tracing::Subscriber;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Starts logging. The level was checked when the configuration was read.
pub(crate) fn init(config: &Config) {
    let filtered = lines(config.log_format).with_filter(EnvFilter::new(&config.log_level));
    tracing_subscriber::registry().with(filtered).init();
}

/// The same where a collector is named. Must be called inside the runtime.
pub(crate) fn init_shipping(config: &Config) -> Option<Otlp> {
    let Some(collector) = &config.otlp else {
        init(config);
        return None;
    };
    let otlp = Otlp::start(collector);
    let filter = || EnvFilter::new(&config.log_level);
    tracing_subscriber::registry()
        .with(otlp.layer(filter()))
        .with(lines(config.log_format).with_filter(filter()))
        .init();
    Some(otlp)
}

/// Tells of the collector, which is never needed.
pub(crate) fn health(health: &Health, config: &Config, otlp: &Otlp) {
    let (trouble, place) = (otlp.trouble(), config.otlp.as_ref());
    let place = place.map_or_else(String::new, |config| config.endpoint.to_string());
    health.also(Box::new(move || {
        let trouble = trouble();
        Component {
            name: "otlp".to_owned(),
            ok: trouble.is_none(),
            required: false,
            detail: trouble.unwrap_or_else(|| place.clone()),
        }
    }));
}

/// Ships what waits, within its bound.
pub(crate) async fn stop(otlp: Option<Otlp>) {
    if let Some(otlp) = otlp
        && !otlp.stop().await
    {
        tracing::warn!("the collector did not take all traces and logs in time; the rest is lost");
    }
}

fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Text => lines
            .with_ansi(io::stderr().is_terminal())
            .with_target(false)
            .boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .boxed(),
    }
}
