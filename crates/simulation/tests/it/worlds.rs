//! Worlds in which everything that may go wrong does, and nothing may be wrong in the end.

use simulation::{Report, Sabotage, run};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Worlds in an ordinary run; `SIM_SEEDS` says otherwise.
const SEEDS: u64 = 2_000;

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text}: must be a number")),
    )
}

#[test]
fn nothing_is_wrong_in_any_world() {
    let seeds = match setting("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..setting("SIM_SEEDS").unwrap_or(SEEDS),
    };
    let (next, counted) = (AtomicU64::new(seeds.start), Mutex::new(BTreeMap::new()));
    let failed: Mutex<Vec<Report>> = Mutex::default();
    let threads = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || failed.lock().unwrap().len() >= 3 {
                        return;
                    }
                    let report = run(seed, Sabotage::None);
                    for (name, count) in &report.counted {
                        *counted.lock().unwrap().entry(*name).or_insert(0) += *count;
                    }
                    if !report.wrong.is_empty() {
                        failed.lock().unwrap().push(report);
                    }
                }
            });
        }
    });
    println!("{seeds:?}: {:?}", counted.lock().unwrap());
    let failed = failed.into_inner().unwrap();
    if let Some(first) = failed.first() {
        let seeds: Vec<u64> = failed.iter().map(|report| report.seed).collect();
        panic!("{first}\nseeds that failed: {seeds:?}");
    }
    let counted = counted.into_inner().unwrap();
    if seeds.end - seeds.start >= 100 {
        let never: Vec<_> = counted.iter().filter(|(_, count)| **count == 0).collect();
        assert!(never.is_empty(), "never happened: {never:?}");
    }
}

#[test]
fn a_seed_is_one_world() {
    for seed in 0..60 {
        let (first, second) = (run(seed, Sabotage::None), run(seed, Sabotage::None));
        assert_eq!(first, second);
    }
}
