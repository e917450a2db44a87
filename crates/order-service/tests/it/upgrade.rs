//! Two builds of the service on one store: this one, and the version before it, which `cargo xtask
//! upgrade` builds and names in `ORDER_SERVICE_PREVIOUS`. It alone runs these tests; any other run leaves
//! them out (`.config/nextest.toml`), and they fail where the old program is missing.

mod callers;
mod control;
mod fleet;
mod grpc_wire;
mod ledger;
mod migration;
mod request_log;
mod rest_wire;
mod rolling;
mod side_by_side;
mod watchers;

use crate::site::Site;
use std::path::PathBuf;
use testkit::servers::kafka::Options;
use testkit::servers::{Redis, redis};

/// The program of the version before.
fn previous() -> PathBuf {
    let path = std::env::var_os("ORDER_SERVICE_PREVIOUS").map(PathBuf::from);
    let path = path.expect("the program of the version before is in ORDER_SERVICE_PREVIOUS: run these tests by `cargo xtask upgrade`, which builds it");
    assert!(path.is_file(), "there is no {}", path.display());
    path
}

/// PostgreSQL, Kafka and Redis; the two are gone with what is answered here.
async fn everything() -> (Site, Redis) {
    let mut site = Site::new(Options::default(), "2s").await;
    let start = || Redis::start(redis::Options::default());
    let redis = tokio::task::spawn_blocking(start).await.unwrap();
    site.environment.push(("REDIS_URL", redis.url()));
    (site, redis)
}
