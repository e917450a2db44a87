//! Health: what the probes ask of the service, whoever serves them.
//!
//! The composition root implements [`HealthSource`] over the store, the planes and the other
//! dependencies; every adapter that answers a probe reads it through this port, so that the data
//! plane's `/readyz` and the management plane's say the same. Liveness has no place here: it never
//! depends on a dependency.

use std::fmt;

/// Answers how the service and what it depends on are doing.
///
/// Contract: [`report`](HealthSource::report) MUST return at once from what is already known, without
/// waiting on any dependency; a probe that hangs with the store would kill the pod that is to survive
/// the store. Whoever watches a dependency refreshes what is known in the background.
pub trait HealthSource: Send + Sync {
    /// The state as last observed.
    fn report(&self) -> HealthReport;
}

/// The state of the service and of each component, as the probes show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthReport {
    /// Whether traffic should come here: false as soon as one required component is down, and while
    /// the service drains.
    pub ready: bool,
    /// Each component in the order in which it is shown: the required ones first.
    pub components: Vec<Component>,
}

/// One dependency or plane, up or down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// A short, stable name: `store`, `plane-data`.
    pub name: String,
    /// Whether it works as last observed.
    pub ok: bool,
    /// Whether readiness depends on it.
    pub required: bool,
    /// One line for a person: what is reached or, when down, what failed. Empty when there is
    /// nothing to add. No secrets: probes are answered without authentication.
    pub detail: String,
}

impl HealthReport {
    /// A report that is ready exactly when every required component is up.
    pub fn of(components: Vec<Component>) -> Self {
        let ready = components
            .iter()
            .all(|component| component.ok || !component.required);
        Self { ready, components }
    }
}

/// The whole report in the form of `/readyz?verbose`: one line for each component, then the verdict.
impl fmt::Display for HealthReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for component in &self.components {
            writeln!(f, "{component}")?;
        }
        let verdict = if self.ready { "ready" } else { "not ready" };
        writeln!(f, "{verdict}")
    }
}

/// One line as Kubernetes' own probes print it: `[+]store ok: …`, `[-]redis failed (not required): …`.
impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, word) = if self.ok {
            ('+', "ok")
        } else {
            ('-', "failed")
        };
        write!(f, "[{mark}]{} {word}", self.name)?;
        if !self.ok && !self.required {
            f.write_str(" (not required)")?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(name: &str, ok: bool, required: bool, detail: &str) -> Component {
        Component {
            name: name.into(),
            ok,
            required,
            detail: detail.into(),
        }
    }

    #[test]
    fn only_a_required_component_decides_readiness() {
        let redis_down = component("redis", false, false, "connection refused");
        assert!(
            HealthReport::of(vec![component("store", true, true, ""), redis_down.clone()]).ready
        );
        assert!(!HealthReport::of(vec![component("store", false, true, ""), redis_down]).ready);
    }

    #[test]
    fn the_verbose_text_names_each_component_and_the_verdict() {
        let report = HealthReport::of(vec![
            component("store", false, true, "disk full"),
            component("plane-data", true, true, ""),
            component("redis", false, false, "connection refused"),
        ]);
        assert_eq!(
            report.to_string(),
            "[-]store failed: disk full\n[+]plane-data ok\n[-]redis failed (not required): connection refused\nnot ready\n"
        );
    }
}
