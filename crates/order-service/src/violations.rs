//! Sockets that were off their plane, of the last 24 hours, by what they were: for the dashboard. The counter of
//! `/metrics` knows no time, and the log no sum.

use adapter_management::{TopViolation, Violations};
use planes::{Owner, Violation};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_hours(1);
const HOURS: u64 = 24;
/// Different kinds of an hour that are told apart; further ones are one kind. A device's name is among what
/// makes a kind, and whoever makes interfaces could make them without end.
const MAX_KINDS: usize = 128;

/// What was seen. Clones are one.
#[derive(Clone, Debug)]
pub(crate) struct History {
    begin: Instant,
    hours: Arc<Mutex<VecDeque<Hour>>>,
}

#[derive(Debug)]
struct Hour {
    /// Since the beginning.
    number: u64,
    kinds: BTreeMap<Kind, u64>,
}

/// What makes two violations one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    plane: &'static str,
    actual: String,
    owner: String,
}

impl History {
    pub(crate) fn new() -> History {
        History {
            begin: Instant::now(),
            hours: Arc::default(),
        }
    }

    /// Counts one that is seen for the first time.
    pub(crate) fn note(&self, violation: &Violation) {
        let kind = Kind {
            plane: violation.plane_name(),
            actual: violation.actual().to_owned(),
            owner: owner(violation.socket.owner),
        };
        self.count(kind, self.begin.elapsed());
    }

    /// What was seen in the last 24 hours, to the hour.
    pub(crate) fn told(&self) -> Violations {
        self.told_at(self.begin.elapsed())
    }

    fn count(&self, kind: Kind, at: Duration) {
        let number = at.as_secs() / HOUR.as_secs();
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        if hours.back().is_none_or(|hour| hour.number != number) {
            hours.push_back(Hour {
                number,
                kinds: BTreeMap::new(),
            });
            while hours.front().is_some_and(|hour| is_old(hour, number)) {
                hours.pop_front();
            }
        }
        let Some(hour) = hours.back_mut() else {
            return;
        };
        let kind = if hour.kinds.len() < MAX_KINDS || hour.kinds.contains_key(&kind) {
            kind
        } else {
            Kind {
                plane: "any",
                actual: "several interfaces".to_owned(),
                owner: "several processes".to_owned(),
            }
        };
        *hour.kinds.entry(kind).or_default() += 1;
    }

    fn told_at(&self, at: Duration) -> Violations {
        let now = at.as_secs() / HOUR.as_secs();
        let hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sums: BTreeMap<&Kind, u64> = BTreeMap::new();
        for hour in hours.iter().filter(|hour| !is_old(hour, now)) {
            for (kind, count) in &hour.kinds {
                *sums.entry(kind).or_default() += count;
            }
        }
        let top = sums.iter().max_by_key(|(_, count)| **count);
        Violations {
            last_24_hours: sums.values().sum(),
            top: top.map(|(kind, count)| TopViolation {
                words: kind.words(),
                count: *count,
            }),
        }
    }
}

/// With the hour at hand there are 24.
fn is_old(hour: &Hour, now: u64) -> bool {
    hour.number + HOURS <= now
}

impl Kind {
    /// `order-service tried to reach the storage network from eth0`.
    fn words(&self) -> String {
        let whither = match self.plane {
            "any" => "left by no plane".to_owned(),
            plane => format!("tried to reach the {plane} network"),
        };
        let whence = match self.actual.as_str() {
            "unbound" => "from a socket that is bound to no interface".to_owned(),
            "gone" => "from an interface that is gone".to_owned(),
            device => format!("from {device}"),
        };
        format!("{} {whither} {whence}", self.owner)
    }
}

fn owner(owner: Owner) -> String {
    match owner {
        Owner::Own => "order-service".to_owned(),
        Owner::Foreign { uid } => format!("another process of the pod (user {uid})"),
        Owner::Nobody => "a process that has ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(plane: &'static str, actual: &str) -> Kind {
        Kind {
            plane,
            actual: actual.to_owned(),
            owner: owner(Owner::Own),
        }
    }

    #[test]
    fn the_top_one_is_told_in_words() {
        let history = History::new();
        assert_eq!(history.told(), Violations::default());
        let at = Duration::from_secs(5);
        history.count(kind("data", "unbound"), at);
        for _ in 0..3 {
            history.count(kind("storage", "eth0"), at);
        }
        let told = history.told_at(at);
        assert_eq!(told.last_24_hours, 4);
        let top = told.top.unwrap();
        assert_eq!(
            (top.words.as_str(), top.count),
            (
                "order-service tried to reach the storage network from eth0",
                3
            )
        );
        let unbound = kind("data", "unbound").words();
        assert!(unbound.ends_with("from a socket that is bound to no interface"));
        assert!(kind("any", "gone").words().contains("left by no plane"));
    }

    #[test]
    fn what_is_older_than_a_day_is_forgotten() {
        let history = History::new();
        for hour in 0..30 {
            history.count(kind("storage", "eth0"), HOUR * hour);
        }
        assert_eq!(history.told_at(HOUR * 29).last_24_hours, 24);
        assert_eq!(history.told_at(HOUR * 40).last_24_hours, 13);
        assert_eq!(history.told_at(HOUR * 60).last_24_hours, 0);
        assert_eq!(history.hours.lock().unwrap().len(), 24);
    }

    #[test]
    fn kinds_are_bounded_and_none_is_lost_from_the_sum() {
        let history = History::new();
        for number in 0..MAX_KINDS + 50 {
            history.count(kind("data", &format!("veth{number}")), HOUR);
        }
        let told = history.told_at(HOUR);
        assert_eq!(told.last_24_hours, MAX_KINDS as u64 + 50);
        assert_eq!(told.top.unwrap().count, 50);
    }
}
