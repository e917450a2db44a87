//! Looks after the sockets of this process: ends those whose interface is gone, so that whoever uses one
//! connects anew as soon as the interface is back.

use std::time::Duration;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How often they are looked at: a plane serves again within seconds after its interface came back.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Looks until `stop` turns true.
pub(crate) async fn look_after(mut stop: watch::Receiver<bool>) {
    let mut failing = false;
    while timeout(LOOK_EVERY, stop.wait_for(|stop| *stop))
        .await
        .is_err()
    {
        // It reads /proc, which may take a while where there are many.
        match spawn_blocking(planes::end_orphans).await {
            Ok(Ok(ended)) => {
                failing = false;
                if ended > 0 {
                    tracing::warn!(
                        ended,
                        "connections whose interface is gone were ended (SOC003)"
                    );
                }
            }
            Ok(Err(error)) if !failing => {
                failing = true;
                tracing::error!(%error, "/proc/self/fd cannot be read: connections whose interface is gone are ended by their timers alone");
            }
            _ => {}
        }
    }
}
