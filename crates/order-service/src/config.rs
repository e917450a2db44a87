//! The typed configuration: every value parsed, every mistake told at once by the name under which
//! the value was given.

use crate::settings::SETTINGS;
use crate::values::{Value, Values};
use planes::{Plane, PlaneKind};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What the binary needs to know, in the types of those who need it.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) http_listen_addr: SocketAddr,
    pub(crate) mgmt_listen_addr: SocketAddr,
    pub(crate) database: PathBuf,
    pub(crate) planes: Planes,
    pub(crate) plane_wait: Duration,
    pub(crate) log_level: String,
    pub(crate) log_format: LogFormat,
    pub(crate) drain_timeout: Duration,
    pub(crate) http_max_connections: usize,
    pub(crate) http_request_timeout: Duration,
    pub(crate) store_max_queued_changes: usize,
}

/// The four planes.
#[derive(Clone, Debug)]
pub(crate) struct Planes {
    pub(crate) default: Plane,
    pub(crate) management: Plane,
    pub(crate) data: Plane,
    pub(crate) storage: Plane,
}

impl Planes {
    pub(crate) fn all(&self) -> [&Plane; 4] {
        [&self.default, &self.management, &self.data, &self.storage]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Parses all values; `terminal` tells whether logs go to one.
    pub(crate) fn parse(values: &Values, terminal: bool) -> Result<Config, Vec<String>> {
        let mut read = Reader {
            values,
            errors: Vec::new(),
        };
        let config = Config {
            http_listen_addr: read.address("http_listen_addr"),
            mgmt_listen_addr: read.address("mgmt_listen_addr"),
            database: read.database("database_url"),
            planes: Planes {
                default: read.plane("default_interface", PlaneKind::Default),
                management: read.plane("mgmt_interface", PlaneKind::Management),
                data: read.plane("data_interface", PlaneKind::Data),
                storage: read.plane("storage_interface", PlaneKind::Storage),
            },
            plane_wait: read.duration("plane_wait"),
            log_level: read.log_level("log_level"),
            log_format: read.log_format("log_format", terminal),
            drain_timeout: read.duration("drain_timeout"),
            http_max_connections: read.count("http_max_connections"),
            http_request_timeout: read.duration("http_request_timeout"),
            store_max_queued_changes: read.count("store_max_queued_changes"),
        };
        if read.errors.is_empty() {
            Ok(config)
        } else {
            Err(read.errors)
        }
    }
}

/// The effective values as a TOML file that can be read again, secrets hidden, with their sources.
pub(crate) fn render(values: &Values) -> String {
    let mut text = String::new();
    for setting in SETTINGS {
        let value = values.get(setting.key);
        let shown = if setting.secret {
            hide_password(&value.text)
        } else {
            value.text.clone()
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{} = {} # {}",
            setting.key,
            quoted(&shown),
            value.source
        );
    }
    text
}

/// A TOML basic string: JSON's escapes are a part of TOML's.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

/// A URL without the password between `user:` and `@host`.
pub(crate) fn hide_password(url: &str) -> String {
    let hidden = || {
        let (scheme, rest) = url.split_once("://")?;
        let (login, host) = rest.rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:***@{host}"))
    };
    hidden().unwrap_or_else(|| url.to_owned())
}

struct Reader<'a> {
    values: &'a Values,
    errors: Vec<String>,
}

impl Reader<'_> {
    /// The parsed value, or the fall-back and an error that names where the value came from.
    fn parse<T>(
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

    fn address(&mut self, key: &str) -> SocketAddr {
        let fallback = SocketAddr::from(([0, 0, 0, 0], 0));
        self.parse(
            key,
            fallback,
            "an address and port such as 0.0.0.0:8080",
            |text| text.parse().ok(),
        )
    }

    fn duration(&mut self, key: &str) -> Duration {
        self.parse(
            key,
            Duration::ZERO,
            "a time such as 500ms, 30s or 5m",
            parse_duration,
        )
    }

    fn count(&mut self, key: &str) -> usize {
        self.parse(key, 0, "a number of at least 1", |text| {
            text.parse().ok().filter(|count| *count > 0)
        })
    }

    fn plane(&mut self, key: &str, kind: PlaneKind) -> Plane {
        let text = self.values.get(key).text.clone();
        if text.is_empty() {
            return Plane::unbound(kind);
        }
        let must_be = "the name of a network interface, 1 to 15 characters without / and spaces";
        self.parse(key, Plane::unbound(kind), must_be, |text| {
            Plane::bound(kind, text).ok()
        })
    }

    fn database(&mut self, key: &str) -> PathBuf {
        let must_be = "sqlite:PATH; this build has no other store";
        let value = self.values.get(key);
        let path = value
            .text
            .strip_prefix("sqlite:")
            .filter(|path| !path.is_empty());
        // The value may hold a password, so it is told without it.
        if path.is_none() {
            let shown = hide_password(&value.text);
            self.errors.push(format!(
                "{key} = {shown:?} ({}): must be {must_be}",
                value.source
            ));
        }
        PathBuf::from(path.unwrap_or_default())
    }

    fn log_level(&mut self, key: &str) -> String {
        let valid = |text: &str| tracing_subscriber::EnvFilter::try_new(text).is_ok();
        let must_be =
            "error, warn, info, debug, trace, or a filter such as info,adapter_http=debug";
        self.parse(key, String::new(), must_be, |text| {
            valid(text).then(|| text.to_owned())
        })
    }

    fn log_format(&mut self, key: &str, terminal: bool) -> LogFormat {
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
    use crate::values::Layers;

    fn read(environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let find = |list: &[(&str, &str)], key: &str| {
            list.iter()
                .find(|(name, _)| *name == key)
                .map(|(_, value)| (*value).to_owned())
        };
        let values = Values::read(&Layers {
            file: None,
            environment: &|name| find(environment, name),
            flag: &|setting| find(flags, setting.key),
        })?;
        Config::parse(&values, false)
    }

    #[test]
    fn defaults_are_valid_and_flags_win_over_the_environment() {
        let config = read(&[], &[]).unwrap();
        assert_eq!(config.http_listen_addr.port(), 8080);
        assert_eq!(config.database, PathBuf::from("./data/orders.db"));
        let environment = [
            ("HTTP_LISTEN_ADDR", "127.0.0.1:1"),
            ("MGMT_LISTEN_ADDR", "127.0.0.1:2"),
        ];
        let config = read(&environment, &[("http_listen_addr", "127.0.0.1:3")]).unwrap();
        assert_eq!(
            (
                config.http_listen_addr.port(),
                config.mgmt_listen_addr.port()
            ),
            (3, 2)
        );
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_source() {
        let environment = [
            ("HTTP_LISTEN_ADDR", "here"),
            ("PLANE_WAIT", "soon"),
            ("DATABASE_URL", "postgres://me:secret@db/orders"),
            ("DATA_INTERFACE", "a/b"),
            ("LOG_FORMAT", "xml"),
            ("HTTP_MAX_CONNECTIONS", "0"),
        ];
        let errors = read(&environment, &[]).unwrap_err();
        assert_eq!(errors.len(), environment.len(), "{errors:#?}");
        assert!(
            errors[0].contains("http_listen_addr")
                && errors[0].contains("environment HTTP_LISTEN_ADDR")
        );
        assert!(
            !errors.iter().any(|error| error.contains("secret")),
            "{errors:#?}"
        );
    }

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

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(
            hide_password("postgres://me:se@cret@db/o"),
            "postgres://me:***@db/o"
        );
        assert_eq!(hide_password("sqlite:./x"), "sqlite:./x");
    }
}
