//! What is known of the service's health, refreshed in the background so that a probe never waits.

use crate::store::StoreHandle;
use order_core::ports::{Component, HealthReport, HealthSource};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How often each dependency is looked at; readiness follows it within 15 seconds.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long the store may take to answer before it counts as down.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// What else is told of: answers at once, from what is known.
pub(crate) type Part = Box<dyn Fn() -> Component + Send + Sync>;

/// The last known state of everything the service depends on.
pub(crate) struct Health {
    /// What the store is, for people.
    store: String,
    parts: RwLock<Vec<Part>>,
    components: RwLock<Vec<Component>>,
    draining: AtomicBool,
}

impl Health {
    /// Nothing has been looked at yet; `store` says what the store is.
    pub(crate) fn new(store: String) -> Health {
        Health {
            store,
            parts: RwLock::default(),
            components: RwLock::default(),
            draining: AtomicBool::default(),
        }
    }

    /// Tells of this as well from now on.
    pub(crate) fn also(&self, part: Part) {
        let mut parts = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        parts.push(part);
    }

    /// From now on the service is not ready: it is about to stop.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Looks at everything once.
    pub(crate) async fn look(&self, store: &dyn StoreHandle) {
        let mut components = vec![self.look_at_store(store).await];
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        components.extend(parts.iter().map(|part| part()));
        drop(parts);
        let mut known = self
            .components
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        tell_changes(&known, &components);
        *known = components;
    }

    async fn look_at_store(&self, store: &dyn StoreHandle) -> Component {
        let (ok, detail) = match timeout(STORE_TIMEOUT, store.ping()).await {
            Ok(Ok(())) => (true, self.store.clone()),
            Ok(Err(error)) => (false, error.to_string()),
            Err(_) => (false, format!("no answer within {STORE_TIMEOUT:?}")),
        };
        Component {
            name: "store".to_owned(),
            ok,
            required: true,
            detail,
        }
    }
}

impl HealthSource for Health {
    fn report(&self) -> HealthReport {
        let known = self
            .components
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let mut components = known.clone();
        if self.draining.load(Ordering::Relaxed) {
            let detail = "the service is stopping".to_owned();
            components.push(Component {
                name: "shutdown".to_owned(),
                ok: false,
                required: true,
                detail,
            });
        }
        HealthReport::of(components)
    }
}

/// Keeps looking until `stop` turns true.
pub(crate) async fn watch(
    health: Arc<Health>,
    store: Arc<dyn StoreHandle>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        if timeout(LOOK_EVERY, stop.wait_for(|stop| *stop))
            .await
            .is_ok()
        {
            return;
        }
        health.look(&*store).await;
    }
}

fn tell_changes(before: &[Component], now: &[Component]) {
    for component in now {
        let was_ok = before
            .iter()
            .find(|other| other.name == component.name)
            .map(|other| other.ok);
        match (was_ok, component.ok) {
            (Some(true) | None, false) if !component.required => {
                tracing::warn!(
                    component = component.name,
                    detail = component.detail,
                    "down; ready all the same"
                );
            }
            (Some(true) | None, false) => {
                tracing::error!(
                    component = component.name,
                    detail = component.detail,
                    "down; not ready"
                );
            }
            (Some(false), true) => tracing::info!(component = component.name, "up again"),
            _ => {}
        }
    }
}
