//! The embedded store over REST: start, idle memory, orders a second and latencies.

use super::Built;
use crate::commands::{Failure, Outcome};
use crate::disk;
use crate::steps::Steps;

/// The measured numbers of callers: a busy client, and a crowd.
const CALLERS: [&str; 2] = ["32", "256"];
/// How long each of them runs.
const DURATION: &str = "10s";

/// Runs both, or one with the arguments chosen.
pub(super) fn run(steps: &mut Steps, built: &Built, chosen: Option<&[String]>) -> Outcome {
    let runs: Vec<Vec<String>> = if let Some(chosen) = chosen {
        vec![chosen.to_vec()]
    } else {
        let place = |n: &str| ["--callers", n, "--duration", DURATION].map(str::to_owned);
        CALLERS.into_iter().map(|n| place(n).to_vec()).collect()
    };
    for arguments in runs {
        // A service of its own for each run: a full store is another measurement.
        let service = steps.take("start", || built.start("bench"))?;
        println!("ready after {} ms", service.ready_after.as_millis());
        println!(
            "resident when idle: {}",
            resident(service.pid()).unwrap_or_default()
        );
        println!(
            "disk: median flush of a page {} µs",
            flush(service.folder())?
        );
        let mut place = built.order_load("place");
        place
            .args(["--url", &service.url(), "--pid", &service.pid().to_string()])
            .args(&arguments);
        steps.run(&format!("place {}", arguments.join(" ")), &mut place)?;
        steps.take("stop", || service.stop())?;
    }
    Ok(())
}

fn flush(folder: &std::path::Path) -> Result<u128, Failure> {
    Ok(disk::median_flush(folder)?.as_micros())
}

/// The resident memory of a process as the kernel words it.
pub(super) fn resident(pid: u32) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_memory_can_be_read() {
        assert!(resident(std::process::id()).unwrap().ends_with("kB"));
    }
}
