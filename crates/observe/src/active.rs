//! Counts what is being answered.

use crate::COUNTING;
use prometheus_client::metrics::gauge::Gauge;

/// Counts a request for as long as it is being answered, also if its connection goes away.
#[derive(Debug)]
pub struct Active<'a>(&'a Gauge);

impl<'a> Active<'a> {
    /// One more, until this is dropped.
    pub fn new(count: &'a Gauge) -> Active<'a> {
        if COUNTING {
            count.inc();
        }
        Active(count)
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        if COUNTING {
            self.0.dec();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_counted_no_more() {
        let count = Gauge::default();
        let (first, second) = (Active::new(&count), Active::new(&count));
        assert_eq!(count.get(), 2);
        drop((first, second));
        assert_eq!(count.get(), 0);
    }
}
