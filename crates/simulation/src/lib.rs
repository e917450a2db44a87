//! Deterministic simulation: a whole world of replicas, callers, topics, a database and a broker on one
//! thread and in virtual time, in which everything that may go wrong does, by a seed. The use cases, the
//! batchers and the rules of publishing are the real ones; only what is behind the ports is played.
//!
//! What is left to chance is drawn from the seed alone, so a seed that fails fails again:
//! `SIM_SEED=n cargo test -p simulation`. `SIM_SEEDS=n` says how many are tried.
//!
//! Dev-only: nothing that is shipped may depend on it.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "all of this is test code: it panics where a test has to fail"
)]

mod chance;
mod check;
mod plan;
mod sabotage;
mod trace;
mod world;

pub use sabotage::Sabotage;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use world::World;

/// What a world came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which world.
    pub seed: u64,
    /// Of every line of its trace: two runs of one seed have the same.
    pub digest: u64,
    /// Lines of the trace.
    pub lines: u64,
    /// What was injected and what came of it, by name.
    pub counted: Vec<(&'static str, u64)>,
    /// Everything that was wrong, each with its story.
    pub wrong: Vec<String>,
}

/// Runs the world of this seed from beginning to end.
pub fn run(seed: u64, sabotage: Sabotage) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without sockets can be built");
    runtime.block_on(async {
        let world = Arc::new(World::new(seed, sabotage));
        world.run().await;
        check::check(&world).await;
        report(seed, &world)
    })
}

fn report(seed: u64, world: &World) -> Report {
    let (digest, lines) = world.trace.digest();
    let counts = &world.counts;
    let counters = [
        ("crashes", &counts.crashes),
        ("failures", &counts.failures),
        ("lost answers", &counts.lost_answers),
        ("redeliveries", &counts.redeliveries),
        ("take-overs", &counts.takeovers),
        ("orders", &counts.orders),
        ("events", &counts.events),
        ("expired", &counts.expired),
    ];
    let wrong = world.wrongs().clone();
    let tell = |wrong: &world::Wrong| {
        let story = world.trace.story(&wrong.about).join("\n  ");
        format!("{}: {}\n  {story}", wrong.about, wrong.what)
    };
    Report {
        seed,
        digest,
        lines,
        counted: counters
            .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
            .to_vec(),
        wrong: wrong.iter().map(tell).collect(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seed = self.seed;
        writeln!(
            f,
            "seed {seed} (replay: SIM_SEED={seed} cargo test -p simulation)"
        )?;
        for wrong in self.wrong.iter().take(3) {
            writeln!(f, "{wrong}")?;
        }
        write!(f, "{} wrong in all; {:?}", self.wrong.len(), self.counted)
    }
}
