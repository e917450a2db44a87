//! The inbox: topics with offsets, read by whichever replica a partition is assigned to. A message is
//! handled when its effect is committed, and only then is its offset stored; so a crash or a change of
//! hands brings it again.

use super::clients::request_of;
use super::replica::Life;
use super::{World, count};
use crate::plan::{Message, Plan};
use crate::sabotage::Sabotage;
use futures_util::future::join_all;
use order_core::app::{AppError, Orders};
use order_core::domain::{Cause, NewFact, NewFactBody};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::sleep;

/// Messages that are read at once.
const BATCH: usize = 6;
/// How often a consumer without a message looks again.
const POLL_EVERY: Duration = Duration::from_millis(250);

/// What the broker knows of the group.
pub(crate) struct Topics(Mutex<Vec<Assignment>>);

#[derive(Clone, Copy, Debug, Default)]
struct Assignment {
    replica: usize,
    /// Rises with each change of hands: whoever stores an offset of an older one is refused.
    generation: u64,
    /// The next message to be read.
    offset: usize,
}

impl Topics {
    pub(crate) fn new(partitions: usize) -> Topics {
        Topics(Mutex::new(vec![Assignment::default(); partitions]))
    }

    fn assigned(&self) -> MutexGuard<'_, Vec<Assignment>> {
        self.0.lock().expect("nothing panics under this lock")
    }

    /// Messages that are still to be handled.
    pub(crate) fn unread(&self, plan: &Plan) -> usize {
        let assigned = self.assigned();
        let ends = plan.topics.iter().map(Vec::len);
        ends.zip(assigned.iter())
            .map(|(end, assigned)| end - assigned.offset)
            .sum()
    }
}

/// Gives partitions to other replicas now and then, dead ones among them.
pub(crate) async fn rebalance(world: Arc<World>) {
    loop {
        for partition in 0..world.plan.topics.len() {
            let mut assigned = world.topics.assigned();
            assigned[partition].replica = world.chance.index(world.plan.replicas);
            assigned[partition].generation += 1;
        }
        let pause = if world.is_wild() { 4_000 } else { 15_000 };
        sleep(Duration::from_millis(
            world.chance.between(pause / 4, pause),
        ))
        .await;
    }
}

/// Reads one partition whenever it is this replica's.
pub(crate) async fn run(world: Arc<World>, life: Arc<Life>, orders: Orders, partition: usize) {
    let topic = &world.plan.topics[partition];
    loop {
        let assigned = world.topics.assigned()[partition];
        if assigned.replica != life.number || assigned.offset == topic.len() {
            sleep(POLL_EVERY).await;
            continue;
        }
        life.way().await;
        let end = topic.len().min(assigned.offset + BATCH);
        let batch = &topic[assigned.offset..end];
        // Those of one order one after another, those of different orders at once.
        let mut lanes: BTreeMap<usize, Vec<&Message>> = BTreeMap::new();
        for message in batch {
            lanes.entry(message.order()).or_default().push(message);
        }
        join_all(lanes.into_values().map(|lane| {
            let (world, orders) = (&world, &orders);
            async move {
                for message in lane {
                    until_handled(world, orders, message).await;
                }
            }
        }))
        .await;
        life.way().await;
        let mut all = world.topics.assigned();
        let now = &mut all[partition];
        if now.generation == assigned.generation {
            now.offset = end;
        } else {
            count(&world.counts.redeliveries);
        }
    }
}

async fn until_handled(world: &World, orders: &Orders, message: &Message) {
    loop {
        match handle(world, orders, message).await {
            Ok(()) => break,
            Err(AppError::Store(_) | AppError::Contended { .. }) => {}
            // A clock that is wrong by days; or a deadline that passed while the message waited, which
            // is a dead letter.
            Err(AppError::Refused(why)) => {
                let order = &world.plan.orders[message.order()];
                let now = world.clock.now_millis();
                let deadline = order.new.confirm_before;
                if deadline.is_none_or(|deadline| deadline.millis() <= now) {
                    let name = order.name();
                    world
                        .trace
                        .note(format_args!("{name} message is refused: {why}"));
                    break;
                }
            }
            Err(error) => {
                let name = world.plan.orders[message.order()].name();
                world.wrong(&name, format!("a message: {error}"));
                break;
            }
        }
        sleep(Duration::from_millis(world.chance.between(20, 800))).await;
    }
}

async fn handle(world: &World, orders: &Orders, message: &Message) -> Result<(), AppError> {
    match message {
        Message::Place(number) => {
            let planned = &world.plan.orders[*number];
            let placed = orders.place(request_of(planned)).await?;
            let (name, version) = (planned.name(), placed.order.version);
            world
                .trace
                .note(format_args!("{name} is placed by message at {version}"));
        }
        Message::Fact(number, fact) => {
            let told = orders
                .record_fact(NewFact::clone(fact), Cause::default(), false)
                .await?;
            let (name, id) = (world.plan.orders[*number].name(), &fact.id);
            world
                .trace
                .note(format_args!("{name} {id} is {}", told.outcome.as_str()));
            if world.sabotage == Sabotage::HandlesTwice {
                let again = orders.record_fact(as_if_new(fact), Cause::default(), false);
                again.await?;
            }
        }
    }
    Ok(())
}

impl Message {
    fn order(&self) -> usize {
        match self {
            Message::Fact(number, _) | Message::Place(number) => *number,
        }
    }
}

/// The same fact, which nobody recognises.
fn as_if_new(fact: &NewFact) -> NewFact {
    let mut again = fact.clone();
    again.id.push_str("-again");
    match &mut again.body {
        NewFactBody::Payment { payment_id: id, .. }
        | NewFactBody::Stock {
            reservation_id: id, ..
        }
        | NewFactBody::Shipment {
            shipment_id: id, ..
        }
        | NewFactBody::Return { return_id: id, .. } => id.push_str("-again"),
    }
    again
}
