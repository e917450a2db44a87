//! Puts the adapters around the core. The only place that knows them all.

use crate::clock::SystemClock;
use crate::config::Config;
use crate::health::Health;
use crate::ids::Uuid7Source;
use adapter_sqlite::SqliteStore;
use order_core::app::Orders;
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// The composed service, before it serves.
pub(crate) struct Service {
    pub(crate) orders: Orders,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) health: Arc<Health>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) http_metrics: adapter_http::Metrics,
}

/// Opens the store and composes the service on it.
pub(crate) async fn compose(config: &Config) -> Result<Service, String> {
    let store = SqliteStore::open(store_config(config))
        .await
        .map_err(|error| error.to_string())?;
    let store = Arc::new(store);
    let mut registry = Registry::default();
    adapter_management::register_process_metrics(&mut registry, env!("CARGO_PKG_VERSION"));
    store.register_metrics(&mut registry);
    let http_metrics = adapter_http::Metrics::new(&mut registry);
    let orders = Orders::new(
        Arc::clone(&store) as _,
        Arc::clone(&store) as _,
        Arc::new(SystemClock),
        Arc::new(Uuid7Source::default()),
    );
    let health = Arc::new(Health::default());
    health.look(&store, &config.planes.all()).await;
    Ok(Service {
        orders,
        store,
        health,
        registry: Arc::new(registry),
        http_metrics,
    })
}

/// The store's own settings.
pub(crate) fn store_config(config: &Config) -> adapter_sqlite::Config {
    adapter_sqlite::Config {
        max_queued_changes: config.store_max_queued_changes,
        ..adapter_sqlite::Config::at(&config.database)
    }
}
