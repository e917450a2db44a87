//! The step `manifests`: every overlay, rendered, is what Kubernetes knows and what the service needs, and each of
//! those checks is proven by a break that it must tell.

use std::process::Command;

use super::Outcome;
use crate::environment;
use crate::python::environment_with;
use crate::steps::Steps;
use crate::tools::KUSTOMIZE;

/// Kubernetes' schemas from 1.12 to 1.37, and what holds documents against them; brings `PyYAML`.
const SCHEMAS: &str = "kubernetes-validate==1.37.0";
const CHECK: &str = "k8s/check.py";

pub(super) fn check(steps: &mut Steps) -> Outcome {
    let python = steps.take("kubernetes-validate", || environment_with(SCHEMAS))?;
    let kustomize = steps.take("kustomize", || KUSTOMIZE.folder())?;
    let command = |arguments: &[&str]| {
        let mut command = Command::new(python.join("python"));
        command.arg(CHECK).args(arguments);
        command.env("PATH", environment::path_with(&kustomize));
        command
    };
    steps.run("manifests", &mut command(&[]))?;
    steps.run("manifests, broken on purpose", &mut command(&["--prove"]))
}
