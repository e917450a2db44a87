//! What replicas share beside the store: Redis, and how often a caller may call.

use super::reader::Reader;
use super::render::hide_password;
use crate::setting::Source;
use adapter_redis::Secret;
use order_core::ports::Rate;
use planes::{Peer, Plane, Resolver};
use std::net::{Ipv4Addr, SocketAddr};

/// Calls of a rate, and of a burst, at most.
const MAX_RATE_CALLS: u32 = 1_000_000;

/// What was chosen.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    /// `None`: nothing is shared; limits are of each process.
    pub(crate) redis: Option<adapter_redis::Config>,
    /// `None`: callers call as often as they like.
    pub(crate) rate: Option<Rate>,
}

impl Reader<'_> {
    /// Redis, by `storage` and found by `resolver`, and the rate.
    pub(super) fn shared(&mut self, storage: Plane, resolver: Resolver) -> Shared {
        let (url, host) = (self.text("redis_url"), self.text("redis_host"));
        let redis = match (url.is_empty(), host.is_empty()) {
            (true, true) => None,
            (false, _) => self.redis_of_url(&url, !host.is_empty()),
            (true, false) => Some(self.redis_of_parts(&host)),
        };
        let prefix = self.parse(
            "redis_prefix",
            String::new(),
            "1 to 64 characters without spaces",
            |text| {
                let fits = (1..=64).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_graphic());
                fits.then(|| text.to_owned())
            },
        );
        let by_url = redis.as_ref().is_some_and(|config| config.tls.is_some());
        let tls = redis
            .is_some()
            .then(|| self.client_tls("redis", by_url))
            .flatten();
        Shared {
            redis: redis.map(|config| adapter_redis::Config {
                plane: storage,
                resolver,
                tls,
                prefix,
                ..config
            }),
            rate: self.rate(),
        }
    }

    fn redis_of_url(&mut self, url: &str, host_too: bool) -> Option<adapter_redis::Config> {
        let source = &self.values.get("redis_url").source;
        if host_too {
            self.errors.push(format!(
                "redis_url ({source}) and redis_host are both set; keep one"
            ));
        }
        // The value may hold a password, so it is told without it.
        let shown = hide_password(url);
        match adapter_redis::Config::from_url(url) {
            Ok(config) => Some(config),
            Err(error) => {
                self.errors
                    .push(format!("redis_url = {shown:?} ({source}): {error}"));
                None
            }
        }
    }

    fn redis_of_parts(&mut self, host: &str) -> adapter_redis::Config {
        let port = self.parse("redis_port", 0, "a port from 1 to 65535", |text| {
            text.parse().ok().filter(|port| *port > 0)
        });
        let fallback = Peer::from(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        let must_be = "a name or an address, such as cache.example or 10.30.0.11";
        // A port that is wrong was told of already.
        let peer = self.parse("redis_host", fallback, must_be, |_| {
            Peer::new(host, port.max(1)).ok()
        });
        let set = |text: String| (!text.is_empty()).then_some(text);
        let (user, password) = (
            set(self.text("redis_user")),
            set(self.text("redis_password")),
        );
        if user.is_some() && password.is_none() {
            let source = &self.values.get("redis_user").source;
            self.errors.push(format!(
                "redis_user ({source}) is set without redis_password"
            ));
        }
        adapter_redis::Config {
            user,
            password: password.map(Secret),
            ..adapter_redis::Config::at(peer)
        }
    }

    fn rate(&mut self) -> Option<Rate> {
        let must_be = "calls in a second, minute or hour, such as 100/s, 6000/m or 100000/h";
        let limit = self.parse("rate_limit", None, must_be, |text| {
            if text.is_empty() {
                Some(None)
            } else {
                parse_rate(text).map(Some)
            }
        });
        let must_be = format!("a number from 1 to {MAX_RATE_CALLS}, with rate_limit");
        let burst = self.parse("rate_limit_burst", None, &must_be, |text| {
            if text.is_empty() {
                Some(None)
            } else {
                calls(text).map(Some)
            }
        });
        let (tokens, period_millis) = limit?;
        Some(Rate {
            tokens,
            period_millis,
            burst: burst.unwrap_or(tokens),
        })
    }
}

/// Calls, and the period in milliseconds.
fn parse_rate(text: &str) -> Option<(u32, u32)> {
    let (number, unit) = text.split_once('/')?;
    let period_millis = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some((calls(number)?, period_millis))
}

