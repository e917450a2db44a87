//! `cargo xtask bench`: what a release build does on this machine, with the disk's speed beside it.

use std::path::PathBuf;
use std::process::Command;

use super::{Failure, Outcome};
use crate::metadata::Workspace;
use crate::service::Service;
use crate::steps::Steps;
use crate::{disk, environment, steps};

pub(crate) const HELP: &str = "\
Usage: cargo xtask bench [-- ORDER-LOAD ARGUMENTS]

Builds a release, starts the service on the embedded store in an empty folder of the target disk,
prints how fast it was ready, its memory, the disk's flush, then orders a second and latencies
with 32 and with 256 connections. With arguments: one run of `order-load place` with these.

  cargo xtask bench -- --connections 64 --duration 30s --rate 2000";

/// The measured numbers of connections: a busy client, and a crowd.
const CONNECTIONS: [&str; 2] = ["32", "256"];
/// How long each of them runs.
const DURATION: &str = "10s";

pub(super) fn run(arguments: &[String]) -> Outcome {
    let chosen = match arguments.split_first() {
        None => &[],
        Some((dashes, rest)) if dashes == "--" => rest,
        Some((other, _)) => {
            let message = format!("unknown argument {other:?}; order-load's own follow `--`");
            return Err(Failure::Usage(message));
        }
    };
    let mut steps = Steps::of("bench");
    let outcome = all(&mut steps, chosen);
    steps.finish(outcome)
}

fn all(steps: &mut Steps, chosen: &[String]) -> Outcome {
    let built = steps.take("build", Built::release)?;
    let runs: Vec<Vec<String>> = if chosen.is_empty() {
        let place = |n: &str| {
            ["--connections", n, "--duration", DURATION]
                .map(str::to_owned)
                .to_vec()
        };
        CONNECTIONS.into_iter().map(place).collect()
    } else {
        vec![chosen.to_vec()]
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
            disk::median_flush(service.folder())?.as_micros()
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

/// The service and its driver, built for speed.
pub(super) struct Built {
    pub(super) workspace: Workspace,
    service: PathBuf,
    load: PathBuf,
}

impl Built {
    pub(super) fn release() -> Result<Self, Failure> {
        let workspace = Workspace::load()?;
        let mut cargo = Command::new(environment::cargo());
        steps::run(cargo.args([
            "build",
            "--release",
            "-p",
            "order-service",
            "-p",
            "order-load",
        ]))?;
        Ok(Self {
            service: workspace.release_binary("order-service"),
            load: workspace.release_binary("order-load"),
            workspace,
        })
    }

    /// A service with an empty store.
    pub(super) fn start(&self, task: &str) -> Result<Service, Failure> {
        Service::start(&self.workspace, &self.service, task)
    }

    pub(super) fn order_load(&self, subcommand: &str) -> Command {
        let mut load = Command::new(&self.load);
        load.arg(subcommand);
        load
    }
}

/// The resident memory of a process as the kernel words it.
fn resident(pid: u32) -> Option<String> {
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
    fn order_load_arguments_follow_two_dashes() {
        assert!(matches!(
            run(&["--rate".to_owned()]),
            Err(Failure::Usage(_))
        ));
    }

    #[test]
    fn our_own_memory_can_be_read() {
        assert!(resident(std::process::id()).unwrap().ends_with("kB"));
    }
}
