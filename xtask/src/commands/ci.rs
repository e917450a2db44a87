//! `cargo xtask ci`: all that must hold before a change is merged, cheapest first.

mod alerts;
mod asyncapi;
mod manifests;

use std::process::Command;

use super::{Failure, Outcome, browser, lab, test, upgrade};
use crate::steps::Steps;
use crate::{environment, tidy, tools};

pub(crate) const HELP: &str = "\
Usage: cargo xtask ci

Stops at the first failure and says how to run that step alone. Steps: fmt, tidy, clippy, buf
lint and format, alerts (rules and their histories, by promtool), asyncapi (docs/asyncapi.json, by
AsyncAPI's own parser), manifests (every overlay of k8s), deny (licences, sources, walls; advisories
need the network: `cargo deny check advisories`), doc, those of `cargo xtask test`, `cargo xtask upgrade`
(which needs the history: no shallow clone), `cargo xtask browser` and `cargo xtask lab`. Cargo.lock must be
current: nothing here changes it.";

/// The folder of the protocol buffers, with the settings of `buf`.
const PROTOCOL: &str = "proto";

/// A lock file that drifts is a change nobody reviewed.
const LOCKED: &str = "--locked";

pub(super) fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(Failure::Usage(format!(
            "unknown arguments {}",
            arguments.join(" ")
        )));
    }
    let mut steps = Steps::of("ci");
    let outcome = all(&mut steps);
    steps.finish(outcome)
}

fn all(steps: &mut Steps) -> Outcome {
    steps.run("fmt", cargo("fmt").args(["--all", "--check"]))?;
    steps.take("tidy", || tidy::run(&[]))?;
    steps.take("libraries", tools::require_libraries)?;
    steps.run("clippy", cargo("clippy").args(CLIPPY))?;
    let mut buf = steps.take("buf", || tools::BUF.get())?;
    let program = buf.get_program().to_owned();
    steps.run("buf lint", buf.arg("lint").current_dir(PROTOCOL))?;
    let mut buf = Command::new(program);
    buf.args(["format", "--diff", "--exit-code"]);
    steps.run("buf format", buf.current_dir(PROTOCOL))?;
    alerts::check(steps)?;
    asyncapi::check(steps)?;
    manifests::check(steps)?;
    let mut deny = steps.take("cargo-deny", || tools::DENY.get())?;
    steps.run("deny", deny.args(["check", "bans", "licenses", "sources"]))?;
    let mut doc = cargo("doc");
    doc.args([
        "--workspace",
        "--no-deps",
        "--document-private-items",
        LOCKED,
    ]);
    steps.run("doc", doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    test::all(steps, &[], &[LOCKED])?;
    upgrade::whole(steps, &[LOCKED])?;
    browser::whole(steps, &[LOCKED])?;
    lab::whole(steps, &[LOCKED])
}

const CLIPPY: [&str; 8] = [
    "--workspace",
    "--features",
    "order-service/mutants",
    "--all-targets",
    LOCKED,
    "--",
    "-D",
    "warnings",
];

fn cargo(subcommand: &str) -> Command {
    let mut cargo = environment::cargo();
    cargo.arg(subcommand);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_no_arguments() {
        assert!(matches!(run(&["fast".to_owned()]), Err(Failure::Usage(_))));
    }
}
