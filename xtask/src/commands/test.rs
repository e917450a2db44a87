//! `cargo xtask test`: every test of the workspace, with what they need brought along.

use std::path::Path;

use super::{Failure, Outcome};
use crate::steps::Steps;
use crate::{environment, tools};

pub(crate) const HELP: &str = "\
Usage: cargo xtask test [-- NEXTEST ARGUMENTS]

Gets what the tests need, runs them all by cargo-nextest, then the examples of the documentation.
Arguments go to `cargo nextest run`; they choose tests, so the documentation's examples are left
to `cargo test --doc --workspace` then. Where CI is set, nextest's profile is `ci`.

  cargo xtask test -- -p order-core
  cargo xtask test -- -E 'test(replay)'";

/// Where Debian keeps the programs of the oldest PostgreSQL that is tested.
const OLDEST_POSTGRES: &str = "/usr/lib/postgresql/15/bin";

pub(super) fn run(arguments: &[String]) -> Outcome {
    let chosen = match arguments.split_first() {
        None => &[],
        Some((dashes, rest)) if dashes == "--" => rest,
        Some((other, _)) => {
            let message = format!("unknown argument {other:?}; nextest's own follow `--`");
            return Err(Failure::Usage(message));
        }
    };
    let mut steps = Steps::of("test");
    let outcome = all(&mut steps, chosen, &[]);
    steps.finish(outcome)
}

/// The tests that need a service which is built with mistakes: none other is.
const MISTAKES: [&str; 6] = [
    "--package",
    "order-service",
    "--features",
    "mutants",
    "--filterset",
    "test(/^strays::/)",
];

/// The steps of `test`; `cargo_options` go to both of cargo's runs.
pub(super) fn all(steps: &mut Steps, chosen: &[String], cargo_options: &[&str]) -> Outcome {
    steps.take("requirements", requirements)?;
    let mut nextest = steps.take("cargo-nextest", || tools::NEXTEST.get())?;
    nextest
        .args(["nextest", "run", "--profile", profile()])
        .args(cargo_options);
    if !chosen.iter().any(|argument| selects_package(argument)) {
        nextest.arg("--workspace");
    }
    steps.run("tests", nextest.args(chosen))?;
    if !chosen.is_empty() {
        println!("the documentation's examples were not run: cargo test --doc --workspace");
        return Ok(());
    }
    let mut nextest = tools::NEXTEST.get()?;
    nextest
        .args(["nextest", "run", "--profile", profile()])
        .args(cargo_options)
        .args(MISTAKES);
    steps.run("tests of mistakes on purpose", &mut nextest)?;
    let mut doc = environment::cargo();
    doc.args(["test", "--quiet", "--doc", "--workspace"])
        .args(cargo_options);
    steps.run("examples in the documentation", &mut doc)
}

/// What the tests find on the machine; asked before anything is built.
pub(super) fn requirements() -> Outcome {
    tools::require_libraries()?;
    for tool in [
        tools::IP,
        tools::NPM,
        tools::SETPRIV,
        tools::MAVEN,
        tools::JAVA,
        tools::REDIS,
        tools::KCAT,
        tools::OPENSSL,
        tools::PROMTOOL,
    ] {
        tool.get()?;
    }
    if environment::find_program("grpcurl").is_none() {
        tools::GO.get()?;
    }
    if !Path::new(OLDEST_POSTGRES).is_dir() {
        println!("PostgreSQL 15 is missing: the oldest version that is supported is tested too");
        tools::install_package("postgresql-15")?;
    }
    tools::require_network_namespaces()
}

fn profile() -> &'static str {
    if environment::is_ci() {
        "ci"
    } else {
        "default"
    }
}

/// `--workspace` would undo a choice of packages.
fn selects_package(argument: &str) -> bool {
    argument.starts_with("-p") || argument == "--package" || argument.starts_with("--package=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_arguments_follow_two_dashes() {
        let result = run(&["-p".to_owned(), "order-core".to_owned()]);
        assert!(matches!(result, Err(Failure::Usage(_))), "{result:?}");
    }

    #[test]
    fn a_chosen_package_replaces_the_workspace() {
        for argument in ["-p", "-porder-core", "--package", "--package=order-core"] {
            assert!(selects_package(argument), "{argument}");
        }
        assert!(!selects_package("-E"));
    }
}
