//! The feed is dense, versions have no gap, and what is published is the feed, each event once and in
//! order.

use super::Histories;
use crate::world::World;
use order_core::ports::RecordedEvent;

pub(super) fn check(world: &World, events: &[RecordedEvent], histories: &Histories) {
    for partition in 0..world.plan.feed_partitions {
        let name = format!("feed-{partition}");
        let own = |recorded: &&RecordedEvent| recorded.position.partition == partition;
        let stored: Vec<&RecordedEvent> = events.iter().filter(own).collect();
        for (expected, recorded) in (1..).zip(&stored) {
            if recorded.position.offset != expected {
                let got = recorded.position.offset;
                world.wrong(&name, format!("has {got} where {expected} is to be"));
            }
        }
        let published = world.broker.published(partition);
        let ids = |recorded: &RecordedEvent| recorded.event.id();
        let first = stored.iter().zip(&published);
        let differs = first
            .clone()
            .position(|(stored, published)| stored.event != published.event);
        if let Some(at) = differs {
            let (ours, theirs) = (ids(stored[at]), ids(&published[at]));
            let offset = at + 1;
            world.wrong(
                &name,
                format!("{theirs} was published where {ours} is to be, at {offset}"),
            );
        }
        if stored.len() != published.len() {
            let (stored, published) = (stored.len(), published.len());
            world.wrong(
                &name,
                format!("{published} events were published of {stored}"),
            );
        }
    }
    for (name, all) in &histories.0 {
        if all.len() > 1 {
            world.wrong(name, format!("was placed {} times", all.len()));
        }
        for history in all {
            let partition = history[0].position.partition;
            for (expected, recorded) in (1..).zip(history.iter()) {
                let version = recorded.event.version();
                if version != expected || recorded.position.partition != partition {
                    world.wrong(name, format!("has version {version} after {expected} - 1"));
                }
            }
        }
    }
}
