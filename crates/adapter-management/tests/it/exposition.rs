//! A strict reader of the two text formats: every line must be one that the format knows.

use std::collections::BTreeMap;

/// What a scrape said.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    /// The type of each metric family.
    pub(crate) types: BTreeMap<String, String>,
    /// The units, of which only one of the formats tells.
    pub(crate) units: BTreeMap<String, String>,
    /// The families that have a help text.
    pub(crate) helped: Vec<String>,
    /// Name and labels as written → value.
    pub(crate) samples: BTreeMap<String, f64>,
    /// The trace of each exemplar, by the series that bears it; one of the formats has none.
    pub(crate) exemplars: BTreeMap<String, String>,
    /// Whether the last line was the end mark, which only one of the formats has.
    pub(crate) ended: bool,
}

impl Exposition {
    pub(crate) fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has no end");
        let mut read = Self::default();
        for line in text.lines() {
            assert!(!read.ended, "a line after the end: {line}");
            read.line(line);
        }
        read
    }

    fn line(&mut self, line: &str) {
        if line == "# EOF" {
            self.ended = true;
        } else if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (keyword, family) = (words.next().unwrap(), words.next().unwrap());
            let rest = words.next().unwrap_or_else(|| panic!("cut short: {line}"));
            assert_is_name(family);
            let doubled = match keyword {
                "TYPE" => self.types.insert(family.to_owned(), rest.to_owned()),
                "UNIT" => self.units.insert(family.to_owned(), rest.to_owned()),
                "HELP" => {
                    self.helped.push(family.to_owned());
                    None
                }
                _ => panic!("neither format has this line: {line}"),
            };
            assert_eq!(doubled, None, "said twice: {line}");
        } else {
            let (line, exemplar) = match line.split_once(" # ") {
                Some((line, exemplar)) => (line, Some(exemplar)),
                None => (line, None),
            };
            let (series, value) = line
                .rsplit_once(' ')
                .unwrap_or_else(|| panic!("no value: {line}"));
            assert_is_series(series);
            let value = value
                .parse()
                .unwrap_or_else(|_| panic!("no number: {line}"));
            if let Some(exemplar) = exemplar {
                let trace = trace_of(exemplar).to_owned();
                self.exemplars.insert(series.to_owned(), trace);
            }
            let doubled = self.samples.insert(series.to_owned(), value);
            assert_eq!(doubled, None, "said twice: {line}");
        }
    }

    pub(crate) fn value(&self, series: &str) -> f64 {
        let value = self.samples.get(series);
        *value.unwrap_or_else(|| panic!("{series} is not in {self:#?}"))
    }
}

/// `{trace_id="…"} value`, of which `OpenMetrics` allows 128 characters of labels.
fn trace_of(exemplar: &str) -> &str {
    let (labels, value) = exemplar
        .split_once(' ')
        .unwrap_or_else(|| panic!("no exemplar: {exemplar}"));
    assert!(value.parse::<f64>().is_ok(), "no number: {exemplar}");
    let trace = labels.strip_prefix("{trace_id=\"");
    let trace = trace.and_then(|rest| rest.strip_suffix("\"}"));
    trace.unwrap_or_else(|| panic!("no trace: {exemplar}"))
}

/// `name` or `name{label="value",…}`.
fn assert_is_series(series: &str) {
    let Some((name, labels)) = series.split_once('{') else {
        return assert_is_name(series);
    };
    assert_is_name(name);
    let labels = labels
        .strip_suffix('}')
        .unwrap_or_else(|| panic!("no brace: {series}"));
    for label in labels.split(',') {
        let (key, value) = label
            .split_once('=')
            .unwrap_or_else(|| panic!("no label: {series}"));
        assert_is_name(key);
        assert!(
            value.len() >= 2 && value.starts_with('"') && value.ends_with('"'),
            "{series}"
        );
    }
}

fn assert_is_name(name: &str) {
    let ok = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':');
    assert!(ok, "no metric's name: {name:?}");
}
