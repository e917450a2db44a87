//! Rates and quantiles from counters that were read twice. Here alone numbers are fractions: they are shown to
//! people, and nothing is decided by them.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "what is shown to people to three digits"
)]

use std::time::Duration;

/// Counts of a histogram's buckets: each upper bound in seconds and how many were below it.
pub(super) type Buckets = Vec<(f64, f64)>;

/// How much a second a counter grew; nothing where it was reset or no time went by.
pub(super) fn per_second(now: f64, earlier: f64, between: Duration) -> Option<f64> {
    let seconds = between.as_secs_f64();
    (seconds > 0.0 && now >= earlier).then(|| (now - earlier) / seconds)
}

/// The same of a counter of whole things.
pub(super) fn whole_per_second(now: u64, earlier: u64, between: Duration) -> Option<f64> {
    per_second(now as f64, earlier as f64, between)
}

/// Two counts together.
pub(super) fn sum(a: f64, b: f64) -> f64 {
    a + b
}

/// Adds a bucket's count to those of the same bound.
pub(super) fn add(buckets: &mut Buckets, bound: f64, count: f64) {
    match buckets
        .iter_mut()
        .find(|(known, _)| known.total_cmp(&bound).is_eq())
    {
        Some((_, sum)) => *sum += count,
        None => buckets.push((bound, count)),
    }
}

/// What was counted between: the buckets of now without those of before.
pub(super) fn between(now: &Buckets, earlier: &Buckets) -> Buckets {
    let before = |bound: f64| {
        let found = earlier
            .iter()
            .find(|(known, _)| known.total_cmp(&bound).is_eq());
        found.map_or(0.0, |(_, count)| *count)
    };
    let grown = |(bound, count): &(f64, f64)| (*bound, (*count - before(*bound)).max(0.0));
    let mut grown: Buckets = now.iter().map(grown).collect();
    grown.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    grown
}

/// The time in seconds within which `part` of all were done, as Prometheus' `histogram_quantile` estimates it:
/// straight between the bounds of the bucket that it falls into. In the last bucket, which has no upper
/// bound, it is that bucket's lower one.
pub(super) fn quantile(buckets: &Buckets, part: f64) -> Option<f64> {
    let (_, all) = buckets.last()?;
    if *all <= 0.0 {
        return None;
    }
    let rank = part * all;
    let (mut lower, mut below) = (0.0, 0.0);
    for (bound, count) in buckets {
        if *count >= rank {
            let inside = count - below;
            return Some(if bound.is_infinite() || inside <= 0.0 {
                lower
            } else {
                lower + (bound - lower) * ((rank - below) / inside)
            });
        }
        (lower, below) = (*bound, *count);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, expected: f64) -> bool {
        found.is_some_and(|found| (found - expected).abs() < 1e-9)
    }

    #[test]
    fn a_rate_is_what_grew_over_what_went_by() {
        let two = Duration::from_secs(2);
        assert!(near(per_second(30.0, 10.0, two), 10.0));
        assert!(near(whole_per_second(u64::MAX, u64::MAX, two), 0.0));
        assert_eq!(per_second(1.0, 2.0, two), None);
        assert_eq!(per_second(2.0, 1.0, Duration::ZERO), None);
    }

    #[test]
    fn quantiles_are_those_of_what_came_between() {
        let infinite = f64::INFINITY;
        let earlier = vec![(0.1, 1000.0), (1.0, 1000.0), (infinite, 1000.0)];
        let now = vec![(0.1, 1050.0), (1.0, 1100.0), (infinite, 1100.0)];
        let grown = between(&now, &earlier);
        assert!(near(quantile(&grown, 0.25), 0.05));
        assert!(near(quantile(&grown, 0.5), 0.1));
        assert!(near(quantile(&grown, 0.75), 0.55));
        assert!(near(quantile(&grown, 1.0), 1.0));
        assert_eq!(quantile(&between(&now, &now), 0.5), None);
        assert_eq!(quantile(&Vec::new(), 0.5), None);
        let slow = vec![(0.1, 0.0), (1.0, 0.0), (infinite, 4.0)];
        assert!(near(quantile(&slow, 0.5), 1.0));
    }

    #[test]
    fn buckets_of_several_families_are_summed() {
        let mut buckets = Buckets::new();
        for _ in 0..2 {
            add(&mut buckets, 0.1, 3.0);
            add(&mut buckets, f64::INFINITY, 4.0);
        }
        assert_eq!(format!("{buckets:?}"), "[(0.1, 6.0), (inf, 8.0)]");
    }
}
