//! The step `asyncapi`: `AsyncAPI`'s own parser finds nothing wrong with `docs/asyncapi.json`, which a test of
//! adapter-kafka holds equal to what `order-service asyncapi` prints.

use std::process::Command;

use super::Outcome;
use crate::metadata::Workspace;
use crate::steps::Steps;
use crate::tools::{NODE, npm};

/// The check, and what it takes of npm.
const CHECK: &str = "crates/adapter-kafka/tests/asyncapi";
const DOCUMENT: &str = "docs/asyncapi.json";

pub(super) fn check(steps: &mut Steps) -> Outcome {
    let root = Workspace::load()?.root;
    let folder = root.join(CHECK);
    let node = NODE.get()?;
    let packages = steps.take("asyncapi's parser", || npm::packages(&folder, "asyncapi"))?;
    let mut check = Command::new(node);
    check.arg(folder.join("check.mjs"));
    check.arg(packages).arg(root.join(DOCUMENT));
    steps.run("asyncapi", &mut check)
}
