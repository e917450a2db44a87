//! Health as a test says it.

use super::locked;
use order_core::ports::{Component, HealthReport, HealthSource};
use std::sync::Mutex;

/// Reports what it was told last.
#[derive(Debug)]
pub struct StaticHealth(Mutex<HealthReport>);

impl StaticHealth {
    /// Reports `report`.
    pub fn new(report: HealthReport) -> StaticHealth {
        StaticHealth(Mutex::new(report))
    }

    /// One required component, `store`, which is up.
    pub fn ready() -> StaticHealth {
        StaticHealth::new(HealthReport::of(vec![store(true)]))
    }

    /// One required component, `store`, which is down.
    pub fn not_ready() -> StaticHealth {
        StaticHealth::new(HealthReport::of(vec![store(false)]))
    }

    /// Reports `report` from now on.
    pub fn set(&self, report: HealthReport) {
        *locked(&self.0) = report;
    }
}

impl HealthSource for StaticHealth {
    fn report(&self) -> HealthReport {
        locked(&self.0).clone()
    }
}

fn store(ok: bool) -> Component {
    let detail = if ok {
        String::new()
    } else {
        "as the test says".to_owned()
    };
    Component {
        name: "store".to_owned(),
        ok,
        required: true,
        detail,
    }
}
