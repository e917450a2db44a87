//! `cargo xtask schemathesis`: requests made from the service's own OpenAPI, good and bad, with all
//! of schemathesis' checks on the answers. What is judged how stands in `xtask/schemathesis.toml`.

use std::path::Path;
use std::process::Command;

use super::bench::Built;
use super::{Failure, Outcome};
use crate::python;
use crate::steps::Steps;

pub(crate) const HELP: &str = "\
Usage: cargo xtask schemathesis [-- SCHEMATHESIS ARGUMENTS]

Starts a release build on an empty store and runs `schemathesis run` against its /openapi.json;
fails when it reports a failure. xtask/schemathesis.toml configures it; refusals that no schema can
tell the reason of are excused by name in xtask/scripts/schemathesis_checks.py. Arguments are appended
to those of the task.

  cargo xtask schemathesis -- --include-path /v1/orders --max-examples 500";

/// The version that this project was tried with.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";
/// Which checks there are, and which warnings fail the run.
const CONFIGURATION: &str = "xtask/schemathesis.toml";
/// Checks of our own; the configuration takes their path from this variable, and fails without it.
const CHECKS: (&str, &str) = (
    "SCHEMATHESIS_CHECKS",
    "xtask/scripts/schemathesis_checks.py",
);
/// Generated requests for each operation and phase.
const MAX_EXAMPLES: &str = "50";
/// The whole run ends after this time; fuzzing goes on with new requests until then.
const MAX_TIME_SECONDS: &str = "180";
/// An answer later than this is a failure.
const REQUEST_TIMEOUT_SECONDS: &str = "10";
/// An endless stream has no answer to judge; its own tests read it.
const ENDLESS_PATH: &str = "/v1/orders:watch";

pub(super) fn run(arguments: &[String]) -> Outcome {
    let chosen = match arguments.split_first() {
        None => &[],
        Some((dashes, rest)) if dashes == "--" => rest,
        Some((other, _)) => {
            let message = format!("unknown argument {other:?}; schemathesis' own follow `--`");
            return Err(Failure::Usage(message));
        }
    };
    let mut steps = Steps::of("schemathesis");
    let outcome = all(&mut steps, chosen);
    steps.finish(outcome)
}

fn all(steps: &mut Steps, chosen: &[String]) -> Outcome {
    let programs = steps.take("schemathesis", || python::environment_with(SCHEMATHESIS))?;
    let built = steps.take("build", Built::release)?;
    let service = steps.take("start", || built.start("schemathesis"))?;
    println!("{ENDLESS_PATH} is left out: it never ends; the tests of adapter-http read it");
    let mut schemathesis = Command::new(programs.join("schemathesis"));
    // Its own files go where the service's go, not into the repository.
    schemathesis.current_dir(service.folder());
    schemathesis.env(CHECKS.0, built.workspace.root.join(CHECKS.1));
    // The checks lie in the repository, which is no place for compiled files.
    schemathesis.env("PYTHONDONTWRITEBYTECODE", "1");
    schemathesis
        .args(options(&built.workspace.root, &service.url()))
        .args(chosen);
    steps.run("run", &mut schemathesis)?;
    steps.take("stop", || service.stop())
}

fn options(root: &Path, url: &str) -> Vec<String> {
    let configuration = root.join(CONFIGURATION).display().to_string();
    let schema = format!("{url}/openapi.json");
    [
        "--config-file",
        &configuration,
        "run",
        &schema,
        "--exclude-path",
        ENDLESS_PATH,
        "--max-examples",
        MAX_EXAMPLES,
        "--max-time",
        MAX_TIME_SECONDS,
        "--request-timeout",
        REQUEST_TIMEOUT_SECONDS,
        "--continue-on-failure",
        "--generation-database",
        "none",
        "--no-color",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_bounded() {
        let line = options(Path::new("/repository"), "http://127.0.0.1:1").join(" ");
        for part in ["--max-examples ", "--max-time ", "--request-timeout "] {
            assert!(line.contains(part), "{line}");
        }
        assert!(line.contains("http://127.0.0.1:1/openapi.json"), "{line}");
    }

    /// A check that is switched off in the configuration is one that our own checks call.
    #[test]
    fn every_check_is_made() {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = |name: &str| std::fs::read_to_string(xtask.join("..").join(name)).unwrap();
        let (configuration, checks) = (text(CONFIGURATION), text(CHECKS.1));
        assert!(configuration.contains(&format!("hooks = \"${{{}}}\"", CHECKS.0)));
        assert!(configuration.contains("[checks]\nenabled = true\n"));
        let off = configuration
            .lines()
            .filter_map(|line| line.strip_suffix(".enabled = false"));
        let off: Vec<&str> = off.collect();
        assert_eq!(configuration.matches("= false").count(), off.len());
        for check in off {
            let call = format!("{check}(ctx, response, case)");
            assert!(checks.contains(&call), "{CONFIGURATION} leaves out {check}");
        }
    }

    #[test]
    fn schemathesis_arguments_follow_two_dashes() {
        assert!(matches!(
            run(&["--workers".to_owned()]),
            Err(Failure::Usage(_))
        ));
    }
}
