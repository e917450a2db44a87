//! The dashboard and the alert rules ask only for what there is: each metric and label of theirs stands in
//! `docs/METRICS.md`, which another test holds against a running service.

use super::catalogue::document;
use super::lint::PREFIXES;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use testkit::servers::prometheus::promtool;

/// Labels that a scrape adds.
const ADDED: [&str; 5] = ["instance", "job", "le", "namespace", "pod"];
/// What a histogram's series are called beside its name.
const OF_HISTOGRAM: [&str; 3] = ["_bucket", "_count", "_sum"];
/// What Grafana puts in, and something in its place.
const VARIABLES: [(&str, &str); 3] = [
    ("$__rate_interval", "5m"),
    ("$namespace", ".*"),
    ("$instance", ".*"),
];

fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../k8s")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The documented metrics, with their labels.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(document()).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let labels = cells[4]
            .split(", ")
            .map(|label| label.trim_matches('`').to_owned());
        (cells[1].trim_matches('`').to_owned(), labels.collect())
    };
    rows.map(row).collect()
}

/// Metrics of an expression, each with the labels that it is chosen by.
fn asked(expression: &str) -> Vec<(String, Vec<String>)> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut all = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(is_word) {
        let word = rest[start..]
            .split(|letter| !is_word(letter))
            .next()
            .unwrap_or_default();
        let after = &rest[start + word.len()..];
        let braces = after
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'));
        if PREFIXES.iter().any(|prefix| word.starts_with(prefix)) && word.contains('_') {
            let pairs = braces.map_or("", |(inside, _)| inside).split("\",");
            let labels = pairs.filter_map(|pair| pair.split(['=', '!']).next());
            let labels = labels.map(|label| label.trim().to_owned());
            let labels = labels.filter(|label| !label.is_empty());
            all.push((word.to_owned(), labels.collect()));
        }
        rest = braces.map_or(after, |(_, rest)| rest);
    }
    all
}

fn check(what: &str, expression: &str, known: &BTreeMap<String, BTreeSet<String>>) {
    let metrics = asked(expression);
    assert!(
        !metrics.is_empty() || expression.contains("up{"),
        "{what} asks for nothing"
    );
    for (name, labels) in metrics {
        let of_histogram = OF_HISTOGRAM
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix));
        let found = known.get(&name).or_else(|| known.get(of_histogram?));
        let found = found.unwrap_or_else(|| panic!("{what}: there is no metric {name}"));
        for label in labels {
            let has = found.contains(&label) || ADDED.contains(&label.as_str());
            assert!(has, "{what}: {name} has no label {label}");
        }
    }
}

/// Every query of the dashboard with its panel's title.
fn queries(dashboard: &Value) -> Vec<(String, String)> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let of_panel = |panel: &Value| {
        let title = panel["title"].as_str().unwrap().to_owned();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        let query =
            move |target: Value| (title.clone(), target["expr"].as_str().unwrap().to_owned());
        targets.into_iter().map(query).collect::<Vec<_>>()
    };
    panels.flat_map(of_panel).collect()
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are_in_words_that_prometheus_knows() {
    let dashboard: Value = serde_json::from_str(&file("grafana/order-service.json")).unwrap();
    let (queries, known) = (queries(&dashboard), documented());
    assert!(queries.len() > 50, "{}", queries.len());
    let mut rules = "groups: [{name: dashboard, rules: [\n".to_owned();
    for (nth, (panel, query)) in queries.iter().enumerate() {
        check(panel, query, &known);
        let mut query = query.clone();
        for (variable, value) in VARIABLES {
            query = query.replace(variable, value);
        }
        let query = query.replace('\'', "''");
        writeln!(rules, "{{record: 'q:{nth}', expr: '{query}'}},").unwrap();
    }
    rules.push_str("]}]\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, rules).unwrap();
    let checked = promtool(&["check", "rules", file.to_str().unwrap()], "");
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
    let mut places = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(
            places.insert(panel["gridPos"].to_string()),
            "one place twice: {panel}"
        );
    }
}

#[test]
fn alerts_ask_for_metrics_that_there_are() {
    let (rules, known) = (file("prometheus/rules.yaml"), documented());
    let mut alerts = 0;
    for alert in rules.split("- alert: ").skip(1) {
        let name = alert.lines().next().unwrap();
        let (_, expression) = alert.split_once("expr: ").unwrap();
        let (expression, _) = expression.split_once("\n        for: ").unwrap();
        check(name, expression, &known);
        alerts += 1;
    }
    assert!(alerts > 20, "{alerts}");
}

#[test]
fn metrics_and_labels_of_an_expression_are_found() {
    let expression = r#"sum by (plane) (rate(plane_errors_total{plane="x,y",kind!="a"}[5m])) > on (job) up{job="a"} or db_queue_changes"#;
    let labels = vec!["plane".to_owned(), "kind".to_owned()];
    let expected = vec![
        ("plane_errors_total".to_owned(), labels),
        ("db_queue_changes".to_owned(), Vec::new()),
    ];
    assert_eq!(asked(expression), expected);
}
