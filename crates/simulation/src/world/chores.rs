//! The chores of a replica, as `order-service` does them.

use super::World;
use order_core::app::Orders;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How often there is a look.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(crate) async fn run(world: Arc<World>, orders: Orders) {
    loop {
        sleep(LOOK_EVERY).await;
        match orders.expire_due().await {
            Ok(swept) if swept.done > 0 => {
                let done = swept.done;
                world.trace.note(format_args!("deadlines: {done}"));
            }
            Ok(_) => {}
            Err(error) => world.trace.note(format_args!("deadlines: {error}")),
        }
        match orders.apply_all_parked().await {
            Ok(swept) if swept.done > 0 => {
                let done = swept.done;
                world.trace.note(format_args!("parked: {done}"));
            }
            Ok(_) => {}
            Err(error) => world.trace.note(format_args!("parked: {error}")),
        }
        // Nothing waits for 72 hours in a world, whatever the replicas' clocks say.
        match orders.bury_parked().await {
            Ok(0) | Err(_) => {}
            Ok(buried) => world.wrong("parked", format!("{buried} facts were buried early")),
        }
    }
}
