//! What the adapter measures. Every handle is looked up once.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Of the connection.
#[derive(Clone, Debug)]
pub(crate) struct LinkMetrics {
    up: Gauge,
    opened: Counter,
    timeouts: Counter,
    broken: Counter,
    refused: Counter,
}

/// How a call failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    Timeout,
    Connection,
    Refused,
}

impl LinkMetrics {
    pub(crate) fn new(registry: &mut Registry) -> LinkMetrics {
        let (up, opened) = (Gauge::default(), Counter::default());
        let failures = Family::<Cause, Counter>::default();
        registry.register(
            "redis_up",
            "Whether Redis is used: 1 while the breaker is closed, 0 while it is open",
            up.clone(),
        );
        registry.register(
            "redis_breaker_opened",
            "How often the breaker opened",
            opened.clone(),
        );
        registry.register(
            "redis_calls_failed",
            "Calls to Redis that failed; while the breaker is open none is made",
            failures.clone(),
        );
        let of = |cause| failures.get_or_create_owned(&Cause { cause });
        LinkMetrics {
            up,
            opened,
            timeouts: of("timeout"),
            broken: of("connection"),
            refused: of("refused"),
        }
    }

    pub(crate) fn up(&self, up: bool) {
        self.up.set(i64::from(up));
        if !up {
            self.opened.inc();
        }
    }

    pub(crate) fn failed(&self, failure: Failure) {
        let counter = match failure {
            Failure::Timeout => &self.timeouts,
            Failure::Connection => &self.broken,
            Failure::Refused => &self.refused,
        };
        counter.inc();
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cause {
    cause: &'static str,
}

/// Of the copies of orders.
#[derive(Clone, Debug)]
pub(crate) struct CacheMetrics {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) unreadable: Counter,
    puts: Family<PutLabels, Counter>,
}

/// What became of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Put {
    /// The entry is new, or has a newer version.
    Stored,
    /// The same version, younger.
    Renewed,
    /// Refused: a newer version is kept.
    Older,
    /// Refused: the server's clock stepped back meanwhile.
    Future,
    /// A refresh of what nobody asked for.
    Absent,
    /// Refused here: larger than what is kept.
    TooLarge,
    /// Redis is away.
    Away,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PutLabels {
    outcome: Put,
}

impl CacheMetrics {
    pub(crate) fn new(registry: &mut Registry) -> CacheMetrics {
        let metrics = CacheMetrics {
            hits: Counter::default(),
            misses: Counter::default(),
            unreadable: Counter::default(),
            puts: Family::default(),
        };
        registry.register(
            "orders_cache_hits",
            "Lookups that found a copy, whatever its age",
            metrics.hits.clone(),
        );
        registry.register(
            "orders_cache_misses",
            "Lookups that found none, or nobody to ask",
            metrics.misses.clone(),
        );
        registry.register(
            "orders_cache_unreadable",
            "Copies that could not be read, which count as misses",
            metrics.unreadable.clone(),
        );
        registry.register(
            "orders_cache_puts",
            "Copies that were handed over, by what became of them",
            metrics.puts.clone(),
        );
        metrics
    }

    pub(crate) fn put(&self, outcome: Put) {
        self.puts.get_or_create_owned(&PutLabels { outcome }).inc();
    }
}

/// Of the rate limits.
#[derive(Clone, Debug)]
pub(crate) struct LimitMetrics {
    pub(crate) shared: Decisions,
    pub(crate) local: Decisions,
}

/// What buckets in one place said.
#[derive(Clone, Debug)]
pub(crate) struct Decisions {
    allowed: Counter,
    refused: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    bucket: &'static str,
    outcome: &'static str,
}

impl LimitMetrics {
    pub(crate) fn new(registry: &mut Registry) -> LimitMetrics {
        let calls = Family::<LimitLabels, Counter>::default();
        registry.register(
            "orders_rate_limit_calls",
            "Calls by what their bucket said, kept by Redis (shared) or by this process (local)",
            calls.clone(),
        );
        let of = |bucket| {
            let of = |outcome| calls.get_or_create_owned(&LimitLabels { bucket, outcome });
            Decisions {
                allowed: of("allowed"),
                refused: of("refused"),
            }
        };
        LimitMetrics {
            shared: of("shared"),
            local: of("local"),
        }
    }
}

impl Decisions {
    pub(crate) fn count(&self, allowed: bool) {
        let counter = if allowed {
            &self.allowed
        } else {
            &self.refused
        };
        counter.inc();
    }
}
