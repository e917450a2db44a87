//! Reads Prometheus' text format 0.0.4, as our own registry writes it.
//!
//! Histograms and gauges of the client library cannot be read back, and counting everything twice would cost
//! each request something. Writing the registry as text and reading it costs about a millisecond, every
//! 2 s, while somebody looks, and takes nothing from whoever counts.

/// One line: a metric's name, its labels, its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample<'a> {
    pub(super) name: &'a str,
    labels: Vec<(&'a str, &'a str)>,
    pub(super) value: f64,
}

impl<'a> Sample<'a> {
    /// The label's value as it is written, escapes and all: ours have none.
    pub(super) fn label(&self, name: &str) -> Option<&'a str> {
        let found = self.labels.iter().find(|(label, _)| *label == name);
        found.map(|(_, value)| *value)
    }
}

/// Every sample. What is no sample is passed over.
pub(super) fn samples(text: &str) -> impl Iterator<Item = Sample<'_>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(sample)
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (Vec::new(), rest),
    };
    // A time may follow.
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Sample {
        name,
        labels,
        value,
    })
}

/// The labels up to the closing brace, and what follows it.
fn labels(mut rest: &str) -> Option<(Vec<(&str, &str)>, &str)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(',');
        if let Some(after) = rest.strip_prefix('}') {
            return Some((found, after));
        }
        let (name, quoted) = rest.split_once("=\"")?;
        let end = closing_quote(quoted)?;
        found.push((name, &quoted[..end]));
        rest = &quoted[end + 1..];
    }
}

/// Where the quote is that no backslash escapes.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::prometheus_text;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::Family;
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::registry::Registry;

    #[test]
    fn what_the_registry_writes_is_read() {
        let mut registry = Registry::default();
        let counts = Family::<Vec<(String, String)>, Counter>::default();
        let labels = [("route", "/v1/orders/{order_id}"), ("odd", "a \"}, \\ b")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        counts.get_or_create(&labels.to_vec()).inc_by(7);
        registry.register("requests", "Requests", counts);
        let times = Histogram::new([0.001, 2.5]);
        times.observe(1.0);
        registry.register("took_seconds", "Times", times);
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry).unwrap();
        let read: Vec<Sample<'_>> = samples(&text).collect();
        let requests = read
            .iter()
            .find(|one| one.name == "requests_total")
            .unwrap();
        assert_eq!(requests.value.to_string(), "7");
        assert_eq!(requests.label("route"), Some("/v1/orders/{order_id}"));
        assert_eq!(requests.label("odd"), Some("a \\\"}, \\\\ b"));
        assert_eq!(requests.label("none"), None);
        let buckets = read.iter().filter(|one| one.name == "took_seconds_bucket");
        let buckets = buckets.map(|one| (one.label("le").unwrap(), one.value.to_string()));
        let expected = [("0.001", "0"), ("2.5", "1"), ("+Inf", "1")];
        assert!(
            buckets.eq(expected.map(|(le, value)| (le, value.to_owned()))),
            "{text}"
        );
    }

    #[test]
    fn what_is_no_sample_is_passed_over() {
        let text = "# HELP a b\n\nnothing\na{b=\"c 1\na{b} 1\na x\nright 2 1700000000\n";
        let read: Vec<Sample<'_>> = samples(text).collect();
        assert_eq!(read.len(), 1);
        assert_eq!(
            (read[0].name, read[0].value.to_string()),
            ("right", "2".to_owned())
        );
    }
}
