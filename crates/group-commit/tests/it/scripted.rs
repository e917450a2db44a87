//! A flusher that does nothing on its own: every attempt is shown to the test, which decides how it
//! ends. So a test holds a writer for as long as it likes, without a clock.

use group_commit::{Config, Flush, FlushError, GroupCommit, SubmitError, Ticket};
use tokio::sync::{mpsc, oneshot};

/// How an attempt ends. `Commit` answers each item with ten times itself.
pub(crate) enum Verdict {
    Commit,
    CommitTooFew,
    Refuse,
    Fail,
    Panic,
}

/// An attempt that waits for its verdict.
pub(crate) struct Attempt {
    pub(crate) writer: usize,
    pub(crate) items: Vec<u32>,
    verdict: oneshot::Sender<Verdict>,
}

/// What a scripted flusher tells the test.
pub(crate) enum Told {
    Attempt(Attempt),
    Recovered,
}

pub(crate) struct Scripted {
    writer: usize,
    tell: mpsc::UnboundedSender<Told>,
}

pub(crate) type Batcher = GroupCommit<Scripted>;

/// The test's end of all writers of one batcher.
pub(crate) struct Script(mpsc::UnboundedReceiver<Told>);

pub(crate) fn start(config: Config, writers: usize) -> (Batcher, Script) {
    let (tell, told) = mpsc::unbounded_channel();
    let flushers = (0..writers).map(|writer| Scripted {
        writer,
        tell: tell.clone(),
    });
    let batcher = GroupCommit::start(config, flushers.collect::<Vec<_>>()).unwrap();
    (batcher, Script(told))
}

impl Flush for Scripted {
    type Item = u32;
    type Output = u32;
    type Error = String;

    async fn flush(&mut self, batch: &[u32]) -> Result<Vec<u32>, FlushError<String>> {
        let (verdict, decided) = oneshot::channel();
        let attempt = Attempt {
            writer: self.writer,
            items: batch.to_vec(),
            verdict,
        };
        self.tell.send(Told::Attempt(attempt)).ok().unwrap();
        match decided.await.unwrap() {
            Verdict::Commit => Ok(batch.iter().map(|item| item * 10).collect()),
            Verdict::CommitTooFew => Ok(vec![0; batch.len() - 1]),
            Verdict::Refuse => Err(FlushError::Refused(format!("refused {batch:?}"))),
            Verdict::Fail => Err(FlushError::Failed(format!("failed {batch:?}"))),
            Verdict::Panic => panic!("told to"),
        }
    }

    fn after_panic(&mut self) {
        self.tell.send(Told::Recovered).ok().unwrap();
    }
}

impl Script {
    /// The next attempt of any writer, which stays open until it is decided.
    pub(crate) async fn attempt(&mut self) -> Attempt {
        match self.0.recv().await.unwrap() {
            Told::Attempt(attempt) => attempt,
            Told::Recovered => panic!("after_panic was called where an attempt was expected"),
        }
    }

    /// Waits until `after_panic` was called.
    pub(crate) async fn recovered(&mut self) {
        assert!(matches!(self.0.recv().await.unwrap(), Told::Recovered));
    }

    /// Lets all others run until they wait, and says whether a writer has started anything.
    /// Meaningful on the single-threaded runtime only, where a yield runs every task that is ready.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        self.0.is_empty()
    }

    /// The items of every attempt until the flushers are gone, each decided by `decide`.
    pub(crate) async fn run(mut self, mut decide: impl FnMut(&[u32]) -> Verdict) -> Vec<Vec<u32>> {
        let mut attempts = Vec::new();
        while let Some(told) = self.0.recv().await {
            if let Told::Attempt(attempt) = told {
                attempts.push(attempt.items.clone());
                let verdict = decide(&attempt.items);
                attempt.end(verdict);
            }
        }
        attempts
    }
}

impl Attempt {
    pub(crate) fn end(self, verdict: Verdict) {
        self.verdict.send(verdict).ok().unwrap();
    }
}

/// Occupies an idle writer with `item`, and returns its attempt and its answer to come.
pub(crate) async fn occupy(
    batcher: &Batcher,
    script: &mut Script,
    item: u32,
) -> (Attempt, Ticket<Scripted>) {
    let ticket = batcher.try_submit(item, 1).unwrap();
    let attempt = script.attempt().await;
    assert_eq!(attempt.items, [item]);
    (attempt, ticket)
}

/// Queues `items` of weight 1 in order.
pub(crate) fn queue(
    batcher: &Batcher,
    items: impl IntoIterator<Item = u32>,
) -> Vec<Ticket<Scripted>> {
    items
        .into_iter()
        .map(|item| batcher.try_submit(item, 1).unwrap())
        .collect()
}

/// The answers of `tickets`, in order.
pub(crate) async fn answers(
    tickets: Vec<Ticket<Scripted>>,
) -> Vec<Result<u32, SubmitError<String>>> {
    let mut answers = Vec::new();
    for ticket in tickets {
        answers.push(ticket.await);
    }
    answers
}
