//! The topics that come in, and the one for what cannot be understood: made where they are missing and
//! may be made, before anything is consumed.

use super::consume::Loop;
use crate::config::Config;
use crate::topics::{Wanted, ensure};
use planes::Backoff;
use std::sync::Arc;
use std::time::Duration;

/// Waits between attempts, while brokers are away or topics are missing and may not be made.
const AGAIN_FIRST: Duration = Duration::from_millis(500);
const AGAIN_LONGEST: Duration = Duration::from_secs(10);

impl Loop {
    /// Looks after the topics. Where that fails, what there is is consumed all the same, and it is tried
    /// again in the background.
    pub(crate) fn prepare(&self) {
        let config = Arc::clone(&self.config);
        let ensured = self.runtime.block_on(ensure(config, wanted(&self.config)));
        let Err(error) = ensured else {
            return;
        };
        tracing::warn!(%error, "topics that come in are not all there; what there is is consumed");
        self.status.trouble(error.to_string());
        let (config, stop) = (Arc::clone(&self.config), Arc::clone(&self.stop));
        self.runtime.spawn(async move {
            let mut backoff = Backoff::new(AGAIN_FIRST, AGAIN_LONGEST);
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                tokio::time::sleep(backoff.next_delay()).await;
                let ensured = ensure(Arc::clone(&config), wanted(&config)).await;
                if ensured.is_ok() {
                    return tracing::info!("topics that come in are there now");
                }
            }
        });
    }
}

fn wanted(config: &Config) -> Vec<Wanted> {
    let mut names = config.topics.inbound().to_vec();
    names.push(&config.topics.dead_letters);
    let want = |name| Wanted::of_messages(config, name);
    names.into_iter().map(want).collect()
}
