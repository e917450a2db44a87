//! `cargo xtask browser`: the dashboard in a real browser, on a service that only seems to be and on a real one.

use std::process::Command;

use super::{Failure, Outcome};
use crate::environment;
use crate::metadata::Workspace;
use crate::steps::Steps;
use crate::tools::{CHROMIUM, NODE, npm};

pub(crate) const HELP: &str = "\
Usage: cargo xtask browser [--only WORDS]

Builds the service and the example `dashboard` of adapter-management, gets Chromium of the distribution and
two packages of npm, and runs crates/adapter-management/tests/browser: every state of the page, a pod that is
lost and comes back, the keyboard, contrast, a phone's width, and what axe finds. Pictures of the page are left
in the folder `browser` of the target folder.

  --only WORDS    the tests whose name has these words

  cargo xtask browser --only phone";

/// The tests, and what they take of npm.
const TESTS: &str = "crates/adapter-management/tests/browser";

pub(super) fn run(arguments: &[String]) -> Outcome {
    let only = match arguments {
        [] => None,
        [flag, words] if flag == "--only" => Some(words.as_str()),
        _ => {
            let message = format!("unknown arguments {}", arguments.join(" "));
            return Err(Failure::Usage(message));
        }
    };
    let mut steps = Steps::of("browser");
    let outcome = all(&mut steps, only, &[]);
    steps.finish(outcome)
}

/// All of it, as CI runs it.
pub(super) fn whole(steps: &mut Steps, cargo_options: &[&str]) -> Outcome {
    all(steps, None, cargo_options)
}

fn all(steps: &mut Steps, only: Option<&str>, cargo_options: &[&str]) -> Outcome {
    let workspace = Workspace::load()?;
    let tests = workspace.root.join(TESTS);
    let node = steps.take("node", || NODE.get())?;
    let chromium = steps.take("chromium", || CHROMIUM.get())?;
    let packages = steps.take("npm packages", || npm::packages(&tests, "browser"))?;
    let mut build = environment::cargo();
    build
        .args([
            "build",
            "--package",
            "order-service",
            "--bin",
            "order-service",
        ])
        .args(["--package", "adapter-management", "--example", "dashboard"])
        .args(cargo_options);
    steps.run("build", &mut build)?;
    let programs = workspace.target.join("debug");
    let mut node = Command::new(node);
    // One browser at a time: the machine's cores are few, and what takes long is measured.
    node.args(["--test", "--test-concurrency=1"])
        .env("BROWSER_CHROMIUM", chromium)
        .env("BROWSER_PACKAGES", packages)
        .env("BROWSER_SHOTS", workspace.target.join("browser"))
        .env("BROWSER_DASHBOARD", programs.join("examples/dashboard"))
        .env("BROWSER_SERVICE", programs.join("order-service"));
    if let Some(words) = only {
        node.arg(format!("--test-name-pattern={words}"));
    }
    node.arg(tests);
    steps.run("browser", &mut node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_are_not_known_are_told() {
        let result = run(&["phone".to_owned()]);
        assert!(matches!(result, Err(Failure::Usage(_))), "{result:?}");
    }
}
