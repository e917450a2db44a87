//! What `promtool check metrics` does not look at: prefixes, units, labels, and that both formats say the
//! same.

use crate::exposition::Exposition;
use std::collections::{BTreeMap, BTreeSet};

/// Whose every metric is one of. `build` is `build_info`.
pub(super) const PREFIXES: [&str; 13] = [
    "build",
    "db_",
    "feed_",
    "files_",
    "http_server_",
    "kafka_",
    "orders_",
    "otlp_",
    "plane_",
    "process_",
    "redis_",
    "rpc_server_",
    "tls_",
];
/// Labels whose values are a closed list: of words in the code, or of settings.
const LABELS: [&str; 31] = [
    "actual",
    "bucket",
    "cause",
    "client",
    "code",
    "component",
    "direction",
    "kind",
    "le",
    "listener",
    "method",
    "outcome",
    "owner",
    "partition",
    "plane",
    "reason",
    "required",
    "route",
    "setting",
    "signal",
    "state",
    "status",
    "store",
    "topic",
    "type",
    "version",
    "chore",
    "result",
    "role",
    "source",
    "action",
];
/// Values of one label, at most.
const MOST_VALUES: usize = 40;
/// Units that are not the base ones.
const WRONG_UNITS: [&str; 8] = [
    "_ms",
    "_millis",
    "_milliseconds",
    "_micros",
    "_minutes",
    "_kb",
    "_kib",
    "_percent",
];
/// Names with a unit that their registration does not tell; each wants `register_with_unit`.
const UNIT_UNTOLD: [&str; 1] = ["plane_audit_seconds"];

pub(super) fn check(read: &Exposition) {
    assert!(read.ended, "no # EOF");
    for (name, kind) in &read.types {
        let known = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        assert!(known, "{name} has a prefix of its own");
        assert!(read.helped.contains(name), "{name} has no help");
        assert!(
            !name.ends_with("_total"),
            "{name} would end in _total twice"
        );
        let wrong = WRONG_UNITS.iter().find(|unit| name.ends_with(**unit));
        assert_eq!(wrong, None, "{name} is not in the base unit");
        let unit = ["seconds", "bytes"]
            .into_iter()
            .find(|unit| name.ends_with(unit));
        if !UNIT_UNTOLD.contains(&name.as_str()) {
            assert_eq!(
                read.units.get(name).map(String::as_str),
                unit,
                "the unit of {name}"
            );
        }
        let kinds = ["counter", "gauge", "histogram", "info"];
        assert!(kinds.contains(&kind.as_str()), "{name} is a {kind}");
    }
    let mut values: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for series in read.samples.keys() {
        for (label, value) in labels(series) {
            assert!(
                LABELS.contains(&label),
                "{label} of {series}: is it bounded?"
            );
            let name = series.split('{').next().unwrap_or_default();
            let of_label = values.entry((name.to_owned(), label.to_owned()));
            of_label.or_default().insert(value.to_owned());
        }
    }
    for (label, values) in values {
        assert!(
            values.len() <= MOST_VALUES,
            "{label:?} has {} values",
            values.len()
        );
    }
}

/// Label and value of each pair; no value here holds a comma.
pub(super) fn labels(series: &str) -> impl Iterator<Item = (&str, &str)> {
    let inside = series
        .split_once('{')
        .map_or("", |(_, rest)| rest.trim_end_matches('}'));
    let pairs = inside.split(',').filter(|pair| !pair.is_empty());
    pairs.filter_map(|pair| {
        let (label, value) = pair.split_once('=')?;
        Some((label, value.trim_matches('"')))
    })
}

/// The series, whatever order its labels have and however it writes numbers.
fn plain(series: &str) -> String {
    let name = series.split('{').next().unwrap_or_default();
    let pairs: BTreeSet<String> = labels(series)
        .map(|(label, value)| match value.parse::<f64>() {
            Ok(number) if label == "le" => format!("{label}={number}"),
            _ => format!("{label}={value}"),
        })
        .collect();
    format!("{name}{pairs:?}")
}

/// Series that only one of two scrapes in the two formats has; a young one may have come in between.
pub(super) fn in_one_alone(classic: &Exposition, openmetrics: &Exposition) -> Vec<String> {
    let series = |read: &Exposition| -> BTreeSet<String> {
        read.samples.keys().map(|series| plain(series)).collect()
    };
    let (old, new) = (series(classic), series(openmetrics));
    old.symmetric_difference(&new).cloned().collect()
}
