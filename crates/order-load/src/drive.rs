//! Makes calls from many callers and measures: the engine of every subcommand that drives load.
//!
//! The callers live on threads with a runtime of their own, so that nothing moves between cores and
//! the cost of a call is plain to see. One thread is enough for most services on the same machine.

mod caller;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::LoadError;
use crate::line::Line;
use crate::pace::{Pace, Schedule};
use crate::process::{Usage, Watched};
use crate::tally::Tally;
use crate::target::Target;
use caller::Caller;

/// How long answers may take that are on their way when the time is over; longer than any deadline
/// of the service.
const LAST_ANSWERS_TIMEOUT_SECONDS: u64 = 60;

/// Who calls whom, and when.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The service.
    pub target: Target,
    /// Callers, each with one call at a time.
    pub callers: u16,
    /// What they share; REST has one for each caller, whatever is said here.
    pub connections: u16,
    /// Threads that the connections are spread over.
    pub threads: u16,
    /// When calls are made.
    pub schedule: Schedule,
    /// Processes whose cost is told.
    pub watched: Vec<Watched>,
}

/// What is called, over and over.
pub trait Calls: Send + Sync + 'static {
    /// By which protocol.
    type Line: Line;

    /// The call with this number, from 0.
    fn call(&self, number: u64) -> <Self::Line as Line>::Call;

    /// Looks at an answer; what is wrong with it is counted as refused.
    fn check(&self, _number: u64, _answer: &Bytes) -> Result<(), String> {
        Ok(())
    }
}

/// What a run found.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Answers to calls that were begun after the warm-up.
    pub tally: Tally,
    /// From the end of the warm-up to the last answer.
    pub elapsed: Duration,
    /// CPU time of this process in that time.
    pub client_cpu: Duration,
    /// Each watched process at the end of the warm-up and at the end.
    pub used: Vec<(String, Usage, Usage)>,
}

/// Connects, makes calls as the plan says, and counts.
pub async fn drive<C: Calls>(plan: Plan, calls: Arc<C>) -> Result<Measured, LoadError> {
    let mut threads = Vec::new();
    for callers in shares(&plan) {
        threads.push(Thread::start(&plan.target, callers, Arc::clone(&calls))?);
    }
    for thread in &mut threads {
        ended(&mut thread.connected).await??;
    }
    let pace = Arc::new(Pace::starting_now(plan.schedule));
    let mut ends = Vec::new();
    for thread in threads {
        // A thread that is gone is told by its end.
        let _ = thread.start.send(Arc::clone(&pace));
        ends.push(thread.end);
    }
    tokio::time::sleep_until(pace.counted_since().into()).await;
    let (own, before) = (own_cpu()?, usage(&plan)?);
    let mut tally = Tally::default();
    for mut end in ends {
        tally.merge(ended(&mut end).await?);
    }
    let elapsed = pace.counted_since().elapsed();
    let (own, after) = (own_cpu()?.saturating_sub(own), usage(&plan)?);
    let names = plan.watched.into_iter().map(|watched| watched.name);
    let pairs = before.into_iter().zip(after);
    Ok(Measured {
        tally,
        elapsed,
        client_cpu: own,
        used: names
            .zip(pairs)
            .map(|(name, (a, b))| (name, a, b))
            .collect(),
    })
}

/// For each thread the callers of each of its connections.
fn shares(plan: &Plan) -> Vec<Vec<usize>> {
    let callers = usize::from(plan.callers.max(1));
    let connections = usize::from(plan.connections.max(1)).min(callers);
    let threads = usize::from(plan.threads.max(1)).min(connections);
    let mut shares = vec![Vec::new(); threads];
    for connection in 0..connections {
        let more = usize::from(connection < callers % connections);
        shares[connection % threads].push(callers / connections + more);
    }
    shares
}

/// A thread that drives its share of the callers.
struct Thread {
    connected: oneshot::Receiver<Result<(), LoadError>>,
    start: oneshot::Sender<Arc<Pace>>,
    end: oneshot::Receiver<Tally>,
}

impl Thread {
    fn start<C: Calls>(
        target: &Target,
        callers: Vec<usize>,
        calls: Arc<C>,
    ) -> Result<Self, LoadError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(LoadError::Runtime)?;
        let (tell, connected) = oneshot::channel();
        let (start, started) = oneshot::channel();
        let (done, end) = oneshot::channel();
        let target = target.clone();
        let work = async move {
            let lines = open(&target, &callers).await;
            let (lines, result) = match lines {
                Ok(lines) => (lines, Ok(())),
                Err(error) => (Vec::new(), Err(error)),
            };
            // Who does not listen any more has an error of its own.
            let _ = tell.send(result);
            if let Ok(pace) = started.await {
                let _ = done.send(work(lines, pace, calls).await);
            }
        };
        thread::Builder::new()
            .name("caller".to_owned())
            .spawn(move || runtime.block_on(work))
            .map_err(LoadError::Runtime)?;
        Ok(Self {
            connected,
            start,
            end,
        })
    }
}

async fn open<L: Line>(target: &Target, callers: &[usize]) -> Result<Vec<L>, LoadError> {
    let mut lines = Vec::new();
    for callers in callers {
        lines.extend(L::open(target, *callers).await?);
    }
    Ok(lines)
}

/// Everything that one thread does.
async fn work<C: Calls>(lines: Vec<C::Line>, pace: Arc<Pace>, calls: Arc<C>) -> Tally {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let mut callers = JoinSet::new();
    for line in lines {
        let caller = Caller {
            pace: Arc::clone(&pace),
            calls: Arc::clone(&calls),
            tally: Arc::clone(&tally),
        };
        callers.spawn(caller.work(line));
    }
    // One timer for all instead of one for each call.
    let patience = Duration::from_secs(LAST_ANSWERS_TIMEOUT_SECONDS);
    let all = async { while callers.join_next().await.is_some() {} };
    let in_time = tokio::time::timeout_at((pace.end() + patience).into(), all).await;
    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if in_time.is_err() {
        let error = LoadError::Timeout {
            seconds: LAST_ANSWERS_TIMEOUT_SECONDS,
        };
        tally.breaks(&error.to_string(), callers.len() as u64);
    }
    tally
}

async fn ended<T>(receiver: &mut oneshot::Receiver<T>) -> Result<T, LoadError> {
    receiver.await.map_err(|_| LoadError::Thread)
}

fn own_cpu() -> Result<Duration, LoadError> {
    Ok(Usage::of(std::process::id())?.cpu)
}

fn usage(plan: &Plan) -> Result<Vec<Usage>, LoadError> {
    plan.watched.iter().map(Watched::usage).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(callers: u16, connections: u16, threads: u16) -> Vec<Vec<usize>> {
        shares(&Plan {
            target: "http://127.0.0.1:1".parse().unwrap(),
            callers,
            connections,
            threads,
            schedule: Schedule {
                warm_up: Duration::ZERO,
                duration: Duration::ZERO,
                rate_per_second: None,
                limit: None,
            },
            watched: Vec::new(),
        })
    }

    #[test]
    fn callers_are_spread_evenly_and_none_is_lost() {
        assert_eq!(shared(64, 3, 2), [vec![22, 21], vec![21]]);
        assert_eq!(shared(256, 8, 1), [vec![32; 8]]);
        assert_eq!(shared(4, 4, 4), vec![vec![1]; 4]);
    }

    #[test]
    fn nothing_is_idle() {
        assert_eq!(shared(1, 8, 4), [vec![1]]);
        assert_eq!(shared(9, 2, 4), [vec![5], vec![4]]);
    }
}
