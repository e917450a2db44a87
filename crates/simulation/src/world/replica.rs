//! A replica: one life after another. A life ends at any await; what the database has stays.

use super::store::SimStore;
use super::{World, chores, consumers, count, publishers};
use order_core::app::Orders;
use order_core::ports::{EventFeed, FeedLeases, OrderStore};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::fakes::SequentialIds;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Lives of one replica, at most: ids are kept apart by them.
const MAX_LIVES: u64 = 1_000;
/// How long a caller waits for an answer.
const CALLER_WAITS: Duration = Duration::from_secs(3);

/// One place among the replicas.
pub(crate) struct Replica {
    number: usize,
    lives: AtomicU64,
    current: Mutex<Option<Arc<Life>>>,
}

/// One process.
pub(crate) struct Life {
    world: Arc<World>,
    /// Which replica.
    pub(crate) number: usize,
    /// Unlike that of any other life.
    pub(crate) id: u64,
    alive: AtomicBool,
    died: Notify,
    tasks: Mutex<JoinSet<()>>,
    orders: Mutex<Option<Orders>>,
}

/// The call came to nothing that the caller knows of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut;

impl Replica {
    pub(crate) fn new(number: usize) -> Replica {
        Replica {
            number,
            lives: AtomicU64::new(0),
            current: Mutex::new(None),
        }
    }

    /// Lives and dies until the house is torn down.
    pub(crate) async fn live(self: Arc<Replica>, world: Arc<World>) {
        for _ in 0..MAX_LIVES {
            let life = self.start(&world);
            let lifetime = Duration::from_millis(world.chance.between(100, 25_000));
            let by_itself = timeout(lifetime, life.died.notified()).await.is_ok();
            if !by_itself && !world.is_wild() {
                life.died.notified().await;
            }
            self.stop(&world).await;
            count(&world.counts.crashes);
            sleep(Duration::from_millis(world.chance.between(10, 4_000))).await;
        }
        world.wrong("the house", "a replica ran out of lives".to_owned());
    }

    fn start(&self, world: &Arc<World>) -> Arc<Life> {
        let life = Arc::new(Life {
            world: Arc::clone(world),
            number: self.number,
            id: self.lives.fetch_add(1, Ordering::SeqCst) + MAX_LIVES * (self.number as u64 + 1),
            alive: AtomicBool::new(true),
            died: Notify::new(),
            tasks: Mutex::default(),
            orders: Mutex::default(),
        });
        world.trace.note(format_args!("{} starts", life.name()));
        let store = Arc::new(SimStore::start(Arc::clone(world), Arc::clone(&life)));
        let clock = world.clock.wrong_by(world.plan.skews[self.number]);
        let ids = SequentialIds::new(u16::try_from(life.id).unwrap_or(u16::MAX));
        let partition = u16::try_from(self.number).unwrap_or(0) % world.plan.feed_partitions;
        let orders = Orders::new(
            Arc::clone(&store) as Arc<dyn OrderStore>,
            Arc::clone(&store) as Arc<dyn EventFeed>,
            Arc::new(clock),
            Arc::new(ids),
        )
        .placing_in(partition);
        *life.orders.lock().expect("not poisoned") = Some(orders.clone());
        life.spawn(chores::run(Arc::clone(world), orders.clone()));
        let leases = Arc::clone(&store) as Arc<dyn FeedLeases>;
        let publisher = publishers::run(Arc::clone(world), Arc::clone(&life), store, leases);
        life.spawn(publisher);
        for partition in 0..world.plan.topics.len() {
            let consumer = consumers::run(
                Arc::clone(world),
                Arc::clone(&life),
                orders.clone(),
                partition,
            );
            life.spawn(consumer);
        }
        *self.current.lock().expect("not poisoned") = Some(Arc::clone(&life));
        life
    }

    /// Ends the current life where it stands.
    pub(crate) async fn stop(&self, world: &World) {
        let life = self.current.lock().expect("not poisoned").take();
        let Some(life) = life else { return };
        life.alive.store(false, Ordering::SeqCst);
        world.trace.note(format_args!("{} is gone", life.name()));
        let mut tasks = std::mem::take(&mut *life.tasks.lock().expect("not poisoned"));
        tasks.abort_all();
        while let Some(ended) = tasks.join_next().await {
            world.expect_no_panic(ended, &life.name());
        }
        // Its store goes with it: a batch on its way to the database stops there.
        life.orders.lock().expect("not poisoned").take();
    }

    /// Has the replica do something for a caller, over a network that loses requests and answers.
    pub(crate) async fn call<T, F>(
        &self,
        world: &World,
        ask: impl FnOnce(Orders) -> F,
    ) -> Result<T, Cut>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        world.lag().await;
        let lost = world.strikes(world.plan.rates.net_loses);
        let life = self.current.lock().expect("not poisoned").clone();
        let (Some(life), false) = (life, lost) else {
            return Err(Cut);
        };
        let orders = life.orders.lock().expect("not poisoned").clone();
        let Some(orders) = orders else {
            return Err(Cut);
        };
        let (answer, answered) = oneshot::channel();
        let work = ask(orders);
        life.spawn(async move {
            // Whoever went away misses the answer; the work is done all the same.
            let _ = answer.send(work.await);
        });
        drop(life);
        let answer = timeout(CALLER_WAITS, answered).await;
        world.lag().await;
        if world.strikes(world.plan.rates.net_loses) {
            return Err(Cut);
        }
        answer.map_err(|_| Cut)?.map_err(|_| Cut)
    }
}

impl Life {
    pub(crate) fn name(&self) -> String {
        format!("replica-{}.{}", self.number, self.id % MAX_LIVES)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if self.alive.load(Ordering::SeqCst) {
            self.tasks.lock().expect("not poisoned").spawn(task);
        }
    }

    /// A way between this process and something else. Whoever is dead goes no further.
    pub(crate) async fn way(&self) {
        self.world.lag().await;
        if !self.alive.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// The process dies here and now.
    pub(crate) async fn die(&self, at: &str) {
        self.world
            .trace
            .note(format_args!("{} dies {at}", self.name()));
        self.alive.store(false, Ordering::SeqCst);
        self.died.notify_one();
        std::future::pending::<()>().await;
    }
}
