//! Reads single values; every mistake names the value and where it came from.

use super::{LogFormat, Planes};
use crate::values::{Value, Values};
use planes::{Plane, PlaneKind};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

/// More threads than any machine's cores are worth.
const MAX_EDGE_THREADS: usize = 256;

pub(super) struct Reader<'a> {
    pub(super) values: &'a Values,
    pub(super) errors: Vec<String>,
}

impl Reader<'_> {
    /// The parsed value, or the fall-back and an error that names where the value came from.
    pub(super) fn parse<T>(
        &mut self,
        key: &str,
        fallback: T,
        must_be: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        let Value { text, source } = self.values.get(key);
        parse(text).unwrap_or_else(|| {
            self.errors
                .push(format!("{key} = {text:?} ({source}): must be {must_be}"));
            fallback
        })
    }

    pub(super) fn address(&mut self, key: &str) -> SocketAddr {
        let fallback = SocketAddr::from(([0, 0, 0, 0], 0));
        self.parse(
            key,
            fallback,
            "an address and port such as 0.0.0.0:8080",
            |text| text.parse().ok(),
        )
    }

    pub(super) fn duration(&mut self, key: &str) -> Duration {
        self.parse(
            key,
            Duration::ZERO,
            "a time such as 500ms, 30s or 5m",
            parse_duration,
        )
    }

    pub(super) fn duration_from(&mut self, key: &str, least: Duration) -> Duration {
        let must_be = format!("a time such as 5s, at least {least:?}");
        self.parse(key, least, &must_be, |text| {
            parse_duration(text).filter(|time| *time >= least)
        })
    }

    pub(super) fn count(&mut self, key: &str) -> usize {
        self.parse(key, 0, "a number of at least 1", |text| {
            text.parse().ok().filter(|count| *count > 0)
        })
    }

    pub(super) fn count_up_to(&mut self, key: &str, most: u32) -> u32 {
        self.parse(key, 1, &format!("a number from 1 to {most}"), |text| {
            text.parse().ok().filter(|count| (1..=most).contains(count))
        })
    }

    /// One core is left to the store's thread, which has a part in every call.
    pub(super) fn edge_threads(&mut self, key: &str) -> usize {
        let wanted = format!("auto, or a number from 1 to {MAX_EDGE_THREADS}");
        self.parse(key, 1, &wanted, |text| match text {
            "auto" => {
                let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
                Some(cores.saturating_sub(1).clamp(1, MAX_EDGE_THREADS))
            }
            text => {
                let count = text.parse().ok();
                count.filter(|count| (1..=MAX_EDGE_THREADS).contains(count))
            }
        })
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        self.parse(key, false, "true or false", |text| text.parse().ok())
    }

    pub(super) fn text(&self, key: &str) -> String {
        self.values.get(key).text.clone()
    }

    /// A file; `None` where none is named.
    pub(super) fn file(&self, key: &str) -> Option<PathBuf> {
        let text = self.text(key);
        (!text.is_empty()).then(|| text.into())
    }

    /// An address; `None` where none is set.
    pub(super) fn ip(&mut self, key: &str) -> Option<IpAddr> {
        self.parse(key, None, "an address such as 192.0.2.7", |text| {
            let parsed = text.parse().ok();
            (text.is_empty() || parsed.is_some()).then_some(parsed)
        })
    }

    pub(super) fn text_that_is_set(&mut self, key: &str) -> String {
        self.parse(key, String::new(), "set", |text| {
            (!text.is_empty()).then(|| text.to_owned())
        })
    }

    pub(super) fn plane(&mut self, key: &str, kind: PlaneKind) -> Plane {
        let text = self.values.get(key).text.clone();
        if text.is_empty() {
            return Plane::unbound(kind);
        }
        let must_be = "the name of a network interface, 1 to 15 characters without / and spaces";
        self.parse(key, Plane::unbound(kind), must_be, |text| {
            Plane::bound(kind, text).ok()
        })
    }

    /// The plane with this name.
    pub(super) fn dns_plane(&mut self, key: &str, planes: &Planes) -> Plane {
        let must_be = "default, management, data or storage";
        self.parse(key, planes.default.clone(), must_be, |text| {
            let named = |plane: &&Plane| plane.kind().name() == text;
            planes.all().into_iter().find(named).cloned()
        })
    }

    pub(super) fn log_level(&mut self, key: &str) -> String {
        let valid = |text: &str| tracing_subscriber::EnvFilter::try_new(text).is_ok();
        let must_be =
            "error, warn, info, debug, trace, or a filter such as info,adapter_http=debug";
        self.parse(key, String::new(), must_be, |text| {
            valid(text).then(|| text.to_owned())
        })
    }

    pub(super) fn log_format(&mut self, key: &str, terminal: bool) -> LogFormat {
        self.parse(
            key,
            LogFormat::Json,
            "text, json or auto",
            |text| match text {
                "text" => Some(LogFormat::Text),
                "auto" if terminal => Some(LogFormat::Text),
                "json" | "auto" => Some(LogFormat::Json),
                _ => None,
            },
        )
    }
}

/// A whole number and its unit: `500ms`, `30s`, `5m`, `1h`.
fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(millis).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("5m"), Some(Duration::from_mins(5)));
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "1.5s",
            "99999999999999999999s",
            "18446744073709551615h",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
