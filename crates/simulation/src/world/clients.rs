//! Callers: each places its order and goes on with it, asking again until it has an answer, as a caller
//! with an idempotency key does.

use super::World;
use super::replica::{Cut, Replica};
use crate::plan::{Command, PlacedBy, PlannedOrder};
use order_core::app::{AppError, ChangeOptions, Orders, PlaceRequest};
use order_core::domain::{Amendment, Cancellation, Cause, HoldRequest, Order, OrderId, Patch};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// The kind of the holds that callers put.
pub(crate) const HOLD_KIND: &str = "LOOK_AT_IT";

/// What a caller was told: the order under this key is at this version.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) about: String,
    pub(crate) key: String,
    pub(crate) order: Arc<Order>,
}

/// How a request ended.
enum Ended {
    Done(Arc<Order>),
    /// The service said no, and nothing of it may have happened.
    Refused,
}

type Answer = Result<Arc<Order>, AppError>;

/// One caller, from placing to its last command.
pub(crate) async fn live(world: Arc<World>, replicas: Arc<[Arc<Replica>]>, number: usize) {
    let planned = &world.plan.orders[number];
    if planned.placed_by != PlacedBy::Client {
        return;
    }
    sleep(Duration::from_millis(planned.at_millis)).await;
    let caller = Caller {
        world: &world,
        replicas: &replicas,
        planned,
    };
    let key = planned.key.clone();
    let place = || {
        let request = request_of(planned);
        move |orders: Orders| {
            let placed = async move { orders.place(request).await };
            async move { placed.await.map(|placed| placed.order) }
        }
    };
    let Ended::Done(order) = caller.until_answered(&key, place).await else {
        return;
    };
    let mut hold_id = None;
    for (n, command) in planned.commands.iter().enumerate() {
        let key = format!("{}-{n}", planned.key);
        let (order_id, command) = (order.order_id, *command);
        if command == Command::Release && hold_id.is_none() {
            continue;
        }
        let ask = || {
            let (key, hold_id) = (key.clone(), hold_id.clone().unwrap_or_default());
            move |orders: Orders| change(orders, order_id, command, key, hold_id)
        };
        if let Ended::Done(order) = caller.until_answered(&key, ask).await {
            let hold = order.holds.iter().find(|hold| hold.kind == HOLD_KIND);
            hold_id = hold.map(|hold| hold.hold_id.clone());
        }
    }
}

/// The request by which an order is placed, whoever places it.
pub(crate) fn request_of(planned: &PlannedOrder) -> PlaceRequest {
    PlaceRequest {
        key: planned.key.clone(),
        order: planned.new.clone(),
        cause: Cause::default(),
        key_field: "request_id",
    }
}

async fn change(
    orders: Orders,
    order_id: OrderId,
    command: Command,
    key: String,
    hold_id: String,
) -> Answer {
    let options = ChangeOptions {
        key: Some(key.clone()),
        key_field: "request_id",
        ..ChangeOptions::default()
    };
    let changed = match command {
        Command::Hold => {
            let ask = HoldRequest {
                kind: HOLD_KIND.to_owned(),
                reason: key,
            };
            orders.hold(order_id, ask, options).await
        }
        Command::Release => orders.release(order_id, hold_id, options).await,
        Command::Cancel => {
            let ask = Cancellation {
                reason: key,
                lines: Vec::new(),
            };
            orders.cancel(order_id, ask, options).await
        }
        Command::Amend => {
            let patch = Amendment {
                metadata: Patch::Set(BTreeMap::from([("amended".to_owned(), Some(key))])),
                ..Amendment::default()
            };
            orders.amend(order_id, patch, options).await
        }
    };
    changed.map(|changed| changed.order)
}

struct Caller<'w> {
    world: &'w Arc<World>,
    replicas: &'w [Arc<Replica>],
    planned: &'w PlannedOrder,
}

impl Caller<'_> {
    /// Asks one replica after another until one has answered; then, now and then, once more, for the
    /// answer has to be the same.
    async fn until_answered<A, F>(&self, key: &str, mut ask: impl FnMut() -> A) -> Ended
    where
        A: FnOnce(Orders) -> F,
        F: Future<Output = Answer> + Send + 'static,
    {
        let (world, name) = (self.world, self.planned.name());
        let mut first: Option<Arc<Order>> = None;
        loop {
            let replica = world.chance.one_of(self.replicas);
            match replica.call(world, ask()).await {
                Ok(Ok(order)) => {
                    let version = order.version;
                    world
                        .trace
                        .note(format_args!("{name} {key} is answered version {version}"));
                    if let Some(first) = &first
                        && **first != *order
                    {
                        let what = format!("{key}: a replay answered otherwise than before");
                        world.wrong(&name, what);
                    }
                    if first.is_none() {
                        self.was_told(key, &order);
                        self.read_back(replica, &order).await;
                    }
                    first = Some(order);
                    if !world.strikes(200) {
                        break;
                    }
                }
                // A clock that is wrong by days refuses a deadline that is right.
                Ok(Err(AppError::Refused(why))) if self.is_final(key) => {
                    world
                        .trace
                        .note(format_args!("{name} {key} is refused: {why}"));
                    if first.is_none() {
                        return Ended::Refused;
                    }
                    world.wrong(&name, format!("{key}: a replay was refused"));
                    break;
                }
                Ok(Err(AppError::Refused(_) | AppError::Contended { .. } | AppError::Store(_)))
                | Err(Cut) => {}
                Ok(Err(error)) => {
                    world.wrong(&name, format!("{key}: {error}"));
                    break;
                }
            }
            sleep(Duration::from_millis(world.chance.between(20, 1_500))).await;
        }
        first.map_or(Ended::Refused, Ended::Done)
    }

    /// Whether a refusal can be believed: a command's can, and that of an order whose deadline has
    /// passed, or that has none.
    fn is_final(&self, key: &str) -> bool {
        let deadline = self.planned.new.confirm_before;
        let passed =
            deadline.is_none_or(|deadline| deadline.millis() <= self.world.clock.now_millis());
        key != self.planned.key || passed
    }

    fn was_told(&self, key: &str, order: &Arc<Order>) {
        let told = Told {
            about: self.planned.name(),
            key: key.to_owned(),
            order: Arc::clone(order),
        };
        self.world.told.lock().expect("not poisoned").push(told);
    }

    /// Whoever was told of a version reads it, or a later one, from any replica.
    async fn read_back(&self, replica: &Replica, told: &Order) {
        let (world, order_id) = (self.world, told.order_id);
        let read = replica
            .call(world, |orders| async move { orders.get(order_id).await })
            .await;
        let name = self.planned.name();
        match read {
            Ok(Ok(order)) if order.version < told.version => {
                let what = format!(
                    "version {} was read after version {} was acknowledged",
                    order.version, told.version
                );
                world.wrong(&name, what);
            }
            Ok(Err(AppError::NotFound(_))) => {
                world.wrong(&name, "not found after it was acknowledged".to_owned());
            }
            _ => {}
        }
    }
}
