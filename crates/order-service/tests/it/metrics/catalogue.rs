//! The table of all metrics: `docs/METRICS.md`.

use super::lint::labels;
use crate::exposition::Exposition;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Set: the table is written rather than compared with.
const WRITE: &str = "METRICS_WRITE";

const HEAD: &str = "# Metrics\n\n\
    What `/metrics` on the management plane tells. Written from the registry by a test, which fails when this\n\
    page is stale: `METRICS_WRITE=1 cargo nextest run -p order-service -E 'test(every_metric)'` writes it anew.\n\
    Durations are in seconds and sizes in bytes. A metric without a series is not shown: those of planes need\n\
    a bound plane, `feed_*` and `kafka_*` need Kafka, `redis_*` and `orders_cache_*` need Redis, `otlp_*` a\n\
    collector, `tls_*` a certificate.\n\n\
    Durations of REST and gRPC bear exemplars (`trace_id`) in OpenMetrics: of requests with a sampled trace,\n\
    at most four a second for each bucket.\n\n\
    | name | type | unit | labels | meaning |\n| --- | --- | --- | --- | --- |\n";

/// Metrics that have no series in a service where nothing is wrong; other tests see them.
const RARE: [(&str, &str, [&str; 3], &str); 1] = [(
    "plane_socket_violations_total",
    "counter",
    ["actual", "owner", "plane"],
    "Sockets that were not on the plane that their addresses belong to, of this process and of others in the pod",
)];

#[derive(Debug, Default)]
struct Row {
    kind: String,
    unit: String,
    labels: BTreeSet<String>,
    help: String,
}

/// Every metric that was seen, by the name that Prometheus knows.
#[derive(Debug, Default)]
pub(super) struct Catalogue(BTreeMap<String, Row>);

impl Catalogue {
    /// Adds what a scrape told.
    pub(super) fn add(&mut self, read: &Exposition, text: &str) {
        for (family, kind) in &read.types {
            let suffix = match kind.as_str() {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            let help = format!("# HELP {family} ");
            let help = text.lines().find_map(|line| line.strip_prefix(&*help));
            let of_family = |series: &&String| {
                let name = series.split('{').next().unwrap_or_default();
                let rest = name.strip_prefix(family.as_str());
                rest.is_some_and(|rest| ["", "_total", "_info", "_bucket"].contains(&rest))
            };
            let series = read.samples.keys().filter(of_family);
            let labels = series.flat_map(|series| labels(series));
            let labels = labels.map(|(label, _)| label.to_owned());
            let row = self.0.entry(format!("{family}{suffix}")).or_default();
            row.kind.clone_from(kind);
            row.unit = read.units.get(family).cloned().unwrap_or_default();
            // What is registered gets a full stop from the library, what is collected does not.
            help.unwrap_or_default()
                .trim_end_matches('.')
                .clone_into(&mut row.help);
            row.labels.extend(labels.filter(|label| label != "le"));
        }
        for (name, kind, labels, help) in RARE {
            let row = self.0.entry(name.to_owned()).or_default();
            kind.clone_into(&mut row.kind);
            row.labels.extend(labels.map(str::to_owned));
            help.clone_into(&mut row.help);
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Fails where the document says something else.
    pub(super) fn compare_with_document(&self) {
        let mut text = HEAD.to_owned();
        for (name, row) in &self.0 {
            let Row {
                kind, unit, help, ..
            } = row;
            let labels = row.labels.iter().map(|label| format!("`{label}`"));
            let labels = labels.collect::<Vec<_>>().join(", ");
            writeln!(text, "| `{name}` | {kind} | {unit} | {labels} | {help} |").unwrap();
        }
        let path = document();
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        let (here, there): (BTreeSet<_>, BTreeSet<_>) =
            (text.lines().collect(), written.lines().collect());
        let stale: Vec<_> = here.symmetric_difference(&there).collect();
        assert!(
            stale.is_empty(),
            "{}: set {WRITE}=1: {stale:#?}",
            path.display()
        );
    }
}

/// `docs/METRICS.md` of this checkout.
pub(crate) fn document() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/METRICS.md")
}
