//! Carries answers to callers on other single-threaded runtimes, all of a batch in one go.
//!
//! Waking a task of such a runtime from outside is a system call, and the task runs before the next is
//! woken; so of a hundred answers each would pay for its own call and be written to its socket alone.
//! A courier is a task there: it is woken once a batch, and wakes its neighbours without leaving home.

use std::{
    collections::HashMap,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{PoisonError, RwLock},
};

use tokio::{
    runtime::{Handle, Id, RuntimeFlavor},
    sync::{
        mpsc::{self, UnboundedReceiver, UnboundedSender},
        oneshot,
    },
};

/// The way back to one caller.
pub(crate) struct Reply<A> {
    caller: oneshot::Sender<A>,
    /// `None` where nothing is gained by a courier.
    courier: Option<Courier<A>>,
}

/// An answer and its caller.
type Letter<A> = (oneshot::Sender<A>, A);

/// Answers of one batch at a time. Their number is bounded by the queue and the batches, so the channel
/// is not.
type Courier<A> = UnboundedSender<Vec<Letter<A>>>;

/// The couriers of one batcher, by their runtime.
pub(crate) struct Couriers<A> {
    /// The writers' own.
    home: Id,
    known: RwLock<HashMap<Id, Courier<A>>>,
}

impl<A: Send + 'static> Couriers<A> {
    /// `home` is where answers come from.
    pub(crate) fn new(home: &Handle) -> Self {
        Self {
            home: home.id(),
            known: RwLock::default(),
        }
    }

    /// A way back to whoever asks here and now, and its end.
    pub(crate) fn reply(&self) -> (Reply<A>, oneshot::Receiver<A>) {
        let (caller, answer) = oneshot::channel();
        let courier = self.courier();
        (Reply { caller, courier }, answer)
    }

    fn courier(&self) -> Option<Courier<A>> {
        let runtime = Handle::try_current().ok()?;
        let id = runtime.id();
        if id == self.home || runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
            return None;
        }
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(courier) = known.get(&id) {
            return Some(courier.clone());
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Runtimes that are gone took their couriers along.
        known.retain(|_, courier| !courier.is_closed());
        let courier = known.entry(id).or_insert_with(|| {
            let (courier, round) = mpsc::unbounded_channel();
            runtime.spawn(Round(round).walk());
            courier
        });
        Some(courier.clone())
    }
}

/// A courier at work, until nobody is left who might send it.
struct Round<A>(UnboundedReceiver<Vec<Letter<A>>>);

impl<A> Round<A> {
    async fn walk(mut self) {
        while let Some(answers) = self.0.recv().await {
            deliver(answers);
        }
    }
}

/// A runtime that is shut down ends its tasks; its callers may have their tickets elsewhere.
impl<A> Drop for Round<A> {
    fn drop(&mut self) {
        self.0.close();
        while let Ok(answers) = self.0.try_recv() {
            deliver(answers);
        }
    }
}

/// A caller that went away misses its answer and nothing else: the write has happened. What it misses
/// is dropped here, which is the user's code and may panic; its neighbours are answered all the same.
fn deliver<A>(answers: Vec<Letter<A>>) {
    for (caller, answer) in answers {
        _ = catch_unwind(AssertUnwindSafe(|| drop(caller.send(answer))));
    }
}

/// Answers on their way out.
pub(crate) struct Outbox<A>(Vec<(Courier<A>, Vec<Letter<A>>)>);

impl<A> Default for Outbox<A> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<A> Outbox<A> {
    /// Answers at once, or with the next [`send`](Self::send).
    pub(crate) fn answer(&mut self, reply: Reply<A>, answer: A) {
        let Some(courier) = reply.courier else {
            drop(reply.caller.send(answer));
            return;
        };
        // One runtime a core: so few that a search is cheaper than a map.
        let place = self
            .0
            .iter()
            .position(|(known, _)| known.same_channel(&courier));
        let place = place.unwrap_or_else(|| {
            self.0.push((courier, Vec::new()));
            self.0.len() - 1
        });
        self.0[place].1.push((reply.caller, answer));
    }

    /// Sends every courier off.
    pub(crate) fn send(&mut self) {
        for (courier, answers) in &mut self.0 {
            if answers.is_empty() {
                continue;
            }
            let next = Vec::with_capacity(answers.len());
            if let Err(unsent) = courier.send(mem::replace(answers, next)) {
                deliver(unsent.0);
            }
        }
        self.0.retain(|(courier, _)| !courier.is_closed());
    }
}
