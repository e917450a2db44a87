//! What runs here and how it does: a page for people, and the same as JSON.

use crate::Management;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use order_core::ports::Component;
use serde::Serialize;
use std::fmt::Write;
use std::sync::Arc;

/// The page has no script and loads nothing, so it may be allowed nothing else.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1a1a1a;background:#fff}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .8rem;border-bottom:1px solid #ccc}\
.up{color:#176c2e}.down{color:#b3261e;font-weight:600}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}th,td{border-color:#444}a{color:#8ab4f8}.up{color:#7bd88f}.down{color:#ff8a80}}";

/// `/api/status`: 200 whatever it shows; the probes are what answers with a status.
pub(crate) async fn json(State(management): State<Arc<Management>>) -> Response {
    let report = management.health.report();
    let status = StatusJson {
        name: management.name,
        version: management.version,
        uptime_seconds: management.started.elapsed().as_secs(),
        ready: report.ready,
        components: report.components.iter().map(ComponentJson::from).collect(),
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(status)).into_response()
}

/// `/`: the same for people, as it was when asked for; loads itself again every 5 seconds.
pub(crate) async fn page(State(management): State<Arc<Management>>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, render(&management)).into_response()
}

#[derive(Serialize)]
struct StatusJson<'a> {
    name: &'a str,
    version: &'a str,
    uptime_seconds: u64,
    ready: bool,
    components: Vec<ComponentJson<'a>>,
}

/// A component as JSON shows it.
#[derive(Serialize)]
pub(crate) struct ComponentJson<'a> {
    name: &'a str,
    ok: bool,
    required: bool,
    detail: &'a str,
}

impl<'a> From<&'a Component> for ComponentJson<'a> {
    fn from(component: &'a Component) -> Self {
        Self {
            name: &component.name,
            ok: component.ok,
            required: component.required,
            detail: &component.detail,
        }
    }
}

fn render(management: &Management) -> String {
    let report = management.health.report();
    let name = escape(management.name);
    let version = escape(management.version);
    let uptime = uptime(management.started.elapsed().as_secs());
    let rows: String = report.components.iter().map(row).collect();
    let verdict = if report.ready {
        "<strong class=\"up\">ready</strong>"
    } else {
        "<strong class=\"down\">not ready</strong>"
    };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta http-equiv=\"refresh\" content=\"5\"><title>{name}</title><style>{STYLE}</style></head>\n\
         <body><h1>{name}</h1>\n<p>Version {version}, up for {uptime}: {verdict}.</p>\n\
         <table><thead><tr><th>Component</th><th>State</th><th>Needed to be ready</th><th>Detail</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table>\n\
         <p><a href=\"/metrics\">/metrics</a> · <a href=\"/readyz?verbose\">/readyz?verbose</a> · \
         <a href=\"/api/status\">/api/status</a></p></body></html>\n"
    )
}

fn row(component: &Component) -> String {
    let (class, state) = if component.ok {
        ("up", "up")
    } else {
        ("down", "down")
    };
    let required = if component.required { "yes" } else { "no" };
    format!(
        "<tr><td>{}</td><td class=\"{class}\">{state}</td><td>{required}</td><td>{}</td></tr>\n",
        escape(&component.name),
        escape(&component.detail),
    )
}

/// `3 d 04:05:06`.
fn uptime(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    let mut text = String::new();
    if days > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, "{days} d ");
    }
    let _ = write!(text, "{hours:02}:{minutes:02}:{seconds:02}");
    text
}

/// Details quote what dependencies said, which is not ours to trust.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_reads_as_days_and_a_clock() {
        assert_eq!(uptime(0), "00:00:00");
        assert_eq!(uptime(86_399), "23:59:59");
        assert_eq!(uptime(3 * 86_400 + 4 * 3600 + 5 * 60 + 6), "3 d 04:05:06");
    }

    #[test]
    fn markup_from_a_dependency_stays_text() {
        assert_eq!(
            escape("<b a='1' b=\"2\">&"),
            "&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;"
        );
    }
}
