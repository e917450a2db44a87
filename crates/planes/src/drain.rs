//! Telling many connections at once to finish what they have and take no more.

use tokio::sync::watch;

/// A trigger and the signal that it sends: for the whole process, or for one listener's connections.
pub fn drain_channel() -> (DrainTrigger, Drain) {
    let (sender, receiver) = watch::channel(false);
    (DrainTrigger(sender), Drain(receiver))
}

/// Starts the drain. Dropping it starts it too: whoever was to say when to stop is gone.
#[derive(Debug)]
pub struct DrainTrigger(watch::Sender<bool>);

impl DrainTrigger {
    /// Starts the drain; again is the same as once.
    pub fn start(&self) {
        self.0.send_replace(true);
    }
}

/// Tells when to finish: HTTP answers the request at hand and closes, a stream says goodbye.
#[derive(Clone, Debug)]
pub struct Drain(watch::Receiver<bool>);

impl Drain {
    /// Waits until the drain has started; at once if it has.
    pub async fn started(mut self) {
        // An error means that the trigger was dropped, which starts the drain as well.
        let _ = self.0.wait_for(|started| *started).await;
    }

    /// Whether the drain has started.
    pub fn has_started(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_hears_the_start_also_when_it_asks_late() {
        let (trigger, drain) = drain_channel();
        assert!(!drain.has_started());
        let waiting = tokio::spawn(drain.clone().started());
        trigger.start();
        waiting.await.unwrap();
        assert!(drain.has_started());
        drain.started().await;
    }

    #[tokio::test]
    async fn a_dropped_trigger_starts_the_drain() {
        let (trigger, drain) = drain_channel();
        drop(trigger);
        assert!(drain.has_started());
        drain.started().await;
    }
}
