//! How often a caller may call.

use async_trait::async_trait;
use std::net::IpAddr;

/// A token bucket for each caller, shared by all replicas where it can be.
///
/// Contract: a bucket holds at most [`Rate::burst`] tokens and gains [`Rate::tokens`] in each period,
/// by the clock of whoever keeps it: callers' and replicas' clocks have no part in it. A call that asks
/// for more than is left takes nothing. A clock that steps back gives nothing for the step, and goes on
/// from there. A limiter whose shared state is away goes on with what this process knows; it never
/// fails a caller, and never makes one wait for more than 50 ms.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes `tokens` from the caller's bucket, if they are there.
    async fn take(&self, caller: &str, tokens: u32) -> RateDecision;

    /// What every bucket is like.
    fn rate(&self) -> Rate;
}

/// Who calls, where only an address is known of it (a certificate's name is its bearer's own bucket); every
/// edge asks here, so that all take from one bucket. Callers behind one proxy are one.
pub fn caller_at(peer: IpAddr) -> String {
    match peer.to_canonical() {
        // Of an IPv6 address the first half names the site; the rest a caller chooses at will.
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        address @ IpAddr::V4(_) => address.to_string(),
    }
}

/// What a bucket is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come in a period, at least 1.
    pub tokens: u32,
    /// The period in milliseconds, at least 1.
    pub period_millis: u32,
    /// Tokens that a bucket holds, at least 1.
    pub burst: u32,
}

impl Rate {
    /// What a bucket counts in: a token is `period_millis` units, of which `tokens` come with every
    /// millisecond. So nothing is ever rounded.
    pub const fn full_units(self) -> u64 {
        self.burst as u64 * self.period_millis as u64
    }

    /// Milliseconds until so many units have come.
    pub const fn millis_for(self, units: u64) -> u64 {
        match self.tokens {
            0 => u64::MAX,
            tokens => units.div_ceil(tokens as u64),
        }
    }

    /// Milliseconds in which an empty bucket fills.
    pub const fn fill_millis(self) -> u64 {
        self.millis_for(self.full_units())
    }
}

/// What the bucket said; the `RateLimit` header fields are made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateDecision {
    /// Whether the tokens were taken.
    pub allowed: bool,
    /// The bucket's size.
    pub burst: u32,
    /// Tokens that are left.
    pub remaining: u32,
    /// Milliseconds until as many tokens as were asked for are there; 0 if they are.
    pub retry_after_millis: u64,
    /// Milliseconds until the bucket is full.
    pub full_after_millis: u64,
}

/// A bucket's content at a time: the arithmetic that every keeper of buckets shares. Units as in
/// [`Rate::full_units`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    units: u64,
    at_millis: u64,
}

impl Bucket {
    /// A full one, at this time of the keeper's clock.
    pub const fn full(rate: Rate, now_millis: u64) -> Bucket {
        Bucket {
            units: rate.full_units(),
            at_millis: now_millis,
        }
    }

    /// Fills the bucket for the time that has passed, then takes `tokens` if they are there.
    pub fn take(&mut self, rate: Rate, tokens: u32, now_millis: u64) -> RateDecision {
        let passed = now_millis.saturating_sub(self.at_millis);
        let gained = passed.saturating_mul(u64::from(rate.tokens));
        self.units = self.units.saturating_add(gained).min(rate.full_units());
        self.at_millis = now_millis;
        let wanted = u64::from(tokens) * u64::from(rate.period_millis);
        let missing = wanted.saturating_sub(self.units);
        let allowed = missing == 0;
        if allowed {
            self.units -= wanted;
        }
        let remaining = self.units / u64::from(rate.period_millis.max(1));
        RateDecision {
            allowed,
            burst: rate.burst,
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            retry_after_millis: rate.millis_for(missing),
            full_after_millis: rate.millis_for(rate.full_units() - self.units),
        }
    }

    /// Whether the bucket is full by then, as that of somebody who never called.
    pub fn is_full(&self, rate: Rate, now_millis: u64) -> bool {
        let passed = now_millis.saturating_sub(self.at_millis);
        let gained = passed.saturating_mul(u64::from(rate.tokens));
        self.units.saturating_add(gained) >= rate.full_units()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_an_address_or_a_site() {
        for (address, name) in [
            ("10.20.0.7", "10.20.0.7"),
            ("::ffff:10.20.0.7", "10.20.0.7"),
            ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ] {
            assert_eq!(caller_at(address.parse().unwrap()), name);
        }
    }
}
