//! One world: a database and a broker that never die, replicas that do, callers and topics; all on one
//! thread and in virtual time.

mod chores;
mod clients;
mod consumers;
mod database;
mod publishers;
mod replica;
mod store;
mod writer;

pub(crate) use clients::Told;

use crate::chance::Chance;
use crate::plan::{FAULTS_MILLIS, Plan, START_MILLIS};
use crate::sabotage::Sabotage;
use crate::trace::Trace;
use consumers::Topics;
use database::VirtualClock;
use order_core::domain::Timestamp;
use order_core::ports::{EventFeed, FeedToken};
use replica::Replica;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::fakes::{MemoryBroker, MemoryStore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// Once faults have stopped, everything is worked off within so much virtual time.
const CALM: Duration = Duration::from_mins(3);
/// How often it is looked whether everything is.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What everybody in a world shares.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) chance: Chance,
    pub(crate) trace: Trace,
    pub(crate) sabotage: Sabotage,
    pub(crate) database: MemoryStore,
    pub(crate) broker: MemoryBroker,
    pub(crate) clock: VirtualClock,
    pub(crate) told: Mutex<Vec<Told>>,
    topics: Topics,
    faults: AtomicBool,
    wrong: Mutex<Vec<Wrong>>,
    pub(crate) counts: Counts,
}

/// Something that must not be.
#[derive(Clone, Debug)]
pub(crate) struct Wrong {
    /// What the trace calls whom it is about.
    pub(crate) about: String,
    pub(crate) what: String,
}

/// How often what was injected: a world in which nothing went wrong proves little.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) crashes: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) lost_answers: AtomicU64,
    pub(crate) redeliveries: AtomicU64,
    pub(crate) takeovers: AtomicU64,
    pub(crate) orders: AtomicU64,
    pub(crate) events: AtomicU64,
    pub(crate) expired: AtomicU64,
}

impl World {
    pub(crate) fn new(seed: u64, sabotage: Sabotage) -> World {
        let chance = Chance::of(seed);
        let plan = Plan::draw(&chance);
        let clock = VirtualClock::begin(START_MILLIS);
        World {
            topics: Topics::new(plan.topics.len()),
            plan,
            chance,
            trace: Trace::begin(),
            sabotage,
            database: MemoryStore::on(Arc::new(clock)),
            broker: MemoryBroker::new(),
            clock,
            told: Mutex::default(),
            faults: AtomicBool::new(true),
            wrong: Mutex::default(),
            counts: Counts::default(),
        }
    }

    /// Runs to the end: faults, calm, and what is still to be done.
    pub(crate) async fn run(self: &Arc<World>) {
        let replicas: Arc<[Arc<Replica>]> = (0..self.plan.replicas)
            .map(|number| Arc::new(Replica::new(number)))
            .collect();
        let mut house = JoinSet::new();
        for replica in replicas.iter() {
            house.spawn(Arc::clone(replica).live(Arc::clone(self)));
        }
        house.spawn(consumers::rebalance(Arc::clone(self)));
        let mut clients = JoinSet::new();
        for order in 0..self.plan.orders.len() {
            clients.spawn(clients::live(
                Arc::clone(self),
                Arc::clone(&replicas),
                order,
            ));
        }
        sleep(Duration::from_millis(FAULTS_MILLIS)).await;
        self.faults.store(false, Ordering::SeqCst);
        self.trace.note(format_args!("faults stop"));
        self.calm(&mut clients).await;
        for replica in replicas.iter() {
            replica.stop(self).await;
        }
        house.abort_all();
        while let Some(ended) = house.join_next().await {
            self.expect_no_panic(ended, "the house");
        }
    }

    /// Waits until nothing is left to do, and tells what is left after too long.
    async fn calm(&self, clients: &mut JoinSet<()>) {
        let end = Instant::now() + CALM;
        loop {
            while let Some(ended) = clients.try_join_next() {
                self.expect_no_panic(ended, "a caller");
            }
            let left = self.left(clients.len()).await;
            let Some(first) = left.first() else {
                self.trace.note(format_args!("nothing is left to do"));
                return;
            };
            if Instant::now() >= end {
                let what = format!(
                    "{CALM:?} after faults stopped there is still left: {}",
                    left.join("; ")
                );
                let about = first.split(' ').next().unwrap_or_default();
                self.wrong(about, what);
                return;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// What is left to do.
    async fn left(&self, clients: usize) -> Vec<String> {
        let mut left = Vec::new();
        if clients > 0 {
            left.push(format!("{clients} callers without an answer"));
        }
        let unread = self.topics.unread(&self.plan);
        if unread > 0 {
            left.push(format!("{unread} messages unread"));
        }
        let (due, ready, head) = self.look().await;
        if due > 0 {
            left.push(format!("{due} orders due"));
        }
        if self.clock.now_millis() < self.last_deadline() {
            left.push("deadlines ahead".to_owned());
        }
        if ready > 0 {
            left.push(format!("{ready} parked facts that can be applied"));
        }
        for partition in 0..self.plan.feed_partitions {
            let published = self.broker.published(partition).len() as u64;
            if published < head.offset(partition) {
                left.push(format!("feed-{partition} is published up to {published}"));
            }
        }
        left
    }

    /// Orders due, parked facts that can be applied, and the feed's head, as the database has them.
    async fn look(&self) -> (usize, usize, FeedToken) {
        use order_core::ports::OrderStore;
        let due = self.database.due(usize::MAX).await;
        let ready = self.database.parked_ready(usize::MAX).await;
        let head = self.database.head().await;
        (
            due.map_or(0, |due| due.orders.len()),
            ready.map_or(0, |ready| ready.len()),
            head.unwrap_or_default(),
        )
    }

    fn last_deadline(&self) -> i64 {
        let deadlines = self.plan.orders.iter();
        let deadlines = deadlines.filter_map(|order| order.new.confirm_before);
        deadlines.map(Timestamp::millis).max().unwrap_or(0)
    }

    /// Whether things go wrong now.
    pub(crate) fn is_wild(&self) -> bool {
        self.faults.load(Ordering::SeqCst)
    }

    /// Whether something happens that goes wrong so often of a thousand times.
    pub(crate) fn strikes(&self, permille: u64) -> bool {
        self.is_wild() && self.chance.permille(permille)
    }

    /// Takes some time, as every way does.
    pub(crate) async fn lag(&self) {
        let millis = if self.strikes(self.plan.rates.slow) {
            self.chance.between(500, 8_000)
        } else {
            *self.chance.one_of(&[0, 0, 1, 1, 2, 5, 20])
        };
        if millis == 0 {
            tokio::task::yield_now().await;
        } else {
            sleep(Duration::from_millis(millis)).await;
        }
    }

    /// Writes down something that must not be.
    pub(crate) fn wrong(&self, about: &str, what: String) {
        self.trace.note(format_args!("{about} WRONG {what}"));
        self.wrongs().push(Wrong {
            about: about.to_owned(),
            what,
        });
    }

    pub(crate) fn wrongs(&self) -> std::sync::MutexGuard<'_, Vec<Wrong>> {
        self.wrong.lock().expect("nothing panics under this lock")
    }

    pub(crate) fn expect_no_panic(&self, ended: Result<(), tokio::task::JoinError>, who: &str) {
        if let Err(error) = ended
            && error.is_panic()
        {
            self.wrong(who, format!("panicked: {error}"));
        }
    }
}

/// Counts one more.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
