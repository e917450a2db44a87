//! The server's clock, as seen from here: the one by which all replicas keep ages.

use std::time::{Duration, Instant};

/// How much the two clocks may run apart, as one part of so many. A slewing clock runs off by 500 ppm
/// (adjtimex(2)) on each side.
const DRIFT_PARTS: u32 = 500;

/// What the server's clock said, and when that was heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    server: Duration,
    heard: Instant,
}

impl Sample {
    /// The server said `(seconds, microseconds)`, which is heard now.
    pub(crate) fn now((seconds, micros): (u64, u64)) -> Sample {
        Sample {
            server: Duration::from_secs(seconds) + Duration::from_micros(micros),
            heard: Instant::now(),
        }
    }

    /// The server's time at `moment`, never too late: what was heard was said before that, and clocks
    /// drift. Sent in place of "so long ago", it does not depend on how long the way to the server
    /// takes: a request that is stuck for minutes makes nothing younger.
    pub(crate) fn at(&self, moment: Instant) -> Duration {
        if let Some(later) = moment.checked_duration_since(self.heard) {
            self.server + later.saturating_sub(later / DRIFT_PARTS)
        } else {
            let earlier = self.heard.duration_since(moment);
            self.server.saturating_sub(earlier + earlier / DRIFT_PARTS)
        }
    }

    /// What the server said, in milliseconds.
    pub(crate) fn server_millis(&self) -> u64 {
        millis(self.server)
    }
}

/// Whole milliseconds.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_never_told_too_late() {
        let sample = Sample::now((1_000, 500_000));
        let said = Duration::from_millis(1_000_500);
        assert_eq!(sample.at(sample.heard), said);
        let later = sample.heard + Duration::from_secs(10);
        assert_eq!(sample.at(later), said + Duration::from_millis(9_980));
        let earlier = sample.heard.checked_sub(Duration::from_secs(1)).unwrap();
        assert_eq!(sample.at(earlier), Duration::from_millis(1_000_500 - 1_002));
        assert_eq!(sample.server_millis(), 1_000_500);
    }
}
