//! Clients that ask again and again, each in a namespace of its own, and remember when they were answered.

use crate::namespace::Namespace;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use ureq::Agent;

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(20);
/// An answer that takes longer is none.
const TIMEOUT: Duration = Duration::from_secs(1);
/// How long a condition may take on the slowest machine, and with a kernel that believes in a neighbour
/// that is gone.
const PATIENCE: Duration = Duration::from_secs(90);

/// A client at work.
#[derive(Debug)]
pub(crate) struct Observer {
    name: &'static str,
    seen: Arc<Seen>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Seen {
    stop: AtomicBool,
    /// When a question was answered as wished, and what by.
    answers: Mutex<Vec<(Instant, String)>>,
    last_failure: Mutex<String>,
}

/// What is asked: answers as wished, or why not.
pub(crate) type Question = Box<dyn FnMut(&Agent) -> Result<String, String> + Send>;

impl Observer {
    /// Begins to ask from that namespace; has been answered when this returns.
    pub(crate) fn start(name: &'static str, place: &Namespace, question: Question) -> Observer {
        let seen = Arc::new(Seen::default());
        let asked = Arc::clone(&seen);
        // Started inside, so that its sockets are there.
        let thread = place.inside(|| std::thread::spawn(move || ask(&asked, question)));
        let observer = Observer {
            name,
            seen,
            thread: Some(thread),
        };
        observer.until_answered(Instant::now());
        observer
    }

    /// Its name in tables.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Waits for an answer to a question of after `then`; answers how long after `then` it came.
    pub(crate) fn until_answered(&self, then: Instant) -> Duration {
        loop {
            if let Some(after) = self.answered_after(then) {
                return after;
            }
            assert!(
                then.elapsed() < PATIENCE,
                "{}: no answer within {PATIENCE:?}; the last failure: {}",
                self.name,
                self.seen
                    .last_failure
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
            );
            std::thread::sleep(PAUSE);
        }
    }

    fn answered_after(&self, then: Instant) -> Option<Duration> {
        let answers = self.seen.answers();
        let first = answers.iter().find(|(at, _)| *at > then)?;
        Some(first.0 - then)
    }

    /// The longest time between two answers from `begin` to `end`.
    pub(crate) fn longest_gap(&self, begin: Instant, end: Instant) -> Duration {
        let answers = self.seen.answers();
        let within = answers.iter().map(|(at, _)| *at);
        let mut last = begin;
        let mut longest = Duration::ZERO;
        for at in within.filter(|at| (begin..end).contains(at)).chain([end]) {
            longest = longest.max(at - last);
            last = at;
        }
        longest
    }

    /// Whether it was answered between `begin` and `end`.
    pub(crate) fn was_answered(&self, begin: Instant, end: Instant) -> bool {
        let answers = self.seen.answers();
        answers.iter().any(|(at, _)| (begin..end).contains(at))
    }

    /// Stops; all answers.
    pub(crate) fn stop(mut self) -> Vec<String> {
        self.join();
        let answers = std::mem::take(&mut *self.seen.answers());
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    fn join(&mut self) {
        self.seen.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

impl Seen {
    fn answers(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, String)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.join();
    }
}

fn ask(seen: &Seen, mut question: Question) {
    let agent = agent();
    while !seen.stop.load(Ordering::Relaxed) {
        match question(&agent) {
            Ok(answer) => seen.answers().push((Instant::now(), answer)),
            Err(reason) => {
                *seen
                    .last_failure
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = reason;
            }
        }
        std::thread::sleep(PAUSE);
    }
}

/// A client of HTTP whose answers come soon or not at all.
pub(crate) fn agent() -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .http_status_as_error(false)
        .build();
    config.into()
}

/// Reads a page; anything but 200 is a failure.
pub(crate) fn get(url: String) -> Question {
    Box::new(move |agent| page(agent, &url))
}

/// The page at `url`.
pub(crate) fn page(agent: &Agent, url: &str) -> Result<String, String> {
    let answer = agent.get(url).call();
    let mut answer = answer.map_err(|error| error.to_string())?;
    let text = answer
        .body_mut()
        .read_to_string()
        .map_err(|error| error.to_string())?;
    match answer.status().as_u16() {
        200 => Ok(text),
        status => Err(format!("{status}: {text}")),
    }
}

/// Places an order each time; answers its id. `who` is no other client's.
pub(crate) fn place(url: String, who: String) -> Question {
    let mut number = 0_u64;
    Box::new(move |agent| {
        number += 1;
        let order = r#"{"customer_id":"lab","currency":"EUR","lines":[{"sku":"mug","quantity":1,"unit_price":500}]}"#;
        let answer = agent
            .post(&url)
            .header("content-type", "application/json")
            .header("idempotency-key", format!("lab-{who}-{number}"))
            .send(order);
        let mut answer = answer.map_err(|error| error.to_string())?;
        let text = answer
            .body_mut()
            .read_to_string()
            .map_err(|error| error.to_string())?;
        if answer.status() != 201 {
            return Err(format!("{}: {text}", answer.status()));
        }
        let order: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| error.to_string())?;
        order["order_id"].as_str().map(str::to_owned).ok_or(text)
    })
}