fn calls(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let count = text.parse().ok().filter(|_| digits)?;
    (1..=MAX_RATE_CALLS).contains(&count).then_some(count)
}

/// Where the limits and copies are, for people; no secrets.
pub(crate) fn describe(redis: &adapter_redis::Config) -> String {
    let how = if redis.tls.is_some() { " by TLS" } else { "" };
    format!("Redis at {}{how}", redis.peer)
}

impl Shared {
    /// Whether anything of Redis was set without saying where it is.
    pub(super) fn check(read: &mut Reader<'_>) {
        if !read.text("redis_url").is_empty() || !read.text("redis_host").is_empty() {
            return;
        }
        for key in [
            "redis_user",
            "redis_password",
            "redis_port",
            "redis_prefix",
            "redis_tls_mode",
            "redis_tls_ca_file",
            "redis_tls_cert_file",
            "redis_tls_key_file",
        ] {
            let source = &read.values.get(key).source;
            if *source != Source::Default && !matches!(source, Source::File(_)) {
                read.errors.push(format!(
                    "{key} ({source}) is set without redis_url or redis_host"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    fn shared(environment: &[(&str, &str)]) -> Shared {
        read(environment, &[]).unwrap().shared
    }

    #[test]
    fn a_url_and_parts_name_the_same_redis_and_nothing_names_none() {
        assert!(shared(&[]).redis.is_none());
        let url = shared(&[("REDIS_URL", "redis://me:pw@10.30.0.11:7000")]);
        let parts = shared(&[
            ("REDIS_HOST", "10.30.0.11"),
            ("REDIS_PORT", "7000"),
            ("REDIS_USER", "me"),
            ("REDIS_PASSWORD", "pw"),
            ("REDIS_PREFIX", "shop"),
            ("STORAGE_INTERFACE", "net3"),
        ]);
        let (url, parts) = (url.redis.unwrap(), parts.redis.unwrap());
        assert_eq!(
            (url.peer, &url.user, &url.password, url.prefix.as_str()),
            (parts.peer, &parts.user, &parts.password, "orders")
        );
        assert_eq!(parts.plane.interface(), Some("net3"));
        assert_eq!(parts.prefix, "shop");
    }

    #[test]
    fn a_rate_has_a_unit_and_its_burst_is_its_own_number_unless_said() {
        assert_eq!(shared(&[]).rate, None);
        for (limit, burst, tokens, period_millis, full) in [
            ("100/s", "", 100, 1_000, 100),
            ("6000/m", "50", 6_000, 60_000, 50),
            ("1/h", "", 1, 3_600_000, 1),
        ] {
            let environment = [("RATE_LIMIT", limit), ("RATE_LIMIT_BURST", burst)];
            let rate = Rate {
                tokens,
                period_millis,
                burst: full,
            };
            assert_eq!(shared(&environment).rate, Some(rate), "{limit}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_told_without_the_password() {
        for (environment, words) in [
            (&[("REDIS_URL", "redis://me:secret@10.0.0")][..], "address"),
            (&[("REDIS_URL", "http://me:secret@10.0.0.1")], "redis://"),
            (
                &[
                    ("REDIS_URL", "redis://:secret@10.0.0.1"),
                    ("REDIS_HOST", "10.0.0.1"),
                ],
                "keep one",
            ),
            (&[("REDIS_HOST", "cache example")], "10.30.0.11"),
            (&[("REDIS_HOST", "10.0.0.1"), ("REDIS_PORT", "0")], "a port"),
            (
                &[("REDIS_HOST", "10.0.0.1"), ("REDIS_USER", "me")],
                "redis_password",
            ),
            (
                &[("REDIS_HOST", "10.0.0.1"), ("REDIS_PREFIX", "a b")],
                "spaces",
            ),
            (&[("REDIS_PASSWORD", "secret")], "without redis_url"),
            (&[("RATE_LIMIT", "100")], "100/s"),
            (&[("RATE_LIMIT", "0/s")], "100/s"),
            (&[("RATE_LIMIT", "+5/s")], "100/s"),
            (&[("RATE_LIMIT", "5/d")], "100/s"),
            (
                &[("RATE_LIMIT", "5/s"), ("RATE_LIMIT_BURST", "0")],
                "1000000",
            ),
        ] {
            let text = read(environment, &[]).unwrap_err().join("\n");
            assert!(text.contains(words) && !text.contains("secret"), "{text}");
        }
    }
}
